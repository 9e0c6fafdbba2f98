"""ReplicaSets and ReplicationControllers: of a Deployment, its rollout counts; alone, their pods."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.graph import owner_ref, pods_of
from agent.diagnosis.facts.replicas import is_starting, representatives
from agent.diagnosis.finding import Finding
from agent.diagnosis.findings import workloads
from agent.diagnosis.findings.workloads import healthy_or_recovered, scaled_to_zero, short
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State


@rule("ReplicaSet", "ReplicationController", finds=(*workloads.FINDS,))
def replica_set(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Follow a ReplicaSet to its Deployment, or if it is nobody's to the pods that stand for its trouble."""
    if owner := owner_ref(obj):
        case.follow(owner)
        wanted, ready = int(obj.at("spec.replicas", 1)), int(obj.at("status.readyReplicas") or 0)
        if ready == wanted:
            words = f"{obj.ref} has the {wanted} replicas that {owner.name} wants of it."
            yield State("healthy", obj.ref, words, obj.quote("spec.replicas", "status.readyReplicas"))
        return
    if obj.at("spec.replicas", 1) == 0:
        yield scaled_to_zero(case, obj)
        return
    pods = pods_of(case, obj)
    if pods is None:
        return
    own = [pod for pod in pods if owner_ref(pod) == obj.ref]
    chosen = representatives(case, own)
    for pod in chosen:
        case.follow(pod.ref)
    wanted, ready = int(obj.at("spec.replicas", 1)), int(obj.at("status.readyReplicas") or 0)
    quotes = obj.quote("spec.replicas", "status.readyReplicas")
    if chosen and all(is_starting(case, pod) for pod in chosen):
        yield State("progressing", obj.ref, f"{obj.ref} starts: {ready} of {wanted} pods are ready.", quotes)
    elif ready < wanted or chosen:
        yield short(case, obj, wanted, ready, quotes)
    else:
        yield healthy_or_recovered(case, obj, own, f"{ready} of {wanted} replicas are ready", quotes)
