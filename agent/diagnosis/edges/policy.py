"""Objects that protect or contain others: disruption budgets, webhooks, namespaces."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.budget import closed_on, guards_of, ill_under
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.space import ill_within
from agent.diagnosis.facts.webhook import CONFIGURATIONS, called_service
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import edge
from agent.kinds import REPLICATED
from agent.ref import Ref

MOST_BUDGETS = 3


@edge("Pod", *REPLICATED)
def guards(case: Case, obj: Obj) -> Iterator[Ref]:
    """If the alert is about an eviction, the budgets that guard what is to be evicted."""
    if "budget" in case.runbook.families and case.is_subject:
        found = case.first(guards_of(case, obj), MOST_BUDGETS, f"budgets that guard {obj.ref}")
        yield from (budget.ref for budget in found)


@edge("Node")
def closed(case: Case, node: Obj) -> Iterator[Ref]:
    """If the alert is about a drain, the budgets that allow no disruption of a pod on the node."""
    if "budget" in case.runbook.families and case.is_subject:
        what = f"budgets that allow no disruption of pods on {node.ref.name}"
        yield from (budget.ref for budget in case.first(closed_on(case, node), MOST_BUDGETS, what))


@edge("PodDisruptionBudget")
def guarded(case: Case, budget: Obj) -> Iterator[Ref]:
    """The workload of an unhealthy pod, if the budget has too few healthy ones."""
    yield from (workload_of(case, pod).ref for pod in ill_under(case, budget)[:1])


@edge(*CONFIGURATIONS)
def called(case: Case, configuration: Obj) -> Iterator[Ref]:
    """The Services that its webhooks call, if they exist."""
    for webhook in configuration.items("webhooks"):
        service = called_service(configuration, str(webhook.get("name")))
        if service and case.obj(service, "does the webhook's Service exist?"):
            yield service


@edge("Namespace")
def ill(case: Case, space: Obj) -> Iterator[Ref]:
    """Unhealthy objects in it."""
    if not space.at("metadata.deletionTimestamp"):
        yield from ill_within(case, space.ref.name) or []
