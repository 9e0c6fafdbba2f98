"""Pods that match no node: selectors, affinity, taints, cordons, and unhealthy nodes."""

from collections.abc import Callable, Iterator

from agent.diagnosis.advice import edit, on
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import Command, Withheld, kubectl
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.placement import Placement, placement
from agent.diagnosis.finding import Claim, Finding, Recommendation, one_of
from agent.diagnosis.read.node import missing_selector, untolerated
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.ref import Ref

SELECTOR = cause("node-selector-unmatched")
AFFINITY = cause("node-affinity-unmatched")
TAINT = cause("untolerated-taint")
CORDONED = cause("node-cordoned")
NO_HEALTHY_NODE = cause("no-healthy-node")


@rule("Pod", finds=(AFFINITY, CORDONED, NO_HEALTHY_NODE, SELECTOR, TAINT))
def unsuited(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod that the nodes' labels, taints or cordons keep out."""
    place = placement(case, pod)
    make = _MAKERS.get(place.kind) if place else None
    if place and make:
        yield make(case, place, workload_of(case, pod))


def _selector(case: Case, place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    unmatched = {key: value for node in place.nodes for key, value in missing_selector(pod, node).items()}
    selector = pod.at("spec.nodeSelector") or {}
    missing = {key: value for key, value in selector.items() if key in unmatched} or dict(selector)
    if not missing:
        return _affinity(place, owner)
    wanted = ", ".join(f"{key}={value}" for key, value in missing.items())
    asked = tuple(quote for key in missing for quote in pod.quote_key("spec.nodeSelector", key))
    first = next(iter(missing))
    return Finding(
        cause=SELECTOR,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} asks for a node with {wanted}, and no node that could take it has "
        f"that label",
        claims=(
            place.claim(),
            Claim(f"The pod asks for {wanted}", asked),
            *_labels(place.nodes, list(missing)),
        ),
        sure=place.sure,
        recommendations=one_of(
            edit(
                owner.ref,
                "correcting the node selector",
                f"Change or remove {wanted} in the template's nodeSelector.",
            ),
            *_change_node(
                place,
                "labelling a node",
                "If a node is meant to have it, add the label.",
                lambda node: kubectl(
                    None, "label node {node} {key}={value}", node=node, key=first, value=missing[first]
                ),
            ),
        ),
        since=place.since,
    )


def _affinity(place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    rules = [
        (f"{path}[{t}].matchExpressions[{r}]", rule)
        for t, term in enumerate(pod.items(path))
        for r, rule in enumerate(term.get("matchExpressions") or [])
    ]
    words = [
        "{} {} {}".format(r.get("key"), r.get("operator"), "/".join(r.get("values") or [])).strip()
        for _, r in rules
    ]
    quotes = pod.quote(*(f"{where}.{part}" for where, _ in rules for part in ("key", "operator", "values")))
    return Finding(
        cause=AFFINITY,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} requires a node with {' and '.join(words) or 'labels'}, and no node "
        f"matches",
        claims=(
            place.claim(),
            Claim("The pod's required node affinity", quotes or pod.quote("spec.affinity")),
            *_labels(place.nodes, [str(rule.get("key")) for _, rule in rules]),
        ),
        sure=place.sure,
        recommendations=(
            edit(
                owner.ref,
                "correcting the node affinity",
                "Correct the required terms or make them preferred.",
            ),
        ),
        since=place.since,
    )


def _labels(nodes: tuple[Obj, ...], keys: list[str]) -> Iterator[Claim]:
    """The nodes' values for those keys."""
    has = tuple(
        quote for node in nodes[:3] for key in keys for quote in node.quote_key("metadata.labels", key)
    )
    names = ", ".join(node.ref.name for node in nodes[:3])
    if has:
        yield Claim(f"The nodes ({names}) have other values", has)
    elif nodes:
        yield Claim(f"The nodes ({names}) have no such label", nodes[0].quote("metadata.labels"))


def _taint(case: Case, place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    named, key = place.obstacle.what or "a taint", place.obstacle.what.partition("=")[0]
    return Finding(
        cause=TAINT,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} does not tolerate the taint {named} of the nodes that could take it",
        claims=(place.claim(), *_taints(place)),
        sure=place.sure,
        recommendations=one_of(
            edit(
                owner.ref,
                "adding the toleration",
                f"If the pod belongs on those nodes, let it tolerate {named}.",
            ),
            *_change_node(
                place,
                "removing the taint",
                "If the taint is no longer intended, remove it.",
                lambda node: kubectl(None, "taint node {node} {key}-", node=node, key=key),
            ),
        ),
        since=place.since,
    )


def _taints(place: Placement) -> Iterator[Claim]:
    quotes: tuple[Quote, ...] = ()
    for node in place.nodes[:3]:
        for position, _ in untolerated(place.pod, node):
            quotes += node.quote(*(f"spec.taints[{position}].{part}" for part in ("key", "value", "effect")))
    if quotes:
        yield Claim("Taints of the nodes", quotes)


def _cordoned(case: Case, place: Placement, owner: Obj) -> Finding:
    pod, names = place.pod, place.names or "every node"
    quotes = tuple(quote for node in place.nodes[:3] for quote in node.quote("spec.unschedulable"))
    return Finding(
        cause=CORDONED,
        entity=place.nodes[0].ref if place.nodes else owner.ref,
        headline=f"Pod {pod.ref.name} cannot be scheduled because {names} is cordoned",
        claims=(place.claim(), *([Claim(f"{names} is marked unschedulable", quotes)] if quotes else [])),
        sure=place.sure,
        recommendations=tuple(
            _change_node(
                place,
                "uncordoning the node",
                "When the node's maintenance is over, uncordon it.",
                lambda node: kubectl(None, "uncordon {node}", node=node),
            )
        ),
        since=place.since,
    )


def _in_trouble(case: Case, place: Placement, owner: Obj) -> Finding:
    pod, names = place.pod, place.names or "every node"
    return Finding(
        cause=NO_HEALTHY_NODE,
        entity=place.nodes[0].ref if place.nodes else owner.ref,
        headline=f"Pod {pod.ref.name} cannot be scheduled because {names} has a problem ({place.obstacle.what})",
        claims=(place.claim(), *_taints(place)),
        sure=place.sure,
        recommendations=(
            Recommendation(
                "looking at the nodes",
                "Read their conditions.",
                kubectl(None, "describe nodes"),
                "none",
            ),
        ),
        leads_to=tuple(Ref("Node", "", node.ref.name) for node in place.nodes[:3]),
        since=place.since,
    )


def _change_node(
    place: Placement, action: str, sentence: str, change: Callable[[str], Command | Withheld]
) -> Iterator[Recommendation]:
    """A change of the node that is nearest to taking the pod; nothing when no node is known."""
    for node in place.nodes[:1]:
        yield Recommendation(
            action, sentence, change(node.ref.name), "medium", on(place.pod.ref, "get", "-o wide")
        )


_MAKERS = {
    "node-affinity": _selector,
    "taint": _taint,
    "reserved": _taint,
    "control-plane": _taint,
    "cordoned": _cordoned,
    "node-condition": _in_trouble,
}
