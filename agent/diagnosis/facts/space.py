"""A namespace: its unhealthy objects."""

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.fact import fact
from agent.diagnosis.facts.graph import owner_ref
from agent.diagnosis.read.pod import is_deleting, is_finished, is_well
from agent.diagnosis.read.thing import Obj
from agent.kinds import REPLICATED
from agent.ref import Ref

MOST = 3


@fact
def running_pods(case: Case, namespace: str) -> list[Obj] | Lack:
    """The pods of a namespace that have neither finished nor been told to stop."""
    pods = case.list("Pod", namespace, why=f"which pods in {namespace} are unhealthy?", need="some")
    if isinstance(pods, Lack):
        return pods
    return [pod for pod in pods if not is_finished(pod) and not is_deleting(pod)]


@fact
def ill_within(case: Case, namespace: str) -> list[Ref] | Lack:
    """A few unhealthy objects in a namespace: one pod per owner, and workloads short of pods."""
    running = running_pods(case, namespace)
    if isinstance(running, Lack):
        return running
    ill: dict[Ref, Ref] = {}
    for pod in running:
        if not is_well(pod):
            ill.setdefault(owner_ref(pod) or pod.ref, pod.ref)
    found = [*ill.values(), *_without_pods(case, namespace)]
    return [*case.first(found, MOST, f"unhealthy objects in {namespace}")]


def _without_pods(case: Case, namespace: str) -> list[Ref]:
    """Workloads with fewer pods created than desired: no pod shows that."""
    why = f"which workloads in {namespace} are missing pods?"
    lists = [case.list(kind, namespace, why=why, need="some") for kind in REPLICATED]
    return [
        workload.ref
        for found in lists
        for workload in found or []
        if int(workload.at("status.replicas") or 0) < int(workload.at("spec.replicas", 1))
    ]
