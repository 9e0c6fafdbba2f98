"""Placement: why a pod has no node, and which of many reasons is the one to fix.

The scheduler names for each node only the first filter that refused it. Here the filters that can be
computed from the objects (cordon, taints, node affinity, size) are computed for every node, so that
the node that needs the least to take the pod decides, and a cure that would only uncover the next
obstacle is not taken for the cause.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.fact import fact
from agent.diagnosis.facts.graph import selector_text
from agent.diagnosis.facts.volume import claims_of
from agent.diagnosis.finding import Claim, Sure
from agent.diagnosis.read.node import (
    CONDITION_TAINTS,
    CONTROL_PLANE_TAINTS,
    allocatable,
    is_cordoned,
    matches_affinity,
    missing_selector,
    requests,
    untolerated,
)
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.read.unschedulable import Reason, Refusal, read_refusal

# How serious an obstacle is: what soon ends (a cordon, a node's bad hour) weighs less than what somebody
# must change, and what the pod asks for by name less than what it never mentioned.
COSTS = {
    "node-condition": 0.9,
    "cordoned": 1.0,
    "resource": 1.2,
    "host-port": 1.3,
    "too-many-pods": 1.3,
    "pod-anti-affinity": 1.3,
    "existing-anti-affinity": 1.3,
    "topology-spread": 1.4,
    "taint": 1.5,
    "too-big": 1.6,
    "pod-affinity": 1.6,
    "topology-label": 1.7,
    "volume-affinity": 1.8,
    "volume-zone": 1.8,
    "node-affinity": 2.0,
    "reserved": 3.0,
    "control-plane": 4.0,
}
MOST_TERMS = 3
_OF_CLAIMS = frozenset(
    {
        "claim-missing",
        "claim-unbound",
        "claim-lost",
        "claim-deleting",
        "claim-waiting",
        "volume-unavailable",
        "volume-affinity",
        "volume-zone",
        "volume-in-use",
    }
)

COMPUTED = frozenset({"taint", "cordoned", "node-affinity", "plugin"})


@dataclass(frozen=True)
class Obstacle:
    """One thing that keeps a pod off a node; `what` is the taint, the resource or the reason's words."""

    kind: str
    what: str = ""


@dataclass(frozen=True, eq=False)
class Placement:
    """The obstacle to remove and the nodes that would then be closest to taking the pod.

    `nodes` are all nodes with that obstacle, the best one first; empty when nodes could not be read.
    """

    pod: Obj
    refusal: Refusal
    obstacle: Obstacle
    nodes: tuple[Obj, ...]
    all_nodes: tuple[Obj, ...]

    @property
    def kind(self) -> str:
        """The obstacle's kind."""
        return self.obstacle.kind

    @property
    def sure(self) -> Sure:
        """Certain if the scheduler gave one reason or the nodes could be compared."""
        return Sure.STATED if self.nodes or len(self.refusal.reasons) == 1 else Sure.POSSIBLE

    @property
    def names(self) -> str:
        """The names of the first few of `nodes`."""
        more = ", ..." if len(self.nodes) > 3 else ""
        return ", ".join(node.ref.name for node in self.nodes[:3]) + more

    @property
    def since(self) -> datetime | None:
        """When the scheduler first gave up."""
        return self.pod.time("status.conditions[PodScheduled].lastTransitionTime")

    def claim(self) -> Claim:
        """What the scheduler says."""
        quotes = self.pod.quote_condition("PodScheduled", "reason", "message")
        return Claim(f"The scheduler finds no node for pod {self.pod.ref.name}", quotes)


@fact
def placement(case: Case, pod: Obj) -> Placement | None:
    """Why the scheduler has not placed a pod; None if it has, if it was not responsible, or while unread."""
    condition = pod.condition("PodScheduled")
    if (
        pod.at("spec.nodeName")
        or pod.at("metadata.deletionTimestamp")
        or condition.get("reason") != "Unschedulable"
    ):
        return None
    refusal = read_refusal(str(condition.get("message") or ""))
    nodes = _candidates(case, pod)
    if nodes is Lack.UNREAD:
        return None
    return decide(pod, refusal, nodes or [], partial=case.is_partial("Node", "*"))


def claims_in_the_way(case: Case, pod: Obj) -> list[str]:
    """The claims of a pod that the scheduler does not place because of one of them."""
    place = placement(case, pod)
    if place is None or not place.refusal.kinds() & _OF_CLAIMS:
        return []
    return list(dict.fromkeys(claims_of(pod).values()))


def _candidates(case: Case, pod: Obj) -> list[Obj] | Lack:
    """The nodes; if the list was too long to be kept whole, also those the pod asks for by label."""
    why = "which nodes could take the pod?"
    nodes = case.list("Node", "*", why=why, need="some")
    if isinstance(nodes, Lack) or not case.is_partial("Node", "*"):
        return nodes
    terms = pod.at(
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    )
    asked = [pod.at("spec.nodeSelector")] if pod.at("spec.nodeSelector") else terms or []
    labels = [text for each in asked if (text := selector_text(each))]
    few = case.first(labels, MOST_TERMS, f"terms of the node affinity of {pod.ref}")
    lists = [nodes, *(case.list("Node", "*", label=label, why=why, need="some") for label in few)]
    if Lack.UNREAD in lists:
        return Lack.UNREAD
    return [*{node.ref: node for found in lists for node in found or []}.values()]


def decide(pod: Obj, refusal: Refusal, nodes: list[Obj], *, partial: bool = False) -> Placement | None:
    """The obstacle on the node that is nearest to taking the pod; `partial` when there are more nodes."""
    claims = refusal.of(
        "claim-missing", "claim-lost", "claim-deleting", "claim-unbound", "claim-waiting", "no-nodes"
    )
    if claims:
        return Placement(pod, refusal, Obstacle(claims[0].kind, claims[0].what), (), tuple(nodes))
    stated = sorted((_obstacle(r) for r in refusal.reasons if r.kind not in COMPUTED), key=cost)
    ways = [(node, found) for node in nodes if (found := _computed(pod, node) or stated[:1])]
    if not ways:
        return _from_words(pod, refusal)
    if partial and stated and all(stated[0] not in found for _, found in ways):
        return Placement(pod, refusal, stated[0], (), tuple(nodes))  # of nodes that came further than these
    _, best = min(ways, key=_effort)
    decisive = max(best, key=cost)
    if more := _of_more_nodes(pod, refusal, decisive, [each for _, found in ways for each in found]):
        others = [node for node, found in ways if decisive not in found]
        return Placement(pod, refusal, more, tuple(others), tuple(nodes))
    near = sorted((way for way in ways if decisive in way[1]), key=_effort)
    return Placement(pod, refusal, decisive, tuple(node for node, _ in near), tuple(nodes))


def _of_more_nodes(pod: Obj, refusal: Refusal, decisive: Obstacle, seen: list[Obstacle]) -> Obstacle | None:
    """What keeps the pod off more nodes than one that is cordoned or has a bad hour does: a node less is usual."""
    taints = refusal.of("taint")
    passing = {
        "cordoned": refusal.of("cordoned"),
        "node-condition": [each for each in taints if _key(each) in CONDITION_TAINTS],
    }
    here = sum(each.nodes for each in passing.get(decisive.kind, ()))
    if not here:
        return None
    usual = {*CONDITION_TAINTS, *CONTROL_PLANE_TAINTS}
    rest = [
        each
        for each in refusal.reasons
        if each.kind not in ("cordoned", "plugin") and not (each.kind == "taint" and _key(each) in usual)
    ]
    most = max(rest, key=lambda each: each.nodes, default=None)
    if most is None or most.nodes <= here:
        return None
    if most.kind != "taint":
        return _obstacle(most)
    if most.what:
        return Obstacle(_taint_kind(pod, _key(most)), most.what)
    taints_seen = Counter(
        each for each in seen if each.kind in ("taint", "reserved")
    )  # since 1.34 none is named
    return taints_seen.most_common(1)[0][0] if taints_seen else None


def _key(taint: Reason) -> str:
    return taint.what.partition("=")[0]


def _from_words(pod: Obj, refusal: Refusal) -> Placement | None:
    """The reason that most nodes gave, if the nodes themselves were not read."""
    reasons = [reason for reason in refusal.reasons if reason.kind != "plugin"]
    most = max(reasons, key=lambda reason: reason.nodes, default=None)
    return Placement(pod, refusal, _obstacle(most), (), ()) if most else None


def _effort(way: tuple[Obj, list[Obstacle]]) -> float:
    return sum(map(cost, way[1]))


def cost(obstacle: Obstacle) -> float:
    """How much the obstacle weighs against others."""
    return COSTS.get(obstacle.kind, 1.5)


def _obstacle(reason: Reason) -> Obstacle:
    return Obstacle(reason.kind, reason.what or (reason.text if reason.kind == "other" else ""))


def _computed(pod: Obj, node: Obj) -> list[Obstacle]:
    """What keeps the pod off one node, as far as the objects show it."""
    found = [Obstacle("cordoned")] if is_cordoned(node) else []
    for _, taint in untolerated(pod, node):
        key = str(taint.get("key"))
        found.append(Obstacle(_taint_kind(pod, key), f"{key}={taint.get('value') or ''}".rstrip("=")))
    if missing_selector(pod, node) or not matches_affinity(pod, node):
        found.append(Obstacle("node-affinity"))
    room = allocatable(node)
    for resource, wanted in requests(pod).items():
        if wanted > room.get(resource, 0.0):
            found.append(Obstacle("too-big", resource))
    return found


def _taint_kind(pod: Obj, key: str) -> str:
    """Whether a taint only reserves a pool for others, which the pod never asks for."""
    if key in CONDITION_TAINTS:
        return "node-condition"
    if key in CONTROL_PLANE_TAINTS:
        return "control-plane"
    asks = pod.at("spec.nodeSelector") or pod.at("spec.affinity.nodeAffinity")
    return "taint" if asks else "reserved"
