"""ReplicaSets and ReplicationControllers: with a Deployment, its rollout counts; alone, their pods."""

from collections.abc import Iterator

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.graph import owner_ref
from agent.diagnosis.facts.replicas import is_starting
from agent.diagnosis.facts.rollout import present, wanted
from agent.diagnosis.facts.stand_ins import own_pods, stand_ins
from agent.diagnosis.finding import Finding
from agent.diagnosis.findings import workloads
from agent.diagnosis.findings.workloads import healthy_or_recovered, scaled_to_zero, short
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State


@rule("ReplicaSet", "ReplicationController", finds=(*workloads.FINDS,))
def replica_set(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """With a Deployment, whether it has the replicas the Deployment wants; alone, what it shows itself."""
    replicas, ready = wanted(obj), present(obj)
    quotes = obj.quote("spec.replicas", "status.readyReplicas")
    if owner := owner_ref(obj):
        if ready == replicas:
            words = f"{obj.ref} has the {replicas} replicas that {owner.name} wants."
            yield State("healthy", obj.ref, words, quotes)
        return
    if replicas == 0:
        yield scaled_to_zero(case, obj)
        return
    own, chosen = own_pods(case, obj), stand_ins(case, obj)
    if isinstance(own, Lack) or isinstance(chosen, Lack):
        return
    if chosen and all(is_starting(case, pod) for pod in chosen):
        words = f"{obj.ref} starts: {ready} of {replicas} pods are ready."
        yield State("progressing", obj.ref, words, quotes)
    elif ready < replicas or chosen:
        yield short(case, obj, quotes)
    else:
        yield healthy_or_recovered(case, obj, own, f"{ready} of {replicas} replicas are ready", quotes)
