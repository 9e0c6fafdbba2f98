"""Nodes: what their conditions say, and since when."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.diagnosis.advice import look, on
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.node import is_cordoned, is_node_ready
from agent.diagnosis.read.pod import is_well
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.ref import Ref

KUBE_SYSTEM, LEASES = "kube-system", "kube-node-lease"
SKEW = timedelta(seconds=30)  # beyond this, certificates and leases begin to fail


KUBELET_DOWN = cause("kubelet-down")
RUNTIME_DOWN = cause("container-runtime-down")
PLEG = cause("pleg-unhealthy")
NETWORK = cause("node-network-not-ready")
NOT_READY = cause("node-not-ready")
MEMORY = cause("node-memory-pressure")
DISK = cause("node-disk-pressure")
PIDS = cause("node-pid-pressure")
PROBLEM = cause("node-problem")
CLOCK = cause("node-clock-skew")
SYSTEM_OOM = cause("node-memory-exhausted")
_READY_WORDS = (
    (re.compile(r"container runtime (?:is down|not responding)|runtime service failed"), RUNTIME_DOWN),
    (re.compile(r"PLEG is not healthy"), PLEG),
    (re.compile(r"network (?:not ready|plugin)|cni|NetworkPluginNotReady", re.IGNORECASE), NETWORK),
)
_PRESSURES = {
    "MemoryPressure": MEMORY,
    "DiskPressure": DISK,
    "PIDPressure": PIDS,
    "NetworkUnavailable": NETWORK,
}
_WORDS = {
    "kubelet-down": "its kubelet has stopped reporting",
    "container-runtime-down": "its container runtime is down",
    "pleg-unhealthy": "its kubelet cannot keep up with the containers",
    "node-network-not-ready": "its pod network is not ready",
    "node-not-ready": "it reports that it is not ready",
    "node-memory-pressure": "it is short of memory",
    "node-disk-pressure": "it is short of disk space",
    "node-pid-pressure": "it is short of process ids",
}


@rule(
    "Node",
    finds=(
        CLOCK,
        DISK,
        KUBELET_DOWN,
        MEMORY,
        NETWORK,
        NOT_READY,
        PIDS,
        PLEG,
        PROBLEM,
        RUNTIME_DOWN,
        SYSTEM_OOM,
    ),
)
def conditions(case: Case, node: Obj) -> Iterator[Finding | State]:
    """What is wrong with a node by its own conditions; otherwise, that it is healthy."""
    ready = node.condition("Ready")
    found = []
    if ready and ready.get("status") != "True":
        cause = (
            KUBELET_DOWN
            if ready.get("status") == "Unknown"
            else _not_ready_cause(str(ready.get("message") or ""))
        )
        found.append((cause, "Ready"))
    silent = found and found[0][0] is KUBELET_DOWN  # then every other condition is Unknown or old
    for entry in node.items("status.conditions") if not silent else ():
        kind = str(entry.get("type"))
        if entry.get("status") == "True" and kind != "Ready":
            found.append((_PRESSURES.get(kind, PROBLEM), kind))
    skew = _skew(case, node)
    for cause, kind in found:
        yield _finding(case, node, cause, kind)
    if skew:
        yield skew
    elif not found and ready:
        yield from _history(case, node)


def _not_ready_cause(message: str) -> Cause:
    return next((cause for pattern, cause in _READY_WORDS if pattern.search(message)), NOT_READY)


def _finding(case: Case, node: Obj, cause: Cause, kind: str) -> Finding:
    since = node.time(f"status.conditions[{kind}].lastTransitionTime")
    claims = [
        Claim(f"Condition {kind} of the node", node.quote_condition(kind, "status", "reason", "message"))
    ]
    if cause is KUBELET_DOWN:
        claims += _last_sign(case, node)
    elif cause in (MEMORY, DISK):
        claims += _events(
            case, node, "EvictionThresholdMet", "SystemOOM", "FreeDiskSpaceFailed", "ImageGCFailed"
        )
    words = _WORDS.get(cause.id) or f"it reports {kind}: {node.condition(kind).get('message') or ''}"
    return Finding(
        cause=cause,
        entity=node.ref,
        headline=f"Node {node.ref.name} has a problem: {words}"
        if cause is not KUBELET_DOWN
        else f"Node {node.ref.name} is not available to the cluster: {words}",
        claims=tuple(claims),
        # Only its writer knows what an unknown condition means.
        sure=Sure.LIKELY if cause is PROBLEM else Sure.STATED,
        recommendations=tuple(_advice(node, cause)),
        leads_to=_agents_in_trouble(case, node) if cause is NETWORK else (),
        since=since,
    )


def _advice(node: Obj, cause: Cause) -> Iterator[Recommendation]:
    action = {
        "kubelet-down": "restoring the kubelet",
        "container-runtime-down": "restarting the container runtime",
        "node-network-not-ready": "repairing the CNI plugin",
        "node-memory-pressure": "finding the pods that use the memory",
        "node-disk-pressure": "freeing disk space",
    }.get(cause.id, "acting on the node's condition")
    command = on(node.ref, "describe")
    if cause is MEMORY:
        command = kubectl(
            None,
            "get pods --all-namespaces -o wide --field-selector=spec.nodeName={node}",
            node=node.ref.name,
        )
    yield Recommendation(action, cause.remedy, command, "none", on(node.ref, "get"))
    if cause in (KUBELET_DOWN, RUNTIME_DOWN, PLEG, NETWORK, NOT_READY):
        yield Recommendation(
            action="keeping new pods off it meanwhile",
            sentence="Cordon the node until it is healthy, so that it gets no new pods.",
            command=kubectl(None, "cordon {node}", node=node.ref.name),
            risk="low",
            verify=on(node.ref, "get"),
        )


def _last_sign(case: Case, node: Obj) -> list[Claim]:
    lease = case.get("Lease", LEASES, node.ref.name, "when did the kubelet last renew its lease?")
    return [Claim("Its lease was last renewed then", lease.quote("spec.renewTime"))] if lease else []


def _agents_in_trouble(case: Case, node: Obj) -> tuple[Ref, ...]:
    """Unhealthy system pods on the node, such as the network plugin's."""
    field = f"spec.nodeName={node.ref.name}"
    why = "is the network plugin's pod healthy?"
    pods = case.list("Pod", KUBE_SYSTEM, field=field, why=why, need="some") or []
    ill = [pod.ref for pod in pods if not is_well(pod)]
    return tuple(case.first(ill, 3, f"unhealthy system pods on {node.ref.name}"))


def _events(case: Case, node: Obj, *reasons: str) -> list[Claim]:
    found = _node_events(case, node, *reasons)
    return [Claim("What the kubelet said", (found[-1].quote,))] if found else []


def _node_events(case: Case, node: Obj, *reasons: str) -> list[Event]:
    return [e for e in (case.events(node.ref, "what happened on the node?") or []) if e.reason in reasons]


def _history(case: Case, node: Obj) -> Iterator[Finding | State]:
    """A node that is Ready now: recently out of memory, back again, cordoned, or simply healthy."""
    ooms = _node_events(case, node, "SystemOOM")
    since = node.time("status.conditions[Ready].lastTransitionTime")
    if ooms and ooms[-1].last and case.now - ooms[-1].last < timedelta(minutes=30):
        yield _system_oom(node, ooms)
        return
    quotes = node.quote_condition("Ready", "status", "lastTransitionTime", "message")
    began = case.alert.starts_at
    lost = _node_events(case, node, "NodeNotReady")
    if _is_back(since, began, node.created) or (lost and since and lost[-1].last and lost[-1].last <= since):
        text = f"Node {node.ref.name} has been Ready again since {since:%H:%M:%S} UTC."
        yield State("recovered", node.ref, text, quotes + tuple(e.quote for e in lost[-1:]))
    elif is_cordoned(node):
        text = f"Node {node.ref.name} is Ready and cordoned: somebody keeps new pods off it."
        yield State("intended", node.ref, text, quotes + node.quote("spec.unschedulable"))
    else:
        yield State("healthy", node.ref, f"Node {node.ref.name} is Ready and under no pressure.", quotes)


def _is_back(since: datetime | None, began: datetime | None, created: datetime | None) -> bool:
    young = bool(since and created and since - created < timedelta(minutes=5))
    return bool(since and began and since > began and not young)


def _system_oom(node: Obj, ooms: list[Event]) -> Finding:
    return Finding(
        cause=SYSTEM_OOM,
        entity=node.ref,
        headline=f"Node {node.ref.name} ran out of memory and the kernel killed processes on it",
        claims=(Claim("The kubelet reported the kernel's OOM kill", tuple(e.quote for e in ooms[-2:])),),
        sure=Sure.LIKELY,
        recommendations=(look(node.ref, "finding what uses the node's memory", SYSTEM_OOM.remedy),),
        since=ooms[-1].first,
    )


def _skew(case: Case, node: Obj) -> Finding | None:
    """The node's clock against the API server's: the kubelet writes renewTime, the server dates the write."""
    if "clock" not in case.alert.text.lower() or not is_node_ready(node):
        return None
    lease = case.get("Lease", LEASES, node.ref.name, "does the node's clock agree with the API server's?")
    renewed = lease.time("spec.renewTime") if lease else None
    stored = lease.time("metadata.managedFields[0].time") if lease else None
    if not lease or not renewed or not stored or abs(renewed - stored) < SKEW:
        return None
    seconds = (renewed - stored).total_seconds()
    quotes: tuple[Quote, ...] = lease.quote("spec.renewTime", "metadata.managedFields[0].time")
    return Finding(
        cause=CLOCK,
        entity=node.ref,
        headline=f"The clock of node {node.ref.name} is {abs(seconds):.0f} s "
        f"{'ahead' if seconds > 0 else 'behind'}",
        claims=(Claim("The kubelet's time in its lease differs from the API server's", quotes),),
        sure=Sure.STATED,
        recommendations=(look(node.ref, "correcting the node's clock", CLOCK.remedy),),
    )
