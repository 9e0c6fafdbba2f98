"""What the Deployment costs on the running cluster: `python -m e2e.bench_k8s [--runs N]`.

From `kubectl apply` to the result in the log; from the container's start to its end at the manifest's 100m CPU, in
the whole seconds that the kubelet states; peak memory of the pod as its cgroup counts it, page cache included.
"""

import argparse
import secrets
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import datetime

from e2e.cluster import environment
from e2e.cluster.errors import ClusterError
from e2e.k8s.agent_pods import ended, first_log, on_node, pods
from e2e.k8s.manifests import moved, name_as_shipped
from e2e.support.namespace import Namespace
from e2e.support.waiting import wait_for

AIM = 10
LIMIT = 128
PEAK = "find /sys/fs/cgroup -path '*{pod}.slice/memory.{file}' -exec cat {{}} + 2>/dev/null; true"


@dataclass(frozen=True)
class Cost:
    """Seconds from apply to result, seconds from start to end, peak MiB."""

    told: float
    ran: float
    peak: float


def measure(namespace: Namespace) -> Cost:
    """Apply the Deployment, wait for its result, remove it."""
    began = time.monotonic()
    namespace.apply(moved(namespace.name, "deployment.yaml"))
    _, log = first_log(namespace)
    told = time.monotonic() - began
    assert "INCIDENT WORKFLOW RESULT" in log, log
    (pod,) = pods(namespace)
    peak = peak_memory(namespace, pod["metadata"]["uid"])
    ending = wait_for(lambda: ended(pods(namespace)[0]), 30, "the end of the container", every=0.1)
    start, end = (datetime.fromisoformat(ending[key]) for key in ("startedAt", "finishedAt"))
    namespace.kubectl("delete", "deployment", "autogen-agent")
    namespace.kubectl("wait", "--for=delete", f"pod/{pod['metadata']['name']}", "--timeout=60s")
    return Cost(told, (end - start).total_seconds(), peak)


def peak_memory(namespace: Namespace, uid: str) -> float:
    """The pod's peak in MiB, from cgroup v2 (memory.peak) or v1 (memory.max_usage_in_bytes)."""
    pod = f"pod{uid.replace('-', '_')}"
    files = [
        on_node(namespace.cluster, PEAK.format(pod=pod, file=file)) for file in ("peak", "max_usage_in_bytes")
    ]
    return max(int(number) for number in "".join(files).split()) / 2**20


def main() -> None:
    """Measure and print; without a running cluster say how to get one."""
    parser = argparse.ArgumentParser(prog="python -m e2e.bench_k8s", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs (default 5)")
    runs = parser.parse_args().runs
    try:
        here = environment.locate()
        if not (here.cluster.tools.kind.exists() and here.cluster.exists()):
            print("no cluster runs: `make cluster`, then these figures can be taken too")
            return
        name_as_shipped(here.cluster, environment.deliver_agent(here))
        namespace = Namespace(here.cluster, f"bench-{secrets.token_hex(3)}")
        here.cluster.kubectl("create", "namespace", namespace.name)
        try:
            costs = [measure(namespace) for _ in range(runs)]
        finally:
            here.cluster.kubectl("delete", "namespace", namespace.name, "--wait=false")
    except ClusterError as error:
        sys.exit(f"error: {error}")
    show("apply of the Deployment to the result", [cost.told for cost in costs], "s")
    show("container start to exit at 100m CPU", [cost.ran for cost in costs], f"s, aim: at most {AIM}")
    show("peak memory of the pod", [cost.peak for cost in costs], f"MiB of {LIMIT}")


def show(name: str, values: list[float], unit: str) -> None:
    """Median and range of one figure."""
    print(f"{name:<40}{statistics.median(values):6.1f}  (from {min(values):.1f} to {max(values):.1f} {unit})")


if __name__ == "__main__":
    main()
