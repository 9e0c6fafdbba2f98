"""A namespace as the subject: what in it is not well."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.engine import State, analyzer
from agent.diagnosis.graph import owner_ref
from agent.diagnosis.pod import is_deleting, is_finished, is_well
from agent.diagnosis.thing import Obj
from agent.ref import Ref

MOST = 3


@analyzer("Namespace")
def contents(case: Case, space: Obj) -> Iterator[State]:
    """Follow what is not well, one pod an owner and workloads that have too few pods; else say that all is well."""
    if space.at("metadata.deletionTimestamp"):
        return
    pods = case.list("Pod", space.ref.name, why=f"which pods of {space.ref.name} are not well?")
    if pods is None:
        return
    running = [pod for pod in pods if not is_finished(pod) and not is_deleting(pod)]
    ill: dict[Ref, Ref] = {}
    for pod in running:
        if not is_well(pod):
            ill.setdefault(owner_ref(pod) or pod.ref, pod.ref)
    podless = _without_pods(case, space.ref.name)
    for ref in [*ill.values(), *podless][:MOST]:
        case.follow(ref)
    if running and not ill and not podless:
        quotes = tuple(quote for pod in running[:3] for quote in pod.quote_condition("Ready", "status"))
        text = f"All {len(running)} running pods of namespace {space.ref.name} are ready."
        yield State("healthy", space.ref, text, quotes)


def _without_pods(case: Case, namespace: str) -> list[Ref]:
    """Workloads for which fewer pods were made than they want: nothing of that shows on a pod."""
    return [
        workload.ref
        for kind in ("Deployment", "StatefulSet")
        for workload in case.list(kind, namespace, why=f"which workloads of {namespace} lack pods?") or []
        if int(workload.at("status.replicas") or 0) < int(workload.at("spec.replicas", 1))
    ]
