"""A namespace as the subject: what in it is not well."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.graph import owner_ref
from agent.diagnosis.read.pod import is_deleting, is_finished, is_well
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.evidence.wellness import DELETING, FINISHED, READY, RESTARTED
from agent.kinds import REPLICATED
from agent.ref import Ref

MOST = 3


@rule("Namespace")
def contents(case: Case, space: Obj) -> Iterator[State]:
    """Follow what is not well, one pod an owner and workloads that have too few pods; else say that all is well."""
    if space.at("metadata.deletionTimestamp"):
        return
    name = space.ref.name
    pods = case.list("Pod", name, why=f"which pods of {name} are not well?", need="some")
    if pods is None:
        return
    running = [pod for pod in pods if not is_finished(pod) and not is_deleting(pod)]
    ill: dict[Ref, Ref] = {}
    for pod in running:
        if not is_well(pod):
            ill.setdefault(owner_ref(pod) or pod.ref, pod.ref)
    podless = _without_pods(case, name)
    for ref in case.first([*ill.values(), *podless], MOST, f"objects of {name} that are not well"):
        case.follow(ref)
    if running and not ill and not podless and (count := _count_ready(case, name, running)):
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


def _without_pods(case: Case, namespace: str) -> list[Ref]:
    """Workloads for which fewer pods were made than they want: nothing of that shows on a pod."""
    return [
        workload.ref
        for kind in REPLICATED
        for workload in case.list(
            kind, namespace, why=f"which workloads of {namespace} lack pods?", need="some"
        )
        or []
        if int(workload.at("status.replicas") or 0) < int(workload.at("spec.replicas", 1))
    ]
