"""The agent's pods as their reader sees them: states, logs, run ids, and the stored result."""

import re
import subprocess
from collections.abc import Collection
from typing import Any

import pytest

from e2e.cluster.cluster import Cluster
from e2e.k8s.manifests import LABEL
from e2e.support.namespace import Namespace
from e2e.support.waiting import wait_for

COMMANDER = "Commander: Investigation plan created. Delegating root cause analysis to SRE Investigator."
BLOCK = f"""\
=== INCIDENT WORKFLOW RESULT ===
Alert: High CPU alert on payment-service
{COMMANDER}
Investigator: Analysis complete. High CPU observed due to traffic spike. Recommend scaling replicas and enabling HPA.
"""
STORED = re.compile(r"^\(stored result of run ([0-9a-f]+); not investigated again\)$", re.MULTILINE)
RUN = re.compile(r"^Incident +\S+, run ([0-9a-f]+)$", re.MULTILINE)
SECONDS = 180

Pod = dict[str, Any]


def pods(namespace: Namespace) -> list[Pod]:
    """The Deployment's pods, without those that are going."""
    return [pod for pod in namespace.objects("pods", LABEL) if "deletionTimestamp" not in pod["metadata"]]


def name_of(pod: Pod) -> str:
    return pod["metadata"]["name"]


def container(pod: Pod) -> dict[str, Any]:
    """The status of the agent's container."""
    statuses = pod["status"].get("containerStatuses")
    assert statuses, f"pod {name_of(pod)} is {pod['status']}"
    return statuses[0]


def ended(pod: Pod) -> dict[str, Any]:
    """How the container ended: now, or before it was restarted."""
    status = container(pod)
    ending = status["state"].get("terminated") or status["lastState"].get("terminated")
    assert ending, f"the container of {name_of(pod)} has not ended: {status}"
    return ending


def told(namespace: Namespace, pod: Pod) -> str:
    """The log of a pod that has its result out; a container that failed fails the test at once."""
    log = namespace.logs(name_of(pod))
    status = container(pod)
    ending = status["state"].get("terminated") or status["lastState"].get("terminated")
    if ending and ending["exitCode"] != 0:
        pytest.fail(f"{name_of(pod)} ended with {ending}:\n{log}")
    assert RUN.search(log) and "\nInvestigator: " in log, f"no result yet from {name_of(pod)}: {log[-300:]!r}"
    return log


def verdicts(namespace: Namespace, count: int, besides: Collection[str] = ()) -> dict[str, str]:
    """The whole log of each of `count` pods, once each holds a result; `besides` are run ids that do not count."""

    def all_told() -> dict[str, str]:
        found = pods(namespace)
        assert len(found) == count, f"{count} pods expected: {list(map(name_of, found))}"
        logs = {name_of(pod): told(namespace, pod) for pod in found}
        for name, log in logs.items():
            assert run_id(log) not in besides, f"{name} still shows run {run_id(log)}"
        return logs

    return wait_for(all_told, SECONDS, f"a result from each of {count} pods")


def first_log(namespace: Namespace) -> tuple[str, str]:
    """The one pod that has not restarted yet, and the whole log of its first container."""

    def started() -> str:
        running = pods(namespace)
        assert len(running) == 1, f"one pod expected: {list(map(name_of, running))}"
        (pod,) = running
        status = container(pod)
        assert "waiting" not in status["state"], f"{name_of(pod)} is {status}"
        assert status["restartCount"] == 0, f"{name_of(pod)} has restarted before it was looked at"
        return name_of(pod)

    name = wait_for(started, SECONDS, "the first start of the agent")
    return name, namespace.logs(name, "--follow")


def run_id(log: str) -> str:
    """The id of the run that a log reports."""
    found = RUN.search(log)
    assert found, f"the log names no run: {log!r}"
    return found[1]


def restarted(namespace: Namespace, name: str) -> str:
    """The log of a pod's container once it was started again and has its result out."""

    def told_again() -> str:
        pod = namespace.get("pod", name)
        assert container(pod)["restartCount"] >= 1, f"{name} has not restarted: {container(pod)['state']}"
        return told(namespace, pod)

    return wait_for(told_again, SECONDS, f"the result of {name} after its restart")


def store_of(pod: Pod) -> str:
    """The folder on the node that is the pod's emptyDir `store`."""
    return f"/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/store"


def on_node(cluster: Cluster, command: str) -> str:
    """Standard output of a shell command on the node."""
    done = subprocess.run(
        ["docker", "exec", cluster.node, "sh", "-c", command], capture_output=True, text=True
    )
    assert done.returncode == 0, f"`{command}` on the node: {done.stderr}"
    return done.stdout
