"""Stand-ins: the few pods of a workload that are examined to find what is wrong with all of them."""

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.fact import fact
from agent.diagnosis.facts.graph import owner_ref, pods_of, replica_sets
from agent.diagnosis.facts.replicas import in_trouble, lingering, representatives
from agent.diagnosis.facts.rollout import is_short
from agent.diagnosis.read.thing import Obj


@fact
def own_pods(case: Case, workload: Obj) -> list[Obj] | Lack:
    """The pods that a workload created, those of a StatefulSet in order."""
    pods = pods_of(case, workload)
    sets = replica_sets(case, workload) if workload.ref.kind == "Deployment" else [workload]
    if isinstance(pods, Lack) or sets is Lack.UNREAD:
        return pods or Lack.UNREAD
    makers = {each.ref for each in sets or []}
    own = [pod for pod in pods if owner_ref(pod) in makers]
    return sorted(own, key=ordinal) if workload.ref.kind == "StatefulSet" else own


@fact
def stand_ins(case: Case, workload: Obj) -> list[Obj] | Lack:
    """Its unhealthy pods, one per kind of trouble; or, if it is short of pods, those that do not terminate."""
    own = own_pods(case, workload)
    if isinstance(own, Lack):
        return own
    return _in_trouble(case, workload, own) or (lingering(case, own) if is_short(workload) else [])


def _in_trouble(case: Case, workload: Obj, own: list[Obj]) -> list[Obj]:
    kind, policy = workload.ref.kind, workload.at("spec.podManagementPolicy", "OrderedReady")
    if kind == "StatefulSet" and policy != "Parallel":  # the first one explains the rest, which wait for it
        return [pod for pod in own if in_trouble(case, pod)][:1]
    sets = replica_sets(case, workload) if kind == "Deployment" else Lack.ABSENT
    return representatives(case, own, next(iter(sets or []), None))


def ordinal(pod: Obj) -> int:
    """The number at the end of a StatefulSet pod's name, -1 without one."""
    number = pod.ref.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1
