"""Pods that lost their node: evicted, refused by the kubelet, preempted, or on a node that is lost."""

import re
from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import pods_of, workload_of
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.read.node import is_node_ready
from agent.diagnosis.read.pod import is_deleting, is_overdue, is_ready
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.quantity import parse_quantity
from agent.ref import Ref

EMPTY_DIR = cause("emptydir-limit-exceeded")
EPHEMERAL = cause("ephemeral-storage-exceeded")
OVER_REQUEST = cause("evicted-over-request")
NODE_PRESSURE = cause("node-pressure-eviction")
REFUSED = cause("kubelet-refused-pod")
SHUTDOWN = cause("node-shutdown")
CRITICAL = cause("preempted-for-critical-pod")
LOST = cause("pod-on-lost-node")
_EMPTY_DIR = re.compile(r'Usage of EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"')
_EPHEMERAL = re.compile(r"ephemeral local storage usage exceeds|exceeded its local ephemeral storage limit")
_SHORT = re.compile(r"low on resource: ([\w-]+)|had condition: \[(\w+)\]")
_USED = re.compile(r"Container (\S+) was using ([0-9.]+\w*), request is ([0-9.]+\w*)")
_REFUSALS = re.compile(r"OutOf\w+|NodeAffinity|NodeName|NodePorts|UnexpectedAdmissionError|AdmissionError")
HOG = 2.0  # times its request: a container that used this much overloaded the node, whatever else did
GRACE = timedelta(seconds=60)
SETTLED = timedelta(hours=1)


@rule("Pod", finds=(CRITICAL, EMPTY_DIR, EPHEMERAL, NODE_PRESSURE, OVER_REQUEST, REFUSED, SHUTDOWN))
def put_off(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """A pod that failed for a reason of the node's kubelet."""
    reason = str(pod.at("status.reason") or "")
    if pod.at("status.phase") != "Failed" or not reason:
        return
    owner = workload_of(case, pod)
    if owner.ref != pod.ref and _is_replaced(owner) and not _recurs(case, pod, owner):
        text = f"Pod {pod.ref.name} was removed from its node ({reason}) and has been replaced."
        yield State("recovered", pod.ref, text, pod.quote("status.reason", "status.message"))
        complete = owner.quote("status.availableReplicas", "status.numberAvailable", "status.readyReplicas")
        yield State("recovered", owner.ref, f"{owner.ref} is complete.", complete)
        return
    if finding := _evicted(pod, owner, reason):
        yield finding


def _is_replaced(owner: Obj) -> bool:
    wanted = owner.at("spec.replicas")
    return bool(wanted) and owner.at("status.readyReplicas") == wanted


def _recurs(case: Case, pod: Obj, owner: Obj) -> bool:
    """Whether pods of its workload exceed their own limit repeatedly, so that each replacement will too."""
    if not _broke_own_limit(pod):
        return False
    broken = [each for each in pods_of(case, owner) or [] if _broke_own_limit(each)]
    ends = [each.time("status.conditions[Ready].lastTransitionTime") for each in broken]
    return len(broken) > 1 and any(end and case.now - end < SETTLED for end in ends)


def _broke_own_limit(pod: Obj) -> bool:
    message = str(pod.at("status.message") or "")
    return pod.at("status.reason") == "Evicted" and bool(
        _EMPTY_DIR.search(message) or _EPHEMERAL.search(message)
    )


def _evicted(pod: Obj, owner: Obj, reason: str) -> Finding | None:
    message = str(pod.at("status.message") or "")
    node = str(pod.at("spec.nodeName") or "")
    entity = owner.ref
    leads: tuple[Ref, ...] = ()
    if reason == "Evicted" and (found := _EMPTY_DIR.search(message)):
        cause, words = EMPTY_DIR, f"the emptyDir {found[1]} exceeded its limit of {found[2]}"
        advice = edit(
            owner.ref,
            "raising sizeLimit or writing less",
            f"Raise sizeLimit of {found[1]}, or clean up the volume.",
        )
    elif reason == "Evicted" and _EPHEMERAL.search(message):
        cause, words = EPHEMERAL, "it used more local storage than its limit"
        advice = edit(owner.ref, "raising its limit of local storage or writing less", EPHEMERAL.remedy)
    elif reason == "Evicted":
        short = _SHORT.search(message)
        words = f"node {node} was short of {(short[1] or short[2]) if short else 'a resource'}"
        cause, entity = NODE_PRESSURE, Ref("Node", "", node) if node else owner.ref
        leads = (Ref("Node", "", node),) if node else ()
        advice = look(
            Ref("Node", "", node), "finding what uses up that resource on the node", NODE_PRESSURE.remedy
        )
        if hog := _hog(message):
            cause, entity, leads, words = OVER_REQUEST, owner.ref, (), f"{words}, and {hog}"
            advice = edit(owner.ref, "requesting and limiting what it needs", OVER_REQUEST.remedy)
    elif _REFUSALS.fullmatch(reason) or message.startswith("Pod was rejected"):
        cause, words = REFUSED, f"the kubelet of {node} refused it ({reason})"
        advice = edit(owner.ref, "leaving the choice of the node to the scheduler", REFUSED.remedy)
    elif reason == "Terminated":
        cause, words, entity = SHUTDOWN, f"node {node} was shut down", Ref("Node", "", node)
        advice = look(entity, "checking that the shutdown was intended", SHUTDOWN.remedy)
    elif reason == "Preempting":
        cause, words = CRITICAL, "a critical pod needed its resources"
        advice = edit(owner.ref, "lowering its requests or adding room on the node", CRITICAL.remedy)
    else:
        return None
    spec = pod.quote("spec.nodeName")
    return Finding(
        cause=cause,
        entity=entity,
        headline=f"Pod {pod.ref.name} {'was evicted' if reason == 'Evicted' else 'failed'} because {words}",
        claims=(
            Claim("The pod failed", pod.quote("status.phase", "status.reason", "status.message") + spec),
        ),
        sure=Sure.STATED,
        recommendations=(advice,),
        leads_to=leads,
        since=pod.time("status.conditions[DisruptionTarget].lastTransitionTime"),
    )


def _hog(message: str) -> str:
    """The container that used far more than it requests, in words; empty without one."""
    for name, used, requested in _USED.findall(message):
        try:
            use, request = parse_quantity(used.rstrip(",.")), parse_quantity(requested.rstrip(",."))
        except ValueError:
            continue
        if use > HOG * request:
            return f"its container {name} used {used} while requesting {requested.rstrip(',.')}"
    return ""


@rule("Pod", finds=(LOST,))
def lost_with_its_node(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod shown in its last known state because its node does not report."""
    name = str(pod.at("spec.nodeName") or "")
    if (
        not name
        or pod.at("status.phase") not in ("Running", "Pending")
        or (is_ready(pod) and not is_deleting(pod))
    ):
        return
    if not (_without_reason(pod) or is_overdue(pod, case.now, GRACE) or _untouched(case, pod)):
        return
    node = case.get("Node", "", name, f"is the node of pod {pod.ref.name} healthy?")
    if not node or not node.condition("Ready") or is_node_ready(node):
        return
    said = [e for e in (case.events(pod.ref, "when was the pod lost?") or []) if e.reason == "NodeNotReady"]
    quotes = pod.quote("spec.nodeName") + pod.quote_condition("Ready", "status", "lastTransitionTime")
    yield Finding(
        cause=LOST,
        entity=workload_of(case, pod).ref,
        headline=f"Pod {pod.ref.name} is lost with its node {name}",
        claims=(
            Claim(f"The pod is on {name} and is no longer ready", quotes + tuple(e.quote for e in said[-1:])),
            Claim(f"Node {name} is not Ready", node.quote_condition("Ready", "status", "reason", "message")),
        ),
        sure=Sure.STATED,
        recommendations=(look(node.ref, "restoring the node", LOST.remedy),),
        leads_to=(node.ref,),
        since=pod.time("status.conditions[Ready].lastTransitionTime"),
    )


def _without_reason(pod: Obj) -> bool:
    """Ready was set to False by the node controller, which gives no reason."""
    ready = pod.condition("Ready")
    return ready.get("status") == "False" and not ready.get("reason")


def _untouched(case: Case, pod: Obj) -> bool:
    """Whether it has been bound to its node for a while and the kubelet has not started on it."""
    waits = pod.at("status.phase") == "Pending" and not pod.items("status.containerStatuses")
    return waits and pod.created is not None and case.now - pod.created > GRACE
