"""Pods that fit on no node: CPU, memory and other resources, the pod limit, and which pods use the capacity."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, on
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.defaults import claim, given_by
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.placement import Placement, placement
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure, one_of
from agent.diagnosis.read.node import allocatable, amount, container_requests, requests
from agent.diagnosis.read.pod import containers, is_finished
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule

CPU = cause("insufficient-cpu")
MEMORY = cause("insufficient-memory")
STORAGE = cause("insufficient-ephemeral-storage")
EXTENDED = cause("insufficient-extended-resource")
TOO_MANY_PODS = cause("too-many-pods")
PREEMPTED = cause("preempted-by-priority")
_CAUSES = {"cpu": CPU, "memory": MEMORY, "ephemeral-storage": STORAGE}
_AROUND = timedelta(minutes=3)  # a preemptor is created shortly before its victim's replacement


@rule("Pod", finds=(CPU, EXTENDED, MEMORY, PREEMPTED, STORAGE))
def too_little_room(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod whose requests no node can meet, whether empty or as it is now."""
    place = placement(case, pod)
    if place is None or place.kind not in ("resource", "too-big"):
        return
    owner = workload_of(case, pod)
    resource = place.obstacle.what
    neighbours = _neighbours(case, place) if place.kind == "resource" else []
    preemptors = _preemptors(pod, neighbours, resource)
    if preemptors:
        yield _preempted(place, owner, resource, preemptors)
        return
    wanted = amount(resource, requests(pod).get(resource, 0.0))
    headline, claims = _headline(place, resource, wanted), tuple(_claims(place, resource, wanted, neighbours))
    if given := given_by(case, pod, resource, "request"):
        owner, container = given
        headline += f": LimitRange {owner.ref.name} gives it that request"
        claims = (*claims, claim(owner, container, resource, "request"))
    yield Finding(
        cause=_CAUSES.get(resource, EXTENDED),
        entity=owner.ref,
        headline=headline,
        claims=claims,
        sure=place.sure,
        recommendations=tuple(_advice(place, owner, resource)),
        ruled_out=tuple(_ruled_out(place)),
        since=place.since,
    )


@rule("Pod", finds=(TOO_MANY_PODS,))
def no_slot(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod for which the suitable nodes have no slot left."""
    place = placement(case, pod)
    if place is None or place.kind != "too-many-pods":
        return
    limits = tuple(quote for node in place.nodes[:3] for quote in node.quote("status.allocatable.pods"))
    yield Finding(
        cause=TOO_MANY_PODS,
        entity=workload_of(case, pod).ref,
        headline=f"Pod {pod.ref.name} cannot be scheduled: the nodes already run their maximum number of pods",
        claims=(place.claim(), *([Claim("The nodes' limit of pods", limits)] if limits else [])),
        sure=place.sure,
        recommendations=(
            Recommendation(
                action="making room for pods",
                sentence="Look for pods that are not needed; raise maxPods of the kubelets or add a node.",
                command=kubectl(None, "get pods --all-namespaces --field-selector=status.phase!=Running"),
                risk="none",
            ),
        ),
        since=place.since,
    )


def _headline(place: Placement, resource: str, wanted: str) -> str:
    pod = place.pod.ref.name
    if not place.nodes:
        return f"Pod {pod} requests {resource} {wanted}, which no node has free"
    most = max(allocatable(node).get(resource, 0.0) for node in place.nodes)
    if most == 0:
        return f"Pod {pod} requests {resource} {wanted}, and no node offers any {resource}"
    has = amount(resource, most)
    if place.kind == "too-big":
        return f"Pod {pod} requests {resource} {wanted}, more than any node has (at most {has})"
    return f"Pod {pod} requests {resource} {wanted}, and the nodes (each up to {has}) are full"


def _claims(place: Placement, resource: str, wanted: str, neighbours: list[Obj]) -> Iterator[Claim]:
    yield place.claim()
    if asked := _request_quotes(place.pod, resource):
        yield Claim(f"The pod requests {resource} {wanted}", asked)
    has = tuple(quote for node in place.nodes[:3] for quote in node.quote_key("status.allocatable", resource))
    if has:
        yield Claim(f"What the nodes have of {resource}", has)
    elif place.nodes:
        node = place.nodes[0]
        yield Claim(f"{node.ref} offers no {resource}", node.quote("status.allocatable"))
    takers = sorted(neighbours, key=lambda n: requests(n).get(resource, 0.0), reverse=True)[:3]
    taken = tuple(quote for taker in takers for quote in _request_quotes(taker, resource)[:1])
    if taken:
        total = amount(resource, sum(requests(each).get(resource, 0.0) for each in neighbours))
        names = ", ".join(str(taker.ref) for taker in takers)
        yield Claim(
            f"Pods on {place.nodes[0].ref.name} request {resource} {total}, most of it {names}", taken
        )


def _request_quotes(pod: Obj, resource: str) -> tuple[Quote, ...]:
    quotes: list[Quote] = []
    for container in containers(pod):
        if not container_requests(container.spec).get(resource):
            continue
        where = f"spec.{'initContainers' if container.is_init else 'containers'}[{container.name}].resources"
        quotes += pod.quote_key(f"{where}.requests", resource) or pod.quote_key(f"{where}.limits", resource)
    return tuple(quotes)


def _advice(place: Placement, owner: Obj, resource: str) -> Iterator[Recommendation]:
    lower = edit(
        owner.ref,
        f"lowering the {resource} request",
        f"Set the {resource} request to what the program needs, so that it fits on a node.",
    )
    see = on(place.nodes[0].ref, "describe") if place.nodes else kubectl(None, "describe nodes")
    if place.kind == "resource":
        sentence = f"See which pods request the {resource}; scale down what is not needed, or add a node."
        yield from one_of(lower, Recommendation("freeing room on the nodes", sentence, see, "none"))
    elif resource not in _CAUSES:
        sentence = f"If the program needs {resource}, add such a node, or repair its device plugin."
        offer = Recommendation(f"adding a node that offers {resource}", sentence, see, "none")
        yield from one_of(lower, offer)
    else:
        yield lower


def _ruled_out(place: Placement) -> Iterator[RuledOut]:
    if place.kind == "resource" and place.nodes:
        ready = tuple(q for node in place.nodes[:3] for q in node.quote_condition("Ready", "status"))
        yield RuledOut("node-not-ready", "the nodes it could run on are Ready", ready)


def _neighbours(case: Case, place: Placement) -> list[Obj]:
    """The pods on the node that is nearest to taking this one, if they still use capacity."""
    if not place.nodes:
        return []
    name = place.nodes[0].ref.name
    field, why = f"spec.nodeName={name}", f"which pods use the capacity of {name}?"
    pods = case.list("Pod", "*", field=field, why=why, need="some")
    return [pod for pod in pods or [] if not is_finished(pod) and pod.at("status.phase") != "Failed"]


def _preemptors(pod: Obj, neighbours: list[Obj], resource: str) -> list[Obj]:
    """Pods of higher priority that use the missing resource and came just before this pod was created."""
    if pod.created is None:
        return []
    own = int(pod.at("spec.priority") or 0)
    return [
        other
        for other in neighbours
        if int(other.at("spec.priority") or 0) > own
        and requests(other).get(resource)
        and other.created is not None
        and timedelta(0) <= pod.created - other.created < _AROUND
    ]


def _preempted(place: Placement, owner: Obj, resource: str, preemptors: list[Obj]) -> Finding:
    first, pod = preemptors[0], place.pod
    claims = (
        place.claim(),
        Claim(
            f"{first.ref} of priority {first.at('spec.priority')} was created just before pod {pod.ref.name} "
            f"replaced "
            f"an earlier one of priority {pod.at('spec.priority') or 0}",
            first.quote("spec.priority", "spec.priorityClassName", "metadata.creationTimestamp")
            + pod.quote("spec.priority", "metadata.creationTimestamp"),
        ),
        Claim(f"{first.ref} uses the {resource} that is missing", _request_quotes(first, resource)),
    )
    return Finding(
        cause=PREEMPTED,
        entity=owner.ref,
        headline=f"Pods of higher priority ({first.ref}) took the {resource} that pod {pod.ref.name} needs",
        claims=claims,
        sure=Sure.LIKELY,
        recommendations=tuple(_advice(place, owner, resource)),
        since=first.created,
    )
