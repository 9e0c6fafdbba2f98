"""Disruption budgets: which pods one guards, and which budgets guard a pod."""

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.graph import selects
from agent.diagnosis.facts.replicas import in_trouble
from agent.diagnosis.read.selector import selector_text
from agent.diagnosis.read.thing import Obj


def count(budget: Obj, field: str) -> int:
    """A number from its status."""
    return int(budget.at(f"status.{field}") or 0)


def is_short(budget: Obj) -> bool:
    """Whether fewer pods are healthy than it requires."""
    return count(budget, "currentHealthy") < count(budget, "desiredHealthy")


def guards(budget: Obj, pod: Obj) -> bool:
    """Whether it guards a pod."""
    return pod.ref.namespace == budget.ref.namespace and selects(budget.at("spec.selector"), pod.labels)


def guarded_pods(case: Case, budget: Obj) -> list[Obj] | Lack:
    """The pods it guards; a sample if there are very many."""
    selector = selector_text(budget.at("spec.selector"))
    if not selector:
        return []
    why = f"which pods does {budget.ref} guard?"
    return case.list("Pod", budget.ref.namespace, label=selector, why=why, need="some")


def ill_under(case: Case, budget: Obj) -> list[Obj]:
    """The unhealthy pods of a budget that has too few healthy ones."""
    pods = (guarded_pods(case, budget) if is_short(budget) else None) or []
    return [pod for pod in pods if in_trouble(case, pod)]


def guards_of(case: Case, obj: Obj) -> list[Obj]:
    """The budgets that guard a pod, or the pods of a workload."""
    why = f"which budgets guard {obj.ref}?"
    found = case.list("PodDisruptionBudget", obj.ref.namespace, why=why, need="some")
    labels = obj.labels if obj.ref.kind == "Pod" else obj.at("spec.template.metadata.labels") or {}
    return [budget for budget in found or [] if selects(budget.at("spec.selector"), labels)]


def closed_on(case: Case, node: Obj) -> list[Obj]:
    """The budgets that allow no disruption of a pod on a node."""
    name, why = node.ref.name, "which budgets allow no disruption?"
    budgets = case.list("PodDisruptionBudget", "*", why=why, need="some")
    pods = case.list("Pod", "*", field=f"spec.nodeName={name}", why=f"what runs on {name}?", need="some")
    closed = [budget for budget in budgets or [] if not count(budget, "disruptionsAllowed")]
    return [budget for budget in closed if any(guards(budget, pod) for pod in pods or [])]
