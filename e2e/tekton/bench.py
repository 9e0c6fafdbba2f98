"""What an alert costs on Tekton, beside a TaskRun that does nothing, through the same listener in one session.

`python -m e2e.tekton.bench` needs the cluster to be running (`make cluster`). Times are seconds on this machine's
clock, from the answer to the post until the API server says that the TaskRun has succeeded.
"""

import argparse
import json
import secrets
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

from e2e.cluster import addons, environment
from e2e.support.waiting import wait_for
from e2e.tekton.conftest import FLAG, set_flag
from e2e.tekton.installation import Installation, installed
from e2e.tekton.payload import alert, notification, run_name

LONGEST = 1800
NOOP = """
apiVersion: triggers.tekton.dev/v1beta1
kind: TriggerTemplate
metadata: {name: noop}
spec:
  params: [{name: name}]
  resourcetemplates:
  - apiVersion: tekton.dev/v1
    kind: TaskRun
    metadata: {name: $(tt.params.name)}
    spec:
      serviceAccountName: incident-agent
      taskSpec:
        steps:
        - name: nothing
          image: IMAGE
          command: ["true"]
          securityContext:
            {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: true, runAsUser: 65532,
             seccompProfile: {type: RuntimeDefault}}
---
apiVersion: triggers.tekton.dev/v1beta1
kind: Trigger
metadata: {name: noop, labels: {incident-agent/listener: alerts-others}}
spec:
  interceptors:
  - ref: {name: cel, kind: ClusterInterceptor}
    params: [{name: filter, value: has(body.noop)}]
  bindings: [{name: name, value: $(body.noop)}]
  template: {ref: noop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: noop}
rules: [{apiGroups: [tekton.dev], resources: [taskruns], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: noop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: noop}
subjects: [{kind: ServiceAccount, name: incident-listener}]
"""


class Watch:
    """When each TaskRun of a namespace was first seen to have ended, by name."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.ended: dict[str, float] = {}
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            name, _, status = line.strip().partition(" ")
            if status in ("True", "False"):
                self.ended.setdefault(name, time.monotonic())

    def until(self, *names: str) -> float:
        """The time at which the last of these TaskRuns had ended."""

        def condition() -> bool:
            missing = set(names) - set(self.ended)
            assert not missing, f"{len(missing)} of {len(names)} have not ended"
            return True

        wait_for(condition, LONGEST, "TaskRuns to end", every=0.02)
        return max(self.ended[name] for name in names)


@contextmanager
def watching(installation: Installation) -> Iterator[Watch]:
    """A watch on the TaskRuns of the installation."""
    cluster = installation.cluster
    shown = 'jsonpath={.metadata.name} {.status.conditions[0].status}{"\\n"}'
    command = [
        str(cluster.tools.kubectl),
        "--kubeconfig",
        str(cluster.kubeconfig),
        "-n",
        installation.space.name,
    ]
    command += ["get", "taskruns.tekton.dev", "--watch", "-o", shown]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Watch(process)
        finally:
            process.terminate()


def noops(installation: Installation, count: int) -> list[str]:
    """Post for `count` TaskRuns that do nothing; their names."""
    names = [f"noop-{secrets.token_hex(6)}" for _ in range(count)]
    for name in names:
        installation.post({"alerts": [], "noop": name}, token="none")  # nothing else comes of it
    return names


def alerts(installation: Installation, count: int) -> list[str]:
    """Post `count` alerts, each in a notification of its own; the names of their TaskRuns."""
    sent = [alert() for _ in range(count)]
    for each in sent:
        installation.post(notification(each))
    return [f"{run_name(each)}-investigate" for each in sent]


def latencies(installation: Installation, watch: Watch, runs: int) -> dict[str, list[float]]:
    """Seconds from an accepted post to the end of its TaskRun, one at a time, in turns."""
    times: dict[str, list[float]] = {"no-op": [], "verdict": []}
    for _ in range(runs):
        for what, start in (("no-op", noops), ("verdict", alerts)):
            (name,) = start(installation, 1)
            began = time.monotonic()
            times[what].append(watch.until(name) - began)
    return times


def storm(installation: Installation, watch: Watch, count: int) -> dict[str, float]:
    """TaskRuns a minute when `count` come at once."""
    rates = {}
    for what, start in (("no-op", noops), ("verdict", alerts)):
        began = time.monotonic()
        names = start(installation, count)
        rates[what] = 60 * count / (watch.until(*names) - began)
    return rates


def phases(installation: Installation) -> dict[str, float]:
    """Where the time of an investigation goes, in seconds, as mean over its pods (Kubernetes counts whole seconds)."""
    spent: dict[str, list[float]] = {"pod scheduled": [], "Tekton's init container": [], "container started": [],
                                     "investigation": []}  # fmt: skip
    for pod in installation.space.objects("pods", "tekton.dev/pipelineTask=investigate"):
        status = pod["status"]
        scheduled = next(c["lastTransitionTime"] for c in status["conditions"] if c["type"] == "PodScheduled")
        prepared = status["initContainerStatuses"][-1]["state"]["terminated"]["finishedAt"]
        ran = status["containerStatuses"][0]["state"]["terminated"]
        marks = [
            pod["metadata"]["creationTimestamp"],
            scheduled,
            prepared,
            ran["startedAt"],
            ran["finishedAt"],
        ]
        times = [datetime.fromisoformat(mark).timestamp() for mark in marks]
        for phase, (begin, end) in zip(spent, pairwise(times), strict=True):
            spent[phase].append(end - begin)
    return {phase: statistics.mean(seconds) for phase, seconds in spent.items() if seconds}


def measure(runs: int, count: int) -> dict[str, Any]:
    """All of it, on the running cluster."""
    here = environment.locate()
    addons.install_tekton(here.cluster, here.source)
    image = environment.deliver_agent(here)
    before = here.cluster.kubectl("get", "configmap", "feature-flags", "-n", "tekton-pipelines", "-o", FLAG)
    set_flag(here.cluster, "tekton-pipelines", "true")
    try:
        with installed(here.cluster, f"tekton-bench-{secrets.token_hex(3)}", image) as installation:
            installation.space.apply(NOOP.replace("IMAGE", image))
            with watching(installation) as watch:
                latencies(installation, watch, 1)  # warm caches of node and controllers
                times = latencies(installation, watch, runs)
                return {
                    "times": times,
                    "phases": phases(installation),
                    "storm": storm(installation, watch, count),
                }
    finally:
        set_flag(here.cluster, "tekton-pipelines", before)


def report(measured: dict[str, Any], count: int) -> str:
    """The figures for people."""
    noop, verdict = (statistics.median(measured["times"][what]) for what in ("no-op", "verdict"))
    rates = measured["storm"]
    lines = [
        "alert on Tekton, from the accepted post to the end of the TaskRun",
        f"  no-op TaskRun     {noop:6.2f} s (median of {len(measured['times']['no-op'])})",
        f"  verdict           {verdict:6.2f} s, {verdict / noop:.2f} times the no-op",
        *(f"    {phase:<24}{seconds:5.1f} s" for phase, seconds in measured["phases"].items()),
        f"storm of {count}",
        f"  no-op TaskRuns    {rates['no-op']:6.1f} a minute",
        f"  verdicts          {rates['verdict']:6.1f} a minute, each with its report",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m e2e.tekton.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="single runs of each kind, default 10")
    parser.add_argument("--storm", type=int, default=100, help="runs at once, default 100")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    measured = measure(options.runs, options.storm)
    print(json.dumps(measured, indent=2) if options.json else report(measured, options.storm))


if __name__ == "__main__":
    main()
