"""Pods without a node: what the scheduler says, and which of its reasons is the one to cure."""

from typing import Any

import pytest

from agent.diagnosis.ranking import Verdict
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
)
from tests.diagnosis.world import World, ago, quoted

ALERT = {"labels": {"alertname": "KubePodNotReady", "namespace": "shop", "pod": "web-1"}}
NOT_HELPFUL = " preemption: 0/{n} nodes are available: {n} Preemption is not helpful for scheduling."
NO_VICTIMS = " preemption: 0/{n} nodes are available: {n} No preemption victims found for incoming pod."


def waiting(message: str, reason: str = "Unschedulable", **more: Any) -> Data:
    """A pod of the Deployment web that the scheduler has refused."""
    refused = condition("PodScheduled", "False", reason, message, minutes=10)
    data = pod("web-1", phase="Pending", ready=False, owner=owned("ReplicaSet", "web-a"),
               conditions=[refused], **more)  # fmt: skip
    del data["spec"]["nodeName"]
    data["status"]["containerStatuses"] = []
    data["status"]["conditions"] = [c for c in data["status"]["conditions"] if c["type"] == "PodScheduled"]
    return data


def world(refused: Data, *nodes: Data) -> World:
    return World().add(refused, *nodes, replica_set("web-a"), deployment(ready=0))


def asking(**requests: str) -> list[Data]:
    wanted = {name.replace("_", "-").replace("--", "/"): value for name, value in requests.items()}
    return [container(resources={"requests": wanted})]


def said(verdict: Verdict) -> tuple[str, str]:
    assert verdict.root is not None, verdict
    return verdict.root.cause.id, str(verdict.root.entity)


def told(verdict: Verdict) -> str:
    """All that the root's claims quote."""
    assert verdict.root is not None
    return quoted(verdict.root)


def test_a_request_above_every_node_names_both_amounts() -> None:
    message = "0/2 nodes are available: 2 Insufficient cpu." + NOT_HELPFUL.format(n=2)
    verdict, _ = world(waiting(message, containers=asking(cpu="64")), node("n1"), node("n2")).investigate(
        ALERT
    )
    assert said(verdict) == ("insufficient-cpu", "shop/Deployment/web")
    assert verdict.root and "requests cpu 64, more than any node has (at most 4)" in verdict.root.headline
    assert "requests.cpu: 64" in told(verdict)
    assert "allocatable.cpu: 4" in told(verdict)


def test_a_full_node_names_who_has_taken_the_room() -> None:
    message = "0/1 nodes are available: 1 Insufficient memory." + NO_VICTIMS.format(n=1)
    hog = pod("cache-0", namespace="media", containers=asking(memory="12Gi"))
    verdict, _ = (
        world(waiting(message, containers=asking(memory="8Gi")), node("n1")).add(hog).investigate(ALERT)
    )
    assert said(verdict) == ("insufficient-memory", "shop/Deployment/web")
    assert "spec.containers[web].resources.requests.memory: 12Gi" in told(verdict)


def test_a_device_that_no_node_offers_is_an_extended_resource() -> None:
    message = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu." + NOT_HELPFUL.format(n=1)
    wanted = [container(resources={"limits": {"nvidia.com/gpu": "1"}})]
    verdict, _ = world(waiting(message, containers=wanted), node("n1")).investigate(ALERT)
    assert said(verdict) == ("insufficient-extended-resource", "shop/Deployment/web")
    assert verdict.root and "no node offers any nvidia.com/gpu" in verdict.root.headline


def test_room_taken_by_a_younger_pod_of_higher_priority_is_preemption() -> None:
    message = "0/1 nodes are available: 1 Insufficient cpu." + NO_VICTIMS.format(n=1)
    refused = waiting(message, containers=asking(cpu="2"), minutes=10)
    rival = pod("batch-1", namespace="data", minutes=11, containers=asking(cpu="3"), priority=1000)
    verdict, _ = world(refused, node("n1")).add(rival).investigate(ALERT)
    assert said(verdict) == ("preempted-by-priority", "shop/Deployment/web")
    assert "spec.priority: 1000" in told(verdict)


def test_a_label_that_no_node_has_is_named() -> None:
    message = (
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
        + NOT_HELPFUL.format(n=2)
    )
    nodes = (node("n1", labels={"disk": "hdd"}), node("n2"))
    verdict, _ = world(waiting(message, nodeSelector={"disk": "ssd"}), *nodes).investigate(ALERT)
    assert said(verdict) == ("node-selector-unmatched", "shop/Deployment/web")
    assert "spec.nodeSelector.disk: ssd" in told(verdict)
    assert "labels.disk: hdd" in told(verdict)


def test_a_required_affinity_is_told_from_a_selector() -> None:
    message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    rule = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-9"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    verdict, _ = world(waiting(message, affinity=affinity), node("n1")).investigate(ALERT)
    assert said(verdict) == ("node-affinity-unmatched", "shop/Deployment/web")
    assert "values[0]: eu-9" in told(verdict)


def test_a_taint_is_named_though_the_scheduler_does_not_name_it() -> None:
    message = "0/1 nodes are available: 1 node(s) had untolerated taint(s)."
    tainted = node("n1", taints=[{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}])
    verdict, _ = world(waiting(message), tainted).investigate(ALERT)
    assert said(verdict) == ("untolerated-taint", "shop/Deployment/web")
    assert verdict.root and "dedicated=batch" in verdict.root.headline


def test_the_taint_of_the_node_that_was_asked_for_outweighs_labels_of_the_others() -> None:
    message = (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node "
        "affinity/selector." + NOT_HELPFUL.format(n=3)
    )
    taint = {"key": "gpu-only", "effect": "NoSchedule"}
    nodes = (node("g1", labels={"pool": "gpu"}, taints=[taint]), node("n1"), node("n2"))
    verdict, _ = world(waiting(message, nodeSelector={"pool": "gpu"}), *nodes).investigate(ALERT)
    assert said(verdict)[0] == "untolerated-taint"


def test_the_taint_of_the_control_plane_is_not_taken_for_the_cause() -> None:
    message = (
        "0/2 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
        "1 Insufficient cpu." + NOT_HELPFUL.format(n=2)
    )
    control = node("cp", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}])
    verdict, _ = world(waiting(message, containers=asking(cpu="8")), control, node("n1")).investigate(ALERT)
    assert said(verdict)[0] == "insufficient-cpu"


def test_a_cordoned_node_is_named_as_the_thing_at_fault() -> None:
    message = "0/1 nodes are available: 1 node(s) were unschedulable." + NOT_HELPFUL.format(n=1)
    verdict, _ = world(waiting(message), node("n1", unschedulable=True)).investigate(ALERT)
    assert said(verdict) == ("node-cordoned", "Node/n1")
    assert verdict.root and str(verdict.root.recommendations[0].command) == "kubectl uncordon n1"


def test_a_cordon_is_not_the_cause_when_the_pod_would_not_fit_there_either() -> None:
    message = "0/1 nodes are available: 1 node(s) were unschedulable."
    refused = waiting(message, nodeSelector={"disk": "ssd"})
    verdict, _ = world(refused, node("n1", unschedulable=True)).investigate(ALERT)
    assert said(verdict)[0] == "node-selector-unmatched"


def test_a_node_that_is_not_ready_is_the_root_of_the_pending_pod() -> None:
    message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."
    taint = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}
    silent = condition(
        "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", minutes=20
    )
    refused = waiting(message, containers=asking(cpu="2"))
    verdict, _ = world(refused, node("n1"), node("n2", taints=[taint], conditions=[silent])).investigate(
        ALERT
    )
    assert said(verdict) == ("kubelet-down", "Node/n2")
    assert [link.cause.id for link in verdict.chain] == ["no-healthy-node", "kubelet-down"]


def test_anti_affinity_names_the_pod_that_stands_there() -> None:
    message = "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules." + NO_VICTIMS.format(
        n=1
    )
    rule = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
    affinity: Data = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}
    there = pod("web-0", owner=owned("ReplicaSet", "web-a"))
    verdict, _ = world(waiting(message, affinity=affinity), node("n1")).add(there).investigate(ALERT)
    assert said(verdict) == ("pod-anti-affinity", "shop/Deployment/web")
    assert "matchLabels.app: web" in told(verdict)
    assert "spec.nodeName: n1" in told(verdict)


def test_an_affinity_to_pods_that_do_not_run_is_told_from_anti_affinity() -> None:
    message = "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."
    rule = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "cache"}}}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}
    verdict, _ = world(waiting(message, affinity=affinity), node("n1")).investigate(ALERT)
    assert said(verdict)[0] == "pod-affinity-unmatched"
    assert verdict.root and "app=cache" in verdict.root.headline


def test_a_spread_over_a_label_that_nodes_lack_is_a_spread_problem() -> None:
    message = (
        "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints "
        "(missing required label)."
    )
    rule = {"topologyKey": "example.com/rack", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    verdict, _ = world(waiting(message, topologySpreadConstraints=[rule]), node("n1")).investigate(ALERT)
    assert said(verdict) == ("topology-spread", "shop/Deployment/web")
    assert "topologyKey: example.com/rack" in told(verdict)


def test_a_taken_host_port_names_its_holder() -> None:
    message = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    ports = [{"containerPort": 80, "hostPort": 8080}]
    holder = pod("proxy-1", namespace="edge", containers=[container(ports=ports)])
    refused = waiting(message, containers=[container(ports=ports)])
    verdict, _ = world(refused, node("n1")).add(holder).investigate(ALERT)
    assert said(verdict)[0] == "host-port-taken"
    assert verdict.root and "edge/Pod/proxy-1" in verdict.root.headline


def test_nodes_at_their_pod_limit_are_told() -> None:
    message = "0/1 nodes are available: 1 Too many pods." + NO_VICTIMS.format(n=1)
    verdict, _ = world(waiting(message), node("n1")).investigate(ALERT)
    assert said(verdict)[0] == "too-many-pods"
    assert "allocatable.pods: 110" in told(verdict)


def test_a_scheduling_gate_is_named() -> None:
    gate = [{"name": "example.com/budget"}]
    refused = waiting(
        "Scheduling is blocked due to non-empty scheduling gates", "SchedulingGated", schedulingGates=gate
    )
    verdict, _ = world(refused, node("n1")).investigate(ALERT)
    assert said(verdict) == ("scheduling-gate", "shop/Deployment/web")
    assert verdict.root and "example.com/budget" in verdict.root.headline


def test_a_scheduler_that_does_not_run_leaves_neither_condition_nor_event() -> None:
    refused = waiting("", schedulerName="fair-share")
    refused["status"]["conditions"] = []
    verdict, _ = world(refused, node("n1")).investigate(ALERT)
    assert said(verdict) == ("unknown-scheduler", "shop/Deployment/web")


def unheard(minutes: float) -> World:
    """A pod that the default scheduler says nothing about; its lease was renewed so long ago."""
    refused = waiting("", schedulerName="default-scheduler")
    refused["status"]["conditions"] = []
    lease = {
        "kind": "Lease",
        "metadata": meta("kube-scheduler", "kube-system"),
        "spec": {"renewTime": ago(minutes)},
    }
    return world(refused, node("n1")).add(lease)


def test_a_silent_default_scheduler_is_down_when_its_lease_is_old() -> None:
    verdict, _ = unheard(12).investigate(ALERT)
    assert said(verdict) == ("scheduler-down", "Namespace/kube-system")


def test_a_scheduler_that_renews_its_lease_is_not_accused() -> None:
    _, diagnosis = unheard(0.1).investigate(ALERT)
    assert "scheduler-down" not in {finding.cause.id for finding in diagnosis.findings}


def test_a_node_name_that_nobody_bears_is_told_from_a_silent_scheduler() -> None:
    refused = waiting("")
    refused["spec"]["nodeName"] = "n7"
    refused["status"]["conditions"] = []
    verdict, _ = world(refused, node("n1")).investigate(ALERT)
    assert said(verdict) == ("node-name-unknown", "shop/Deployment/web")


def test_without_the_nodes_a_mix_of_reasons_stays_undecided() -> None:
    from agent.evidence.answer import Answer

    message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."
    refused = world(waiting(message, containers=asking(cpu="2")))
    refused.refuse["list Node"] = Answer("forbidden", message="nodes is forbidden")
    verdict, _ = refused.investigate(ALERT)
    assert verdict.outcome == "inconclusive"


def test_a_pod_that_has_found_its_node_is_not_accused_of_old_refusals() -> None:
    message = "0/1 nodes are available: 1 Insufficient cpu."
    placed = waiting(message, containers=asking(cpu="8"))
    assert said(world(placed, node("n1")).investigate(ALERT)[0])[0] == "insufficient-cpu"
    placed["spec"]["nodeName"] = "n1"
    _, diagnosis = world(placed, node("n1")).investigate(ALERT)
    assert not [finding for finding in diagnosis.findings if finding.cause.family == "scheduling"]


def test_a_pool_reserved_for_others_is_not_the_cause() -> None:
    message = "0/2 nodes are available: 1 node(s) didn't match pod affinity rules, 1 node(s) had untolerated taint(s)."
    rule = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "cache"}}}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}
    reserved = node("g1", taints=[{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}])
    verdict, _ = world(waiting(message, affinity=affinity), node("n1"), reserved).investigate(ALERT)
    assert said(verdict)[0] == "pod-affinity-unmatched"


def limit_range(**limits: Data) -> Data:
    entry = {"type": "Container"} | {key.rstrip("_"): value for key, value in limits.items()}
    return {"kind": "LimitRange", "metadata": meta("defaults"), "spec": {"limits": [entry]}}


def test_a_request_that_a_limit_range_gave_is_not_the_fault_of_the_template() -> None:
    refused = waiting("0/1 nodes are available: 1 Insufficient cpu.", containers=asking(cpu="64"))
    note = "LimitRanger plugin set: cpu, memory request for container web; cpu limit for container web"
    refused["metadata"]["annotations"] = {"kubernetes.io/limit-ranger": note}
    put = world(refused, node("n1")).add(limit_range(defaultRequest={"cpu": "64"}))
    verdict, _ = put.investigate(ALERT)
    assert said(verdict) == ("insufficient-cpu", "shop/LimitRange/defaults")
    assert "spec.limits[Container].defaultRequest.cpu: 64" in told(verdict)


def test_local_storage_that_no_node_has_names_both_amounts() -> None:
    message = "0/1 nodes are available: 1 Insufficient ephemeral-storage." + NOT_HELPFUL.format(n=1)
    refused = waiting(message, containers=asking(ephemeral_storage="500Gi"))
    verdict, _ = world(refused, node("n1")).investigate(ALERT)
    assert said(verdict) == ("insufficient-ephemeral-storage", "shop/Deployment/web")
    assert "allocatable.ephemeral-storage: 100Gi" in told(verdict)


def tainted(key: str) -> World:
    """The only node has this taint, which the pod does not tolerate."""
    message = f"0/1 nodes are available: 1 node(s) had untolerated taint {{{key}: }}."
    return world(waiting(message), node("n1", taints=[{"key": key, "effect": "NoSchedule"}]))


def test_a_taint_of_kubernetes_itself_says_that_the_node_is_in_trouble() -> None:
    verdict, _ = tainted("node.kubernetes.io/memory-pressure").investigate(ALERT)
    assert said(verdict) == ("no-healthy-node", "Node/n1")


def test_a_taint_that_somebody_set_is_no_trouble_of_the_node() -> None:
    verdict, _ = tainted("dedicated").investigate(ALERT)
    assert said(verdict)[0] == "untolerated-taint"


MANY = [f"n{number}" for number in range(1, 5)]


@pytest.mark.parametrize(
    ("refused", "cause"),
    [
        ("3 node(s) didn't match pod anti-affinity rules", "pod-anti-affinity"),
        ("3 node(s) didn't match Pod's node affinity/selector", "node-affinity-unmatched"),
        ("3 Insufficient cpu", "insufficient-cpu"),
        ("3 Insufficient memory", "insufficient-memory"),
        ("3 node(s) had untolerated taint {team: red}", "untolerated-taint"),
        ("3 node(s) had untolerated taint(s)", "untolerated-taint"),
    ],
)
def test_what_keeps_a_pod_off_most_nodes_counts_more_than_the_one_that_is_cordoned(
    refused: str, cause: str
) -> None:
    rules: Data = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    terms: list[Data] = [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]}]
    affinity: Data = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rules]}}
    if "node affinity" in refused:
        affinity = {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        }
    asked = waiting(f"0/4 nodes are available: 1 node(s) were unschedulable, {refused}.",
                    containers=asking(cpu="3", memory="15Gi"), affinity=affinity)  # fmt: skip
    taints = [{"key": "team", "value": "red", "effect": "NoSchedule"}] if "taint" in refused else []
    nodes = [node(name, taints=taints) for name in MANY[1:]]
    verdict, _ = world(asked, node(MANY[0], unschedulable=True), *nodes).investigate(ALERT)
    assert said(verdict)[0] == cause


def test_control_planes_beside_a_cordoned_node_are_no_reason() -> None:
    key = "node-role.kubernetes.io/control-plane"
    planes = [node(name, taints=[{"key": key, "effect": "NoSchedule"}]) for name in MANY[1:]]
    message = (
        f"0/4 nodes are available: 1 node(s) were unschedulable, 3 node(s) had untolerated taint {{{key}: }}."
    )
    verdict, _ = world(waiting(message), node(MANY[0], unschedulable=True), *planes).investigate(ALERT)
    assert said(verdict)[0] == "node-cordoned"
