"""Stand-ins: the few pods of a workload that are looked at for what is wrong with all of them."""

from agent.diagnosis.case import Case
from agent.diagnosis.facts.fact import fact
from agent.diagnosis.facts.graph import owner_ref, pods_of, replica_sets
from agent.diagnosis.facts.replicas import in_trouble, lingering, representatives
from agent.diagnosis.facts.rollout import is_short
from agent.diagnosis.read.thing import Obj


@fact
def own_pods(case: Case, workload: Obj) -> list[Obj] | None:
    """The pods that a workload made, those of a StatefulSet in their order; None while unread."""
    pods, sets = pods_of(case, workload), [workload]
    if workload.ref.kind == "Deployment":
        missed = case.missed
        sets = replica_sets(case, workload)
        if case.missed > missed:
            return None
    if pods is None:
        return None
    makers = {each.ref for each in sets}
    own = [pod for pod in pods if owner_ref(pod) in makers]
    return sorted(own, key=ordinal) if workload.ref.kind == "StatefulSet" else own


@fact
def stand_ins(case: Case, workload: Obj) -> list[Obj] | None:
    """Its pods in trouble, one for each kind of it; else, where it is short, those that do not end.

    None while unread.
    """
    own = own_pods(case, workload)
    if own is None:
        return None
    return _in_trouble(case, workload, own) or (lingering(case, own) if is_short(workload) else [])


def _in_trouble(case: Case, workload: Obj, own: list[Obj]) -> list[Obj]:
    kind, policy = workload.ref.kind, workload.at("spec.podManagementPolicy", "OrderedReady")
    if kind == "StatefulSet" and policy != "Parallel":  # the first one explains the rest, which wait for it
        return [pod for pod in own if in_trouble(case, pod)][:1]
    current = next(iter(replica_sets(case, workload)), None) if kind == "Deployment" else None
    return representatives(case, own, current)


def ordinal(pod: Obj) -> int:
    """The number at the end of a StatefulSet pod's name, -1 without one."""
    number = pod.ref.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1
