"""Replicas: the unhealthy pods of a workload, and a few that represent them all."""

from datetime import timedelta

from agent.diagnosis.case import Case
from agent.diagnosis.facts.graph import owner_ref
from agent.diagnosis.read.pod import containers, is_deleting, is_finished, is_well, told_to_end_at
from agent.diagnosis.read.thing import Obj

MOST = 3
STARTING = timedelta(seconds=60)
GRACE = timedelta(seconds=60)


def in_trouble(case: Case, pod: Obj) -> bool:
    """Whether a pod is unhealthy: not ready, or ready only between crashes."""
    if is_deleting(pod):
        asked = pod.time("metadata.deletionTimestamp")
        return asked is not None and case.now - asked > GRACE
    if is_finished(pod):
        return False
    return not is_well(pod) or any(c.keeps_ending(case.now) for c in containers(pod))


def lingering(case: Case, pods: list[Obj]) -> list[Obj]:
    """Pods told to stop a while ago that still exist: a workload short of pods may be waiting for them."""
    asked = [(pod, told_to_end_at(pod)) for pod in pods]
    late = [pod for pod, at in asked if at is not None and case.now - at > GRACE]
    return [*case.first(late, MOST, "pods that do not terminate")]


def is_starting(case: Case, pod: Obj) -> bool:
    """Whether it is within the time it may take to start, and nothing has gone wrong with it yet."""
    young = pod.created is not None and case.now - pod.created < STARTING + _patience(pod)
    placed = pod.condition("PodScheduled").get("status") != "False"
    waiting = {c.waiting for c in containers(pod)} - {"", "ContainerCreating", "PodInitializing"}
    ended = any(c.restarts or c.exit_code for c in containers(pod))
    return young and placed and not waiting and not ended


def _patience(pod: Obj) -> timedelta:
    """How long its probes allow it to start."""
    seconds = [0]
    for spec in pod.items("spec.containers"):
        ready, start = spec.get("readinessProbe") or {}, spec.get("startupProbe") or {}
        tries = int(start.get("failureThreshold", 3)) * int(start.get("periodSeconds", 10)) if start else 0
        seconds.append(int(ready.get("initialDelaySeconds", 0)))
        seconds.append(int(start.get("initialDelaySeconds", 0)) + tries)
    return timedelta(seconds=max(seconds))


def representatives(case: Case, pods: list[Obj], current: Obj | None = None) -> list[Obj]:
    """At most MOST unhealthy pods, one for each kind of trouble; current revision first, then oldest."""
    chosen: dict[tuple[str, ...], Obj] = {}
    for pod in sorted(pods, key=lambda pod: (not _is_of(pod, current), str(pod.created), pod.uid)):
        if in_trouble(case, pod):
            chosen.setdefault(_likeness(pod), pod)
    return [*case.first(chosen.values(), MOST, "kinds of trouble among the pods of one workload")]


def _is_of(pod: Obj, revision: Obj | None) -> bool:
    return revision is not None and owner_ref(pod) == revision.ref


def _likeness(pod: Obj) -> tuple[str, ...]:
    """A key that is equal for pods with the same trouble."""
    states = [
        f"{c.name}:{_crash(c.waiting) or c.exit_code}" for c in containers(pod) if c.waiting or not c.ready
    ]
    placed = str(pod.condition("PodScheduled").get("status"))
    return (str(pod.at("status.phase")), str(pod.at("status.reason")), placed, *states)


def _crash(waiting: str) -> str:
    """Between two starts a container waits or has just ended: both are the same trouble."""
    return "" if waiting == "CrashLoopBackOff" else waiting
