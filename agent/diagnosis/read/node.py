"""Nodes as the scheduler sees them: their taints, their labels, and the room they have."""

from typing import Any

from agent.diagnosis.read.thing import Obj, dig
from agent.quantity import parse_quantity

HARD_EFFECTS = ("NoSchedule", "NoExecute")
CORDON_TAINT = "node.kubernetes.io/unschedulable"
CONDITION_TAINTS = {
    "node.kubernetes.io/not-ready": "Ready",
    "node.kubernetes.io/unreachable": "Ready",
    "node.kubernetes.io/memory-pressure": "MemoryPressure",
    "node.kubernetes.io/disk-pressure": "DiskPressure",
    "node.kubernetes.io/pid-pressure": "PIDPressure",
    "node.kubernetes.io/network-unavailable": "NetworkUnavailable",
}
CONTROL_PLANE_TAINTS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


def is_node_ready(node: Obj) -> bool:
    """Whether its Ready condition is True."""
    return node.condition("Ready").get("status") == "True"


def is_cordoned(node: Obj) -> bool:
    """Whether somebody marked it unschedulable."""
    return node.at("spec.unschedulable") is True


def untolerated(pod: Obj, node: Obj) -> list[tuple[int, dict[str, Any]]]:
    """The taints that keep the pod off the node, with their place in spec.taints, without a cordon's."""
    tolerations = pod.items("spec.tolerations")
    return [
        (place, taint)
        for place, taint in enumerate(node.items("spec.taints"))
        if taint.get("effect") in HARD_EFFECTS
        and taint.get("key") != CORDON_TAINT
        and not any(_tolerates(t, taint) for t in tolerations)
    ]


def _tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    operator = toleration.get("operator") or "Equal"
    if not toleration.get("key"):
        return operator == "Exists"
    if toleration["key"] != taint.get("key"):
        return False
    return operator == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")


def missing_selector(pod: Obj, node: Obj) -> dict[str, str]:
    """The entries of the pod's nodeSelector that the node's labels do not have."""
    wanted = pod.at("spec.nodeSelector") or {}
    return {key: value for key, value in wanted.items() if node.labels.get(key) != value}


def matches_affinity(pod: Obj, node: Obj) -> bool:
    """Whether the node is one that the pod's required node affinity allows; without one, every node is."""
    required = pod.at("spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or matches_terms(dig(required, "nodeSelectorTerms"), node)


def matches_terms(terms: Any, node: Obj) -> bool:
    """Whether one of the node selector terms matches; no terms match nothing."""
    return any(_matches_term(term, node) for term in terms or [] if isinstance(term, dict))


def _matches_term(term: dict[str, Any], node: Obj) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    named = {"metadata.name": node.ref.name}
    return all(_matches(rule, node.labels) for rule in expressions) and all(
        _matches(r, named) for r in fields
    )


def _matches(rule: dict[str, Any], labels: dict[str, str]) -> bool:
    value, values = labels.get(str(rule.get("key"))), rule.get("values") or []
    match rule.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            try:
                left, right = int(value or ""), int(values[0])
            except (ValueError, IndexError):
                return False
            return left > right if operator == "Gt" else left < right
    return False


def requests(pod: Obj) -> dict[str, float]:
    """What the pod asks for: its containers' sum, or one of its init containers where that is more."""
    total: dict[str, float] = {}
    for spec in pod.items("spec.containers"):
        _add(total, container_requests(spec))
    beside: dict[str, float] = {}  # sidecars that already run while an init container does
    for spec in pod.items("spec.initContainers"):
        own = container_requests(spec)
        if spec.get("restartPolicy") == "Always":
            _add(total, own)
            _add(beside, own)
            continue
        for name, amount in own.items():
            total[name] = max(total.get(name, 0.0), amount + beside.get(name, 0.0))
    _add(total, _amounts(pod.at("spec.overhead")))
    return total


def container_requests(spec: dict[str, Any]) -> dict[str, float]:
    """A container's requests; where only a limit is set, that is the request."""
    return _amounts(dig(spec, "resources.limits")) | _amounts(dig(spec, "resources.requests"))


def container_limit(spec: dict[str, Any], resource: str) -> float:
    """A container's limit of a resource, 0 without one."""
    return _amounts(dig(spec, "resources.limits")).get(resource, 0.0)


def allocatable(node: Obj) -> dict[str, float]:
    """What the node has to give, by resource."""
    return _amounts(node.at("status.allocatable"))


def _amounts(data: Any) -> dict[str, float]:
    amounts = {}
    for name, text in (data or {}).items() if isinstance(data, dict) else ():
        try:
            amounts[str(name)] = parse_quantity(text)
        except ValueError:
            continue
    return amounts


def _add(total: dict[str, float], more: dict[str, float]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0.0) + amount


def amount(resource: str, value: float) -> str:
    """An amount as people write it: 500m, 64, 1.5Gi."""
    if resource == "cpu":
        return f"{value:g}" if value >= 1 else f"{value * 1000:g}m"
    if resource in ("memory", "ephemeral-storage") or resource.startswith("hugepages-"):
        for unit, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
            if value >= size:
                return f"{value / size:.4g}{unit}"
    return f"{value:g}"
