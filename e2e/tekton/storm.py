"""Storms: many alerts through a real Alertmanager while parts of Tekton are killed, and what the sweep makes good."""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from e2e.support.monitoring import Alertmanager
from e2e.support.waiting import wait_for
from e2e.tekton.installation import BATCH, Installation, episodes, results, state
from e2e.tekton.payload import run_name

INSIDE = "http://alertmanager.monitoring.svc:9093"
RECEIVER = "storm"
CAP = 10
"""Pods of runs at once: tekton/sweep/cap.yaml."""
SINGLES = "incident-agent/fingerprint"
PLACES = "incident-agent/worked-by"
CONFIGURATION = """
route:
  receiver: nobody
  group_by: {group_by}
  group_wait: 1s
  group_interval: 5s
  repeat_interval: 4h
  routes:
  - {{receiver: storm, matchers: ['storm =~ ".+"']}}
receivers:
- name: nobody
- name: storm
  webhook_configs:
  - url: http://el-incident-alerts.{namespace}.svc:8080
    http_config: {{authorization: {{type: Bearer, credentials: {token}}}}}
"""


def configure(sender: Alertmanager, installation: Installation, group_by: str = "['...']") -> None:
    """Let Alertmanager post the alerts of storms to this installation."""
    token = installation.token.removeprefix("Bearer ")
    space = installation.space.name
    sender.configure(CONFIGURATION.format(namespace=space, token=token, group_by=group_by))


def alerts(count: int, words: str = "A pod is crash looping.") -> list[dict[str, Any]]:
    """Alerts of one storm as Prometheus sends them, each about an owner of its own."""
    storm, now = secrets.token_hex(4), datetime.now(UTC)
    return [
        {
            "labels": {
                "alertname": "KubePodCrashLooping", "storm": storm, "namespace": "nowhere",
                "pod": f"absent-{number}-{storm}", "severity": "critical" if number % 10 == 0 else "warning",
            },
            "annotations": {"summary": words[:80], "description": words},
            "startsAt": (now - timedelta(seconds=2 * count - number)).isoformat(),
            "endsAt": (now + timedelta(hours=2)).isoformat(),
        }
        for number in range(count)
    ]  # fmt: skip


def send(sender: Alertmanager, sent: list[dict[str, Any]]) -> set[str]:
    """Give Alertmanager the alerts; the names that their runs have."""
    sender.send(sent)
    (storm,) = {each["labels"]["storm"] for each in sent}

    def known() -> set[str]:
        found = {run_name(each) for each in sender.alerts() if each["labels"].get("storm") == storm}
        return found if len(found) == len(sent) else set()

    return wait_for(known, 60, "alerts to be known")


def kill_listener(installation: Installation) -> None:
    """Kill the listener's pods without a word."""
    selector = "eventlistener=incident-alerts"
    installation.space.kubectl("delete", "pods", "-l", selector, "--grace-period=0", "--force")


def begin_sweep(installation: Installation, *more: str) -> str:
    """Start one sweep with the CronJob's own pod and account; the name of its Job."""
    spec = installation.space.get("cronjob", "incident-sweep")["spec"]["jobTemplate"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    args = [each for each in container["args"] if not each.startswith("--alertmanager=")]
    container["args"] = [*args, f"--alertmanager={INSIDE}", f"--receiver={RECEIVER}", "--json", *more]
    name = f"sweep-{secrets.token_hex(3)}"
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}
    installation.space.kubectl("create", "-f", "-", input=json.dumps(job))
    return name


def sweep(installation: Installation, *more: str) -> dict[str, Any]:
    """Sweep once; the figures it prints."""
    name = begin_sweep(installation, *more)
    wait_for(lambda: _over(installation, name), 300, f"the end of {name}", every=1)
    return json.loads(installation.space.kubectl("logs", f"job/{name}", "--tail=-1").splitlines()[-1])


def _over(installation: Installation, job: str) -> bool:
    status = installation.space.get("job", job).get("status", {})
    return any(each["status"] == "True" for each in status.get("conditions", []))


def settled(installation: Installation, within: float = 900) -> None:
    """Wait until every run has ended."""

    def condition() -> bool:
        open_ = [name for name, run in installation.runs().items() if state(run)["status"] == "Unknown"]
        assert not open_, f"{len(open_)} runs have not ended"
        return True

    wait_for(condition, within, "the end of all runs", every=2)


def verdicts(installation: Installation, wanted: set[str]) -> Counter[str]:
    """How many verdicts each alert has, by the name of the run it has or would have alone.

    A run has one when its results hold it, whatever became of what comes after the investigation.
    """
    counted: Counter[str] = Counter()
    for name, run in installation.runs(SINGLES).items():
        episode = "-".join(name.split("-")[:3])
        if episode in wanted and "outcome" in results(run):
            counted[episode] += 1
    for name, run in installation.runs(BATCH).items():
        if wanted & set(episodes(run)) and "outcome" in results(run):
            counted += installation.worked(name)
    return Counter({name: count for name, count in counted.items() if name in wanted})


class Most:
    """The most pods that investigated at once, as far as they were seen."""

    def __init__(self) -> None:
        self.pods = 0
        self.looks = 0


@contextmanager
def watching(installation: Installation) -> Iterator[Most]:
    """Count the pods that investigate, again and again, until the block ends."""
    most, over = Most(), threading.Event()
    running = "--field-selector=status.phase!=Succeeded,status.phase!=Failed"

    def look() -> None:
        while not over.is_set():
            selector = "tekton.dev/pipelineTask=investigate"
            found = installation.space.kubectl("get", "pods", "-l", selector, running, "-o", "name").split()
            most.pods, most.looks = max(most.pods, len(found)), most.looks + 1
            over.wait(0.5)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join(30)


def make_good(installation: Installation, wanted: set[str], sweeps: int = 3) -> list[dict[str, Any]]:
    """Sweep until every alert has a verdict, at most so often, each time after all runs have ended; what was said."""
    said = []
    for _ in range(sweeps):
        began = time.monotonic()
        said.append(sweep(installation))
        said[-1]["seconds"] = round(time.monotonic() - began, 1)
        settled(installation)
        if set(verdicts(installation, wanted)) == wanted:
            break
    return said
