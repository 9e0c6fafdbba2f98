"""Pods kept apart or together by rules about other pods, and host ports that are in use."""

from collections.abc import Iterator
from typing import Any

from agent.diagnosis.advice import edit
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import selects, workload_of
from agent.diagnosis.facts.placement import Placement, placement
from agent.diagnosis.finding import Claim, Finding
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.selector import selector_text
from agent.diagnosis.read.thing import Obj, dig
from agent.diagnosis.registry import rule

POD_AFFINITY = cause("pod-affinity-unmatched")
ANTI_AFFINITY = cause("pod-anti-affinity")
TOPOLOGY = cause("topology-spread")
HOST_PORT = cause("host-port-taken")


@rule("Pod", finds=(ANTI_AFFINITY, HOST_PORT, POD_AFFINITY, TOPOLOGY))
def kept_apart(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod that other pods keep off the nodes."""
    place = placement(case, pod)
    make = _MAKERS.get(place.kind) if place else None
    if place and make:
        yield make(case, place, workload_of(case, pod))


def _affinity(case: Case, place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    claims, wanted = _rules(pod, "podAffinity")
    return Finding(
        cause=POD_AFFINITY,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} must run beside pods with {wanted}, and no node that could take it "
        f"has one",
        claims=(place.claim(), *claims),
        sure=place.sure,
        recommendations=(
            edit(
                owner.ref, "correcting the pod affinity", "Correct the labels or make the affinity preferred."
            ),
        ),
        since=place.since,
    )


def _anti_affinity(case: Case, place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    claims, wanted = _rules(pod, "podAntiAffinity")
    holders = _holders(case, place, "podAntiAffinity")
    return Finding(
        cause=ANTI_AFFINITY,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} must not share a node with pods of {wanted}, and every suitable node "
        f"has one",
        claims=(place.claim(), *claims, *holders),
        sure=place.sure,
        recommendations=(
            edit(
                owner.ref,
                "relaxing the anti-affinity",
                "Make the anti-affinity preferred, or run no more replicas than there are nodes.",
            ),
        ),
        since=place.since,
    )


def _anti_affinity_of_others(case: Case, place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    rivals = [other for other in _on_best_node(case, place) if _shuns(other, pod)]
    quotes = tuple(quote for other in rivals[:2] for quote in other.quote("spec.affinity.podAntiAffinity"))
    who = ", ".join(str(other.ref) for other in rivals[:2]) or "pods that already run"
    return Finding(
        cause=ANTI_AFFINITY,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} cannot be scheduled because the anti-affinity of {who} keeps it away",
        claims=(place.claim(), *([Claim(f"{who} must not share a node with it", quotes)] if quotes else [])),
        sure=place.sure,
        recommendations=(
            edit(
                owner.ref,
                "changing the labels or the rule",
                f"Change the labels that the rule of {who} names.",
            ),
        ),
        since=place.since,
    )


def _spread(case: Case, place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    rules = [
        (position, rule)
        for position, rule in enumerate(pod.items("spec.topologySpreadConstraints"))
        if rule.get("whenUnsatisfiable") != "ScheduleAnyway"
    ]
    keys = ", ".join(str(rule.get("topologyKey")) for _, rule in rules)
    quotes = pod.quote(
        *(
            f"spec.topologySpreadConstraints[{position}].{part}"
            for position, _ in rules
            for part in ("topologyKey", "maxSkew", "whenUnsatisfiable", "minDomains")
        )
    )
    lacking = place.kind == "topology-label"
    why = "the nodes do not have that label" if lacking else "every remaining node would make it too uneven"
    return Finding(
        cause=TOPOLOGY,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} must be spread over {keys or 'a topology'}, and {why}",
        claims=(place.claim(), *([Claim("The pod's topology spread constraints", quotes)] if quotes else [])),
        sure=place.sure,
        recommendations=(
            edit(
                owner.ref,
                "correcting the spread constraint",
                "Correct topologyKey, raise maxSkew, or set whenUnsatisfiable to ScheduleAnyway.",
            ),
        ),
        since=place.since,
    )


def _host_port(case: Case, place: Placement, owner: Obj) -> Finding:
    pod = place.pod
    asked = _host_ports(pod)
    port = f"host port {', '.join(map(str, asked))}" if asked else "a host port"
    holders = [other for other in _on_best_node(case, place) if asked.keys() & _host_ports(other).keys()]
    claims = [place.claim()]
    if asked:
        claims.append(Claim(f"The pod asks for {port}", pod.quote(*asked.values())))
    claims += [
        Claim(f"{other.ref} uses it", other.quote(*_host_ports(other).values())) for other in holders[:2]
    ]
    who = f", which {holders[0].ref} already uses" if holders else ""
    return Finding(
        cause=HOST_PORT,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} asks for {port}{who}",
        claims=tuple(claims),
        sure=place.sure,
        recommendations=(
            edit(
                owner.ref,
                "removing the hostPort",
                "Use a Service instead of hostPort, or choose a free port.",
            ),
        ),
        since=place.since,
    )


def _host_ports(pod: Obj) -> dict[int, str]:
    """Host port -> its path in the spec."""
    ports = {}
    for container in pod.items("spec.containers"):
        for position, port in enumerate(container.get("ports") or []):
            if port.get("hostPort"):
                label = port.get("name") or position
                ports[int(port["hostPort"])] = (
                    f"spec.containers[{container.get('name')}].ports[{label}].hostPort"
                )
    return ports


def _terms(pod: Obj, kind: str) -> list[tuple[str, dict[str, Any]]]:
    path = f"spec.affinity.{kind}.requiredDuringSchedulingIgnoredDuringExecution"
    return [(f"{path}[{position}]", term) for position, term in enumerate(pod.items(path))]


def _rules(pod: Obj, kind: str) -> tuple[list[Claim], str]:
    """The pod's required rules of a kind, as a claim and in words."""
    terms = _terms(pod, kind)
    quotes: tuple[Quote, ...] = ()
    for where, term in terms:
        quotes += pod.quote(f"{where}.topologyKey", f"{where}.labelSelector")
        for key in dig(term, "labelSelector.matchLabels") or {}:
            quotes += pod.quote_key(f"{where}.labelSelector.matchLabels", key)
    words = " and ".join(selector_text(term.get("labelSelector")) for _, term in terms) or "certain labels"
    return ([Claim("The pod's rule", tuple(dict.fromkeys(quotes)))] if quotes else []), words


def _holders(case: Case, place: Placement, kind: str) -> list[Claim]:
    """Which pod is already on the best node, by the pod's own rule."""
    terms = [term.get("labelSelector") for _, term in _terms(place.pod, kind)]
    there = [
        other for other in _on_best_node(case, place) if any(selects(t, other.labels) for t in terms if t)
    ]
    return (
        [Claim(f"{there[0].ref} is on {place.nodes[0].ref.name}", there[0].quote("spec.nodeName"))]
        if there
        else []
    )


def _shuns(other: Obj, pod: Obj) -> bool:
    terms = [term.get("labelSelector") for _, term in _terms(other, "podAntiAffinity")]
    return any(selects(term, pod.labels) for term in terms if term)


def _on_best_node(case: Case, place: Placement) -> list[Obj]:
    if not place.nodes:
        return []
    name = place.nodes[0].ref.name
    return (
        case.list("Pod", "*", field=f"spec.nodeName={name}", why=f"which pods run on {name}?", need="some")
        or []
    )


_MAKERS = {
    "pod-affinity": _affinity,
    "pod-anti-affinity": _anti_affinity,
    "existing-anti-affinity": _anti_affinity_of_others,
    "topology-spread": _spread,
    "topology-label": _spread,
    "host-port": _host_port,
}
