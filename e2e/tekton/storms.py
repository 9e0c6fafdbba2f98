"""The storms that lost alerts, each with what is killed meanwhile: what is lost and double after three sweeps at most.

`python -m e2e.tekton.storms` needs the cluster to be running (`make cluster`); the alerts go through its Alertmanager.
"""

import argparse
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from e2e.cluster import addons, environment
from e2e.support.monitoring import Alertmanager
from e2e.support.waiting import wait_for
from e2e.tekton import storm
from e2e.tekton.conftest import FLAG, set_flag
from e2e.tekton.installation import Installation, cap, installed

TEKTON = "tekton-pipelines"
ALONE, TOGETHER = "['...']", "[storm]"


@dataclass(frozen=True)
class Storm:
    """A storm that goes on."""

    installation: Installation
    sender: Alertmanager
    sent: list[dict[str, Any]]
    wanted: set[str]
    """The names that the runs of its alerts have."""


Chaos = Callable[[Storm], None]


def nothing(on: Storm) -> None:
    """Kill nothing."""


def kill_listener(on: Storm) -> None:
    """Kill the listeners without a word."""
    storm.kill_listener(on.installation)


def end_listener(on: Storm) -> None:
    """Delete the listeners gracefully."""
    on.installation.space.kubectl("delete", "pods", "-l", "eventlistener=incident-alerts", "--wait=false")


def end_interceptors(on: Storm) -> None:
    """Delete the pods of Tekton's core interceptors."""
    selector = "app.kubernetes.io/name=core-interceptors"
    on.installation.cluster.kubectl("delete", "pods", "-n", TEKTON, "-l", selector, "--wait=false")


def kill_sweep(on: Storm) -> None:
    """Kill the listeners, and a sweep when it has created its first runs."""
    space, before = on.installation.space, len(on.installation.runs())
    storm.kill_listener(on.installation)
    name = storm.begin_sweep(on.installation)
    wait_for(lambda: len(on.installation.runs()) > before + 5, 120, "the sweep to start runs", every=0.1)
    space.kubectl("delete", "pods", "-l", f"job-name={name}", "--grace-period=0", "--force")
    space.kubectl("delete", "job", name)


def restart_alertmanager(on: Storm) -> None:
    """Restart Alertmanager, which forgets all, and send the alerts again as Prometheus does each minute."""
    cluster = on.installation.cluster
    cluster.kubectl("-n", "monitoring", "rollout", "restart", "deployment/alertmanager")
    cluster.kubectl("-n", "monitoring", "rollout", "status", "deployment/alertmanager", "--timeout=180s")
    on.sender.await_answer()
    storm.send(on.sender, on.sent)


def delete_runs(on: Storm) -> None:
    """Delete some of the runs by hand."""
    space = on.installation.space
    names = wait_for(lambda: sorted(on.wanted & set(on.installation.runs()))[:5], 120, "runs")
    space.kubectl("delete", "pipelinerun", *names)


@dataclass(frozen=True)
class Round:
    """One storm."""

    what: str
    count: int
    chaos: Chaos
    words: int = 80
    """Characters that each alert says."""
    group_by: str = ALONE


ROUNDS = {
    "killed": Round("60 alerts, listener killed", 60, kill_listener),
    "many": Round("500 alerts", 500, nothing),
    "burst": Round("200 alerts, listener killed", 200, kill_listener),
    "large": Round("one notification of 2 MB", 64, nothing, words=31_000, group_by=TOGETHER),
    "graceful": Round("20 alerts, listener deleted", 20, end_listener),
    "interceptors": Round("20 alerts, core interceptors deleted", 20, end_interceptors),
    "sweep": Round("100 alerts, listener and sweep killed", 100, kill_sweep),
    "alertmanager": Round("30 alerts, Alertmanager restarted", 30, restart_alertmanager),
    "deleted": Round("20 alerts, runs deleted by hand", 20, delete_runs),
}


def weather(installation: Installation, sender: Alertmanager, round_: Round) -> dict[str, Any]:
    """Let one storm happen and make it good; what came of it."""
    storm.configure(sender, installation, round_.group_by)
    sent = storm.alerts(round_.count, "A pod is crash looping. ".ljust(round_.words, "x"))
    began = time.monotonic()
    with storm.watching(installation) as most:
        wanted = storm.send(sender, sent)
        round_.chaos(Storm(installation, sender, sent, wanted))
        time.sleep(2)  # what Alertmanager waits before it notifies
        swept = storm.make_good(installation, wanted)
    seconds = time.monotonic() - began
    worked = storm.verdicts(installation, wanted)
    return {
        "round": round_.what, "alerts": len(wanted), "sweeps": len(swept), "lost": len(wanted - set(worked)),
        "double": sum(times > 1 for times in worked.values()), "pods": most.pods, "seconds": round(seconds),
        "swept": swept,
    }  # fmt: skip


def report(rows: list[dict[str, Any]]) -> str:
    """The table for documents."""
    lines = [
        "| round | sweeps | found by them | lost | double | pods at most | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        started = sum(each["started"] for each in row["swept"])
        cells = (
            row["round"],
            row["sweeps"],
            started,
            row["lost"],
            row["double"],
            row["pods"],
            row["seconds"],
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def measure(names: list[str]) -> list[dict[str, Any]]:
    """Each round on one installation, on the running cluster."""
    here = environment.locate()
    addons.install_tekton(here.cluster, here.source)
    addons.install_alertmanager(here.cluster)
    image = environment.deliver_agent(here)
    before = here.cluster.kubectl("get", "configmap", "feature-flags", "-n", TEKTON, "-o", FLAG)
    set_flag(here.cluster, TEKTON, "true")
    rows = []
    try:
        with installed(here.cluster, f"tekton-storms-{secrets.token_hex(3)}", image) as installation:
            cap(installation.space, storm.CAP)
            for name in names:
                rows.append(weather(installation, Alertmanager(here.cluster), ROUNDS[name]))
                print(json.dumps(rows[-1]), flush=True)
    finally:
        set_flag(here.cluster, TEKTON, before)
    return rows


def main() -> int:
    """Measure and print; the exit status is 1 when an alert was lost, worked twice, or the cap did not hold."""
    parser = argparse.ArgumentParser(prog="python -m e2e.tekton.storms", description=__doc__)
    parser.add_argument("rounds", nargs="*", default=list(ROUNDS), help=f"default all: {', '.join(ROUNDS)}")
    chosen = parser.parse_args().rounds
    if unknown := set(chosen) - set(ROUNDS):
        parser.error(f"no such round: {', '.join(sorted(unknown))}")
    rows = measure(chosen)
    print(report(rows))
    return int(any(row["lost"] or row["double"] or row["pods"] > storm.CAP for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
