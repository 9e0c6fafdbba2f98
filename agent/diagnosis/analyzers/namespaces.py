"""A namespace as the subject: what in it is not well."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.engine import State, analyzer
from agent.diagnosis.graph import owner_ref
from agent.diagnosis.pod import is_deleting, is_finished, is_well
from agent.diagnosis.thing import Obj

MOST = 3


@analyzer("Namespace")
def contents(case: Case, space: Obj) -> Iterator[State]:
    """Follow the pods that are not well, one an owner; when all are, say so."""
    if space.at("metadata.deletionTimestamp"):
        return
    pods = case.list("Pod", space.ref.name, why=f"which pods of {space.ref.name} are not well?")
    if pods is None:
        return
    running = [pod for pod in pods if not is_finished(pod) and not is_deleting(pod)]
    ill: dict[object, Obj] = {}
    for pod in running:
        if not is_well(pod):
            ill.setdefault(owner_ref(pod) or pod.ref, pod)
    for pod in list(ill.values())[:MOST]:
        case.follow(pod.ref)
    if running and not ill:
        quotes = tuple(quote for pod in running[:3] for quote in pod.quote_condition("Ready", "status"))
        text = f"All {len(running)} running pods of namespace {space.ref.name} are ready."
        yield State("healthy", space.ref, text, quotes)
