"""Nodes by their conditions, and the pods that were put off them."""

from typing import Any

import pytest

from tests.diagnosis.objects import (
    Data,
    condition,
    container,
    deployment,
    meta,
    node,
    owned,
    pod,
    replica_set,
    running,
)
from tests.diagnosis.test_scheduling import ALERT, said, told
from tests.diagnosis.world import World, ago

NODE_ALERT = {
    "startsAt": ago(15),
    "labels": {
        "alertname": "KubeNodeNotReady", "node": "n1", "condition": "Ready", "namespace": "monitoring",
        "pod": "kube-state-metrics-6d5f-abcde", "service": "kube-state-metrics",
    },
}  # fmt: skip
SILENT = condition(
    "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", minutes=20
)


def lease(minutes: float, stored: float | None = None) -> Data:
    """A node's lease: renewed by the node's clock, stored by the API server's."""
    about = meta(
        "n1", "kube-node-lease", managedFields=[{"time": ago(minutes if stored is None else stored)}]
    )
    return {"kind": "Lease", "metadata": about, "spec": {"renewTime": ago(minutes)}}


def test_a_silent_kubelet_is_told_by_the_condition_and_the_lease() -> None:
    verdict, _ = World().add(node(conditions=[SILENT]), lease(21)).investigate(NODE_ALERT)
    assert said(verdict) == ("kubelet-down", "Node/n1")
    assert "Kubelet stopped posting node status." in told(verdict)
    assert "spec.renewTime" in told(verdict)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("container runtime is down", "container-runtime-down"),
        ("PLEG is not healthy: pleg was last seen active 3m5s ago; threshold is 3m0s", "pleg-unhealthy"),
        ("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
        "message:Network plugin "
         "returns error: cni plugin not initialized", "node-network-not-ready"),
        ("node is shutting down", "node-not-ready"),
    ],
)  # fmt: skip
def test_what_the_kubelet_reports_decides(message: str, cause: str) -> None:
    broken = node(conditions=[condition("Ready", "False", "KubeletNotReady", message)])
    verdict, _ = World().add(broken).investigate(NODE_ALERT)
    assert said(verdict) == (cause, "Node/n1")


@pytest.mark.parametrize(
    ("kind", "reason", "cause"),
    [
        ("MemoryPressure", "KubeletHasInsufficientMemory", "node-memory-pressure"),
        ("DiskPressure", "KubeletHasDiskPressure", "node-disk-pressure"),
        ("PIDPressure", "KubeletHasInsufficientPID", "node-pid-pressure"),
        ("KernelDeadlock", "DockerHung", "node-problem"),
    ],
)
def test_pressure_is_a_cause_of_its_own(kind: str, reason: str, cause: str) -> None:
    verdict, _ = World().add(node(conditions=[condition(kind, "True", reason)])).investigate(NODE_ALERT)
    assert said(verdict) == (cause, "Node/n1")


def test_a_node_that_is_ready_again_has_recovered() -> None:
    back = World().add(node(conditions=[condition("Ready", "True", "KubeletReady", minutes=5)]))
    back.event("Node", "default", "n1", "NodeNotReady", "Node n1 status is now: NodeNotReady", minutes=14)
    verdict, _ = back.investigate(NODE_ALERT)
    assert verdict.outcome == "self-resolved"


def test_a_node_that_was_ready_all_the_time_is_not_accused() -> None:
    verdict, _ = World().add(node()).investigate(NODE_ALERT)
    assert verdict.outcome == "not-actionable"
    assert verdict.root is None


def test_a_cordon_alone_is_intended() -> None:
    _, diagnosis = World().add(node(unschedulable=True)).investigate(NODE_ALERT)
    assert [state.kind for state in diagnosis.states] == ["intended"]


def test_memory_that_ran_out_on_the_whole_node_lately() -> None:
    hit = World().add(node())
    hit.event("Node", "default", "n1", "SystemOOM", "System OOM encountered, victim process: java, pid: 4711")
    verdict, _ = hit.investigate(NODE_ALERT)
    assert said(verdict) == ("node-memory-exhausted", "Node/n1")


def test_a_clock_that_differs_from_the_api_servers() -> None:
    alert = {"labels": {"alertname": "NodeClockSkewDetected", "node": "n1"}}
    verdict, _ = World().add(node(), lease(minutes=8, stored=0.1)).investigate(alert)
    assert said(verdict) == ("node-clock-skew", "Node/n1")
    assert verdict.root and "474 s behind" in verdict.root.headline


def test_an_address_of_a_node_finds_the_node() -> None:
    alert = {"labels": {"alertname": "NodeNotReadyOnHost", "instance": "10.0.0.1:9100"}}
    verdict, _ = World().add(node(conditions=[SILENT])).investigate(alert)
    assert said(verdict) == ("kubelet-down", "Node/n1")


def lost_pod(**more: object) -> Data:
    ready = condition("Ready", "False", minutes=19)
    return pod("web-1", running(), owner=owned("ReplicaSet", "web-a"), conditions=[ready])


def test_a_pod_that_lost_its_node_leads_to_the_node() -> None:
    lost = World().add(lost_pod(), node(conditions=[SILENT]), replica_set("web-a"), deployment(ready=0))
    lost.event("Pod", "shop", "web-1", "NodeNotReady", "Node is not ready")
    verdict, _ = lost.investigate(ALERT)
    assert said(verdict) == ("kubelet-down", "Node/n1")
    assert [link.cause.id for link in verdict.chain] == ["pod-on-lost-node", "kubelet-down"]


def test_a_pod_that_gives_no_reason_does_not_accuse_a_node_that_is_well() -> None:
    calm = World().add(lost_pod(), node(), replica_set("web-a"), deployment(ready=0))
    _, diagnosis = calm.investigate(ALERT)
    assert not [finding for finding in diagnosis.findings if finding.cause.family == "nodes"]


def test_a_pod_that_is_unready_for_reasons_of_its_own_does_not_accuse_the_node() -> None:
    unready = pod("web-1", running(ready=False), ready=False, owner=owned("ReplicaSet", "web-a"))
    calm = World().add(unready, node(), replica_set("web-a"), deployment(ready=0))
    _, diagnosis = calm.investigate(ALERT)
    assert not [finding for finding in diagnosis.findings if finding.cause.family == "nodes"]


def failed(reason: str, message: str) -> World:
    data = pod("web-1", phase="Failed", ready=False, owner=owned("ReplicaSet", "web-a"))
    data["status"] |= {"reason": reason, "message": message, "containerStatuses": []}
    return World().add(data, node(), replica_set("web-a"), deployment(ready=0))


@pytest.mark.parametrize(
    ("reason", "message", "cause", "entity"),
    [
        ("Evicted", 'Usage of EmptyDir volume "scratch" exceeds the limit "5Mi". ', "emptydir-limit-exceeded",
         "shop/Deployment/web"),
        ("Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ",
         "ephemeral-storage-exceeded", "shop/Deployment/web"),
        ("Evicted", "The node was low on resource: memory. Threshold quantity: 100Mi, available: "
        "52Mi. Container main "
         "was using 900Mi, request is 100Mi, has larger consumption of memory. ", "evicted-over-request",
         "shop/Deployment/web"),
        ("Evicted", "The node was low on resource: memory. Threshold quantity: 100Mi, available: "
        "52Mi. Container main "
         "was using 110Mi, request is 100Mi, has larger consumption of memory. ", "node-pressure-eviction", "Node/n1"),
        ("Evicted", "The node had condition: [DiskPressure]. ", "node-pressure-eviction", "Node/n1"),
        ("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 64000, "
        "used: 1050, capacity: "
         "2000", "kubelet-refused-pod", "shop/Deployment/web"),
        ("Terminated", "Pod was terminated in response to imminent node shutdown.", "node-shutdown", "Node/n1"),
        ("Preempting", "Preempted in order to admit critical pod", "preempted-for-critical-pod", "shop/Deployment/web"),
    ],
)  # fmt: skip
def test_the_reason_of_a_failed_pod_decides(reason: str, message: str, cause: str, entity: str) -> None:
    verdict, _ = failed(reason, message).investigate(ALERT)
    assert said(verdict) == (cause, entity)
    assert message.strip() in told(verdict)


def test_an_eviction_under_pressure_that_still_holds_leads_to_the_pressure() -> None:
    world = failed("Evicted", "The node had condition: [DiskPressure]. ")
    world.add(node(conditions=[condition("DiskPressure", "True", "KubeletHasDiskPressure")]))
    verdict, _ = world.investigate(ALERT)
    assert said(verdict) == ("node-disk-pressure", "Node/n1")


def test_an_evicted_pod_that_was_replaced_is_history() -> None:
    world = failed("Evicted", "The node was low on resource: memory. ").add(deployment(ready=3))
    verdict, diagnosis = world.investigate(ALERT)
    assert verdict.root is None
    assert "recovered" in {state.kind for state in diagnosis.states}


def over_its_own_limit(name: str) -> dict[str, Any]:
    data = pod(name, phase="Failed", ready=False, owner=owned("ReplicaSet", "web-a"), minutes=3)
    message = 'Usage of EmptyDir volume "scratch" exceeds the limit "5Mi". '
    data["status"] |= {"reason": "Evicted", "message": message, "containerStatuses": []}
    return data


def test_a_limit_that_one_pod_broke_once_is_history_when_the_pod_was_replaced() -> None:
    world = World().add(over_its_own_limit("web-1"), node(), replica_set("web-a"), deployment(ready=3))
    verdict, _ = world.investigate(ALERT)
    assert verdict.root is None


def test_a_limit_that_pod_after_pod_breaks_is_the_cause_even_between_two_evictions() -> None:
    evicted = [over_its_own_limit(name) for name in ("web-1", "web-2")]
    world = World().add(*evicted, node(), replica_set("web-a"), deployment(ready=3))
    verdict, _ = world.investigate(ALERT)
    assert said(verdict) == ("emptydir-limit-exceeded", "shop/Deployment/web")


@pytest.mark.parametrize(
    ("message", "cause", "entity"),
    [
        ('Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network '
        'for sandbox "ab": plugin '
         'type="bridge" failed (add): open /run/flannel/subnet.env: no such file or directory', "pod-network-failed",
         "Node/n1"),
        ('Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network '
        'for sandbox "ab": plugin '
         'type="host-local" failed (add): no IP addresses available in range set: 10.244.0.1-10.244.0.254',
         "pod-addresses-exhausted", "Node/n1"),
        ("Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create "
        "containerd task: failed to "
         "create shim task: OCI runtime create failed: runc create failed: unable to start "
         "container process: container "
         "init was OOM-killed (memory limit too low?): unknown", "memory-limit-too-small-to-start",
         "shop/Deployment/web"),
        ("Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create containerd task: "
         "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
         "process: error during container init: read init-p: connection reset by peer: unknown",
         "memory-limit-too-small-to-start", "shop/Deployment/web"),
        ('Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox '
        'runtime: no runtime for '
         '"gvisor" is configured', "runtime-handler-missing", "shop/Deployment/web"),
        ('Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image '
         '"registry.k8s.io/pause:3.9": failed to pull image: dial tcp: lookup registry.k8s.io: no such host',
         "sandbox-image-missing", "Node/n1"),
    ],
)  # fmt: skip
def test_the_words_of_the_sandbox_decide(message: str, cause: str, entity: str) -> None:
    status = {
        "name": "web",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "ContainerCreating"}},
    }
    small = [container(resources={"limits": {"memory": "64m"}})]
    stuck = pod(
        "web-1", status, phase="Pending", ready=False, owner=owned("ReplicaSet", "web-a"), containers=small
    )
    world = World().add(stuck, node(), replica_set("web-a"), deployment(ready=0))
    verdict, _ = world.event("Pod", "shop", "web-1", "FailedCreatePodSandBox", message).investigate(ALERT)
    assert said(verdict) == (cause, entity)
