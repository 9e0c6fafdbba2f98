"""Rollouts: whether a workload has what it wants, is getting it, or was not observed."""

from datetime import datetime

from agent.diagnosis.case import Case
from agent.diagnosis.facts.changes import SLACK
from agent.diagnosis.read.thing import Obj, parse_time

_ON_ITS_WAY = ("ReplicaSetUpdated", "NewReplicaSetCreated", "FoundNewReplicaSet")


def wanted(workload: Obj) -> int:
    """The desired number of replicas, or of pods of a DaemonSet."""
    if workload.ref.kind == "DaemonSet":
        return int(workload.at("status.desiredNumberScheduled") or 0)
    return int(workload.at("spec.replicas", 1))


def present(workload: Obj) -> int:
    """The number that can be used: available ones for a Deployment, ready ones for others."""
    fields = {"Deployment": "availableReplicas", "DaemonSet": "numberReady"}
    return int(workload.at(f"status.{fields.get(workload.ref.kind, 'readyReplicas')}") or 0)


def is_short(workload: Obj) -> bool:
    """Whether too few can be used, or a Deployment reports that it is stuck."""
    return workload.condition("Progressing").get("status") == "False" or present(workload) < wanted(workload)


def is_progressing(deployment: Obj) -> bool:
    """Whether a rollout runs within its deadline."""
    return deployment.condition("Progressing").get("reason") in _ON_ITS_WAY


def unheard_since(case: Case, workload: Obj) -> datetime | None:
    """When the change was made that its controller has not observed for a while; None if it has."""
    generation = int(workload.at("metadata.generation") or 0)
    times = [
        parse_time(entry.get("time"))
        for entry in workload.items("metadata.managedFields")
        if entry.get("subresource") != "status"
    ]
    changed = max((time for time in times if time), default=workload.created)
    if generation <= int(workload.at("status.observedGeneration") or 0):
        return None
    return changed if changed and case.now - changed >= SLACK else None


def is_told_by_pods(case: Case, workload: Obj) -> bool:
    """Whether its pods show its state.

    One that is being deleted has nothing to answer for; one scaled to zero has no pods; of a change that the
    controller has not seen, the pods know nothing.
    """
    idle = bool(workload.at("metadata.deletionTimestamp")) or workload.at("spec.replicas", 1) == 0
    return not idle and unheard_since(case, workload) is None
