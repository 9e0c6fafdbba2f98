"""Storage: from pods to claims, from claims to volumes and back to the pods they wait for."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.placement import claims_in_the_way
from agent.diagnosis.facts.volume import is_waiting_for_pod, users_of
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import edge
from agent.ref import Ref

MOST_USERS = 2


@edge("Pod")
def claims(case: Case, pod: Obj) -> Iterator[Ref]:
    """The claims that keep it from being scheduled, if they exist."""
    for name in claims_in_the_way(case, pod):
        if case.get("PersistentVolumeClaim", pod.ref.namespace, name, f"is the claim {name} bound?"):
            yield Ref("PersistentVolumeClaim", pod.ref.namespace, name)


@edge("PersistentVolumeClaim")
def volume(case: Case, pvc: Obj) -> Iterator[Ref]:
    """The volume it is bound to."""
    if pvc.at("status.phase") == "Bound" and (name := pvc.at("spec.volumeName")):
        yield Ref("PersistentVolume", "", str(name))


@edge("PersistentVolumeClaim")
def first_consumers(case: Case, pvc: Obj) -> Iterator[Ref]:
    """The pods that use it, if it waits for one to be scheduled: the question is then what holds up the pod."""
    if is_waiting_for_pod(case, pvc):
        users = users_of(case, pvc) or []
        yield from (pod.ref for pod in case.first(users, MOST_USERS, f"pods that use {pvc.ref}"))
