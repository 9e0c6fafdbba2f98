"""A namespace as the subject: its unhealthy objects."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.space import ill_within, running_pods
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.evidence.wellness import DELETING, FINISHED, READY, RESTARTED


@rule("Namespace")
def contents(case: Case, space: Obj) -> Iterator[State]:
    """A state saying that all running pods are healthy; unhealthy ones have their own findings."""
    name = space.ref.name
    running, ill = running_pods(case, name), ill_within(case, name)
    if space.at("metadata.deletionTimestamp") or not running or ill != []:
        return
    if count := _count_ready(case, name, running):
        quotes = tuple(quote for pod in running[:3] for quote in pod.quote_condition("Ready", "status"))
        counted = case.counted("Pod", name)
        text = f"All {count} running pods of namespace {name} are ready."
        yield State("healthy", space.ref, text, (*((counted[1],) if counted else ()), *quotes))


def _count_ready(case: Case, namespace: str, running: list[Obj]) -> int:
    """How many pods run, all of which are ready; 0 where that is not known of each."""
    counted = case.counted("Pod", namespace)
    if counted is None:
        return 0 if case.is_partial("Pod", namespace) else len(running)
    census, _ = counted
    ready = census.count(READY, RESTARTED)
    return ready if census.ended and ready + census.count(FINISHED, DELETING) == census.total else 0
