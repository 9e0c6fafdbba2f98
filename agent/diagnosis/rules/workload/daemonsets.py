"""DaemonSets: no node that fits, nodes they should no longer run on, pods that are not ready."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit, on
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import has_all_pods, pods_of
from agent.diagnosis.facts.replicas import is_starting
from agent.diagnosis.facts.rollout import present, wanted
from agent.diagnosis.facts.stand_ins import own_pods, stand_ins
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings import workloads
from agent.diagnosis.findings.workloads import healthy_or_recovered, settled, short
from agent.diagnosis.read.node import is_node_ready, matches_affinity, missing_selector, untolerated
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

NO_NODE = cause("daemonset-no-node")
MISPLACED = cause("daemonset-misscheduled")


@rule("DaemonSet", finds=(MISPLACED, NO_NODE, *workloads.FINDS))
def daemon_set(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Compare the nodes it wants, has, and is ready on."""
    if (said := settled(case, obj)) is not None:
        yield from said
        return
    nodes, ready = wanted(obj), present(obj)
    if nodes == 0:
        yield from _no_node(case, obj)
        return
    if obj.at("status.numberMisscheduled"):
        yield from _misplaced(case, obj)
    own, chosen = own_pods(case, obj), stand_ins(case, obj)
    if isinstance(own, Lack) or isinstance(chosen, Lack):
        return
    _ask_silent_nodes(case, own)
    quotes = obj.quote("status.desiredNumberScheduled", "status.numberReady", "status.updatedNumberScheduled")
    if ready < nodes or chosen:
        if chosen and all(is_starting(case, pod) for pod in chosen):
            yield State(
                "progressing", obj.ref, f"{obj.ref} starts: {ready} of {nodes} pods are ready.", quotes
            )
        else:
            yield short(case, obj, quotes)
    elif not obj.at("status.numberMisscheduled"):
        yield healthy_or_recovered(case, obj, own, f"{ready} of {nodes} pods are ready", quotes)


def _ask_silent_nodes(case: Case, pods: list[Obj]) -> None:
    """Read the node of a pod that is not ready for no visible reason: it may be lost."""
    for pod in pods:
        condition = pod.condition("Ready")
        if condition.get("status") == "False" and not condition.get("reason") and pod.at("spec.nodeName"):
            case.get("Node", "", str(pod.at("spec.nodeName")), "is the node lost?")


def _no_node(case: Case, obj: Obj) -> Iterator[Finding]:
    nodes = case.list("Node", "*", why=f"which nodes fit {obj.ref}?")
    if not nodes:
        return
    why, quotes, action = _why_not(obj, nodes)
    if not why:
        return
    headline = f"No node fits DaemonSet {obj.ref.name}: {why}"
    claim = Claim(headline, obj.quote("status.desiredNumberScheduled") + quotes)
    sentence = f"Make the DaemonSet fit the nodes it is meant for: {why}."
    yield Finding(NO_NODE, obj.ref, headline, (claim,), Sure.LIKELY, (edit(obj.ref, action, sentence),))


def _why_not(obj: Obj, nodes: list[Obj]) -> tuple[str, tuple[Quote, ...], str]:
    """What keeps it off every node: words, quotes, the action that helps."""
    pod = _as_pod(obj)
    selector = obj.at("spec.template.spec.nodeSelector") or {}
    unmatched = [node for node in nodes if missing_selector(pod, node)]
    if len(unmatched) == len(nodes):
        lacking = sorted({f"{k}={v}" for node in nodes for k, v in missing_selector(pod, node).items()})
        quotes = tuple(q for key in selector for q in obj.quote_key("spec.template.spec.nodeSelector", key))
        return f"none has the label {', '.join(lacking)}", quotes, "correcting its node selector"
    if not any(matches_affinity(pod, node) for node in nodes):
        quotes = obj.quote("spec.template.spec.affinity.nodeAffinity")
        return "none matches its required node affinity", quotes, "correcting its node affinity"
    fitting = [n for n in nodes if not missing_selector(pod, n) and matches_affinity(pod, n)]
    tainted = {n.ref: untolerated(pod, n) for n in fitting}
    if all(tainted.values()):
        node = fitting[0]
        place, taint = tainted[node.ref][0]
        words = f"{len(fitting)} matching node(s) carry taints it does not tolerate ({taint.get('key')})"
        return words, node.quote(f"spec.taints[{place}].key"), "adding the toleration"
    return "", (), ""


def _misplaced(case: Case, obj: Obj) -> Iterator[Finding]:
    nodes = case.list("Node", "*", why=f"where should {obj.ref} not run?", need="some")
    pods = pods_of(case, obj)
    if isinstance(nodes, Lack) or isinstance(pods, Lack):
        return
    template, used = _as_pod(obj), {pod.at("spec.nodeName"): pod for pod in pods}
    for node in nodes:
        pod, taints = used.get(node.ref.name), untolerated(template, node)
        unfit = missing_selector(template, node) or not matches_affinity(template, node)
        if pod is None or not (taints or unfit) or not is_node_ready(node):
            continue
        why = f"taint {taints[0][1].get('key')}" if taints else "its labels no longer match"
        quotes = node.quote(f"spec.taints[{taints[0][0]}].key") if taints else pod.quote("spec.nodeName")
        headline = (
            f"DaemonSet {obj.ref.name} still runs on node {node.ref.name}, where it does not belong ({why})"
        )
        remove = Recommendation(
            "deleting the misplaced pods",
            f"Delete {pod.ref.name}, or tolerate what changed on the node.",
            on(pod.ref, "delete"),
            "low",
            on(obj.ref, "get"),
        )
        claim = Claim(headline, obj.quote("status.numberMisscheduled") + quotes)
        yield Finding(MISPLACED, obj.ref, headline, (claim,), Sure.LIKELY, (remove,))
        return
    case.is_partial("Node", "*")  # if this list or that of the pods is partial, that is reported
    has_all_pods(case, obj)


def _as_pod(obj: Obj) -> Obj:
    """The template as the pod it creates, for code that compares pods with nodes."""
    return Obj(obj.ref, obj.at("spec.template") or {}, obj.evidence, obj.prefix)
