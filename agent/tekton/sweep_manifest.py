"""The PipelineRuns that a sweep creates: those of tekton/triggers/templates.yaml, which a test holds them to."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Any

from agent.tekton.runs import BATCH, EPISODES, PART_OF, PLACE
from agent.tekton.sweep_firing import Firing
from agent.tekton.telling import ATTEMPT

_TOLD = "incident-agent/told"  # of a run that ended without an outcome and of which nothing is to be told any more
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


def single(alert: Firing, attempt: int) -> dict[str, Any]:
    """The run of one alert: the first has the name that the listener gives, a later one its number behind it."""
    name = alert.episode if attempt == 1 else f"{alert.episode}-{attempt}"
    labels = {
        "incident-agent/fingerprint": alert.episode.split("-")[1],
        "incident-agent/alertname": alert.name if _LABEL.fullmatch(alert.name) else "",
    }
    return _run(name, labels | _attempt(attempt), {}, {"alert": _encoded(alert.posted)})


def batch_name(alerts: Sequence[Firing], attempts: Sequence[int]) -> str:
    """The name of a batch: the same for the same alerts at the same attempts."""
    told = " ".join(sorted(f"{a.episode}:{attempt}" for a, attempt in zip(alerts, attempts, strict=True)))
    return f"incident-batch-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def batch(name: str, alerts: Sequence[Firing], attempt: int) -> dict[str, Any]:
    """One run for several alerts, which it carries itself; the attempt is the highest of theirs."""
    payload = b'{"version": "4", "alerts": [' + b", ".join(alert.posted for alert in alerts) + b"]}"
    episodes = " ".join(alert.episode for alert in alerts)
    params = {"batch": name, "alerts": _encoded(payload), "deadline": "540"}
    return _run(name, {BATCH: "true"} | _attempt(attempt), {EPISODES: episodes}, params)


def place(alert: Firing, batch: str) -> dict[str, Any]:
    """A run that never runs: it keeps the alert's name, so that the listener does not start what a batch works."""
    return _never(alert.episode, batch)


def notice_sent(alert: Firing) -> dict[str, Any]:
    """A run that never runs: it notes that people were told that this alert is given up."""
    return _never(notice_name(alert), "nobody")


def notice_name(alert: Firing) -> str:
    """The name of the note that people were told."""
    return f"{alert.episode}-given-up"


def _never(name: str, worked_by: str) -> dict[str, Any]:
    """A run that Tekton ends as soon as it sees it: no pod, no TaskRun; it is pruned like any other."""
    run = _run(name, {PLACE: worked_by}, {_TOLD: f"worked by {worked_by}"}, {})
    run["spec"]["status"] = "Cancelled"
    return run


def _attempt(number: int) -> dict[str, str]:
    return {ATTEMPT: str(number)} if number > 1 else {}


def _run(
    name: str, labels: dict[str, str], annotations: dict[str, str], params: dict[str, str]
) -> dict[str, Any]:
    part_of, _, value = PART_OF.partition("=")
    metadata: dict[str, Any] = {"name": name, "labels": {part_of: value} | labels}
    pod = {"runAsNonRoot": True, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": metadata | ({"annotations": annotations} if annotations else {}),
        "spec": {
            "pipelineRef": {"name": "incident-response"},
            "params": [{"name": key, "value": value} for key, value in params.items()],
            "workspaces": [{"name": "causes", "configMap": {"name": "incident-causes", "optional": True}}],
            "timeouts": {"pipeline": "3h", "tasks": "2h30m", "finally": "30m"},
            "taskRunTemplate": {
                "serviceAccountName": "incident-agent",
                "podTemplate": {"enableServiceLinks": False, "securityContext": pod},
            },
        },
    }


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
