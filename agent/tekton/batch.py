"""A batch: the alerts that one PipelineRun has as a parameter, without those that other runs have taken.

A parameter of a PipelineRun may be as large as the object (about a megabyte), while a variable or an
argument of a process ends at 128 KiB: a batch therefore reads its alerts from the PipelineRun itself.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.intake.alert import Alert, AlertError, decode_base64, left_out, parse_alerts
from agent.settings import Settings
from agent.tekton.results import write_nothing
from agent.tekton.runs import Runs, episodes, failed, is_batch, place_in_order

PARAMETER = "alerts"
NOTHING_LEFT = "Every alert in this batch is handled by another run."


@dataclass(frozen=True)
class Batch:
    """What is left for this run."""

    payload: bytes
    """A webhook payload with the alerts to work; empty when none is left."""
    notes: tuple[str, ...]
    """What was left out, for people."""


def read_batch(settings: Settings, say: Callable[[str], None]) -> bytes:
    """The payload left for the PipelineRun `settings.batch`; empty, and said so, when other runs took it all.

    Raises errors meant for people.
    """
    runs = Runs.here()
    batch = remaining(runs.get(settings.batch), runs.traces())
    for note in batch.notes:
        say(f"note: {note}")
    if not batch.payload:
        print(f"Nothing is left to investigate. {NOTHING_LEFT}")
        if settings.tekton_results:
            write_nothing(Path(settings.tekton_results), "not-actionable", NOTHING_LEFT)
    return batch.payload


def remaining(own: dict[str, Any], runs: Iterable[dict[str, Any]]) -> Batch:
    """The alerts of `own` that no single run and no earlier batch has taken; a failed run took none."""
    document = _document(own)
    taken: dict[str, str] = {}
    for run in runs:
        if failed(run) or (is_batch(run) and place_in_order(run) >= place_in_order(own)):
            continue
        for episode in episodes(run):
            taken.setdefault(episode, run["metadata"]["name"])
    left: list[Any] = []
    elsewhere: Counter[str] = Counter()
    for alert in document["alerts"]:
        if by := taken.get(episode_of(alert)):
            elsewhere[by] += 1
        else:
            left.append(alert)
    notes = [f"{count} of the alerts are handled by the run {by}" for by, count in elsewhere.items()]
    if dropped := left_out(document):
        notes.append(f"Alertmanager left out {dropped} more alerts; raise max_alerts in its webhook_config")
    payload = json.dumps(document | {"alerts": left, "truncatedAlerts": 0}).encode() if left else b""
    return Batch(payload, tuple(notes))


def _document(run: dict[str, Any]) -> dict[str, Any]:
    name = run["metadata"]["name"]
    values = [p.get("value") for p in run["spec"].get("params") or [] if p.get("name") == PARAMETER]
    if not values or not isinstance(values[0], str):
        raise AlertError(
            f"the PipelineRun {name} has no parameter {PARAMETER}; expected base64 of a webhook payload"
        )
    data = decode_base64(values[0])
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("alerts"), list):
        raise AlertError(
            f"the parameter {PARAMETER} of {name} is not a webhook payload; expected JSON with a list of alerts"
        )
    return document


def episode_of(alert: Any) -> str:
    """The name the alert's own run has or would have, as tekton/triggers/listener.py writes it, or nothing."""
    try:
        parsed = parse_alerts(json.dumps({"alerts": [alert], "version": "4"}).encode()).alerts[0]
    except AlertError:
        return ""
    given = alert.get("fingerprint") if isinstance(alert, dict) else None
    if parsed.fingerprint != given:
        return ""  # a sender without fingerprints: its alerts cannot be distinguished by name
    return episode_name(parsed)


def episode_name(alert: Alert) -> str:
    """The name of the run of an alert: fingerprint and start, 0 where that is no time from 1970 to 2999."""
    at = alert.starts_at
    return f"incident-{alert.fingerprint}-{int(at.timestamp()) if at and 1970 <= at.year < 3000 else 0}"
