"""Wellness: which listed objects are certainly healthy. Pure functions on plain data.

The rule is conservative: what is not known to be healthy counts as unhealthy. It decides only what is kept of
a list too long to be kept whole; what is wrong with an object the analyzers say.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from agent.evidence.projection import dicts

READY, RESTARTED, FINISHED = "ready", "ready after restarts", "finished"
DELETING, UNKNOWN = "being deleted", "of unknown state"
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,49}")
_SOFT = ("PreferNoSchedule",)


@dataclass(frozen=True)
class Condition:
    """What is known of an object without asking more.

    `state` is a word for people; objects with the same `likeness` may represent each other. `mild`: not
    certainly healthy, but with no visible fault.
    """

    state: str
    well: bool = False
    likeness: tuple[str, ...] = ()
    mild: bool = False

    @property
    def rank(self) -> int:
        """How soon it may be left out: 0 for unhealthy, 1 for mild, 2 for healthy."""
        return 2 if self.well else int(self.mild)


def condition(kind: str, item: dict[str, Any]) -> Condition:
    """The state of an API object, and whether it is certainly healthy; any shape is accepted."""
    if _at(item, "metadata", "deletionTimestamp"):
        return Condition(DELETING, likeness=(DELETING, _owner(item)))
    judged = _JUDGES[kind](item) if kind in _JUDGES else Condition(UNKNOWN)
    return replace(judged, likeness=(judged.state, _owner(item), *judged.likeness))


def _pod(item: dict[str, Any]) -> Condition:
    phase = _word(_at(item, "status", "phase"))
    if phase == "Succeeded":
        return Condition(FINISHED, well=True)
    statuses = [
        status
        for key in ("initContainerStatuses", "containerStatuses")
        for status in dicts(_at(item, "status", key))
    ]
    if phase == "Running" and _is(item, "Ready"):
        calm = all(not status.get("restartCount") and not status.get("lastState") for status in statuses)
        return Condition(READY, well=True) if calm else Condition(RESTARTED, mild=True)
    reasons = [_word(_at(status, "state", "waiting", "reason")) for status in statuses]
    reasons += [
        _word(_at(status, "state", "terminated", "reason"))
        for status in statuses
        if _at(status, "state", "terminated", "exitCode") != 0
    ]
    unplaced = _word(_condition(item, "PodScheduled").get("reason"))
    stated = next(filter(None, [*reasons, _word(_at(item, "status", "reason")), unplaced]), "")
    return Condition(stated or ("not ready" if phase == "Running" else phase) or UNKNOWN)


def _node(item: dict[str, Any]) -> Condition:
    taints = [
        f"{taint.get('key')}:{taint.get('effect')}" for taint in dicts(_at(item, "spec", "taints"))
        if taint.get("effect") not in _SOFT
    ]  # fmt: skip
    size = str(_at(item, "status", "capacity", "cpu"))
    others = [
        _word(entry.get("type"))
        for entry in dicts(_at(item, "status", "conditions"))
        if entry.get("type") != "Ready" and entry.get("status") != "False"
    ]
    state = READY
    if not _is(item, "Ready"):
        state = "not ready"
    elif _at(item, "spec", "unschedulable"):
        state = "cordoned"
    elif others:
        state = others[0] or UNKNOWN
    return Condition(state, state == READY, (*sorted(taints), size))


def _workload(*counts: str) -> Callable[[dict[str, Any]], Condition]:
    """The judge of a workload whose status must have the desired number in each of these fields."""

    def judge(item: dict[str, Any]) -> Condition:
        wanted = _at(item, "spec", "replicas") if "replicas" in counts else _at(item, "status", counts[0])
        wanted = 1 if wanted is None else wanted
        if wanted == 0:
            return Condition("wanting no pods", mild=True)
        seen = _at(item, "status", "observedGeneration") == _at(item, "metadata", "generation")
        full = all(_at(item, "status", count) == wanted for count in counts)
        settled = _at(item, "status", "currentRevision") == _at(item, "status", "updateRevision")
        quiet = not _at(item, "spec", "paused") and not _at(item, "status", "numberMisscheduled")
        broken = _is(item, "ReplicaFailure") or _condition(item, "Progressing").get("status") == "False"
        well = full and seen and settled and quiet and not broken
        return Condition(READY if well else "incomplete", well)

    return judge


def _replica_set(item: dict[str, Any]) -> Condition:
    wanted = _at(item, "spec", "replicas")
    if wanted == 0 and not _at(item, "status", "replicas"):
        return Condition("replaced", well=True)
    well = isinstance(wanted, int) and _at(item, "status", "readyReplicas") == wanted
    return Condition(READY if well else "incomplete", well)


def _job(item: dict[str, Any]) -> Condition:
    if _is(item, "Complete"):
        return Condition(FINISHED, well=True)
    return Condition("failed" if _is(item, "Failed") else "not finished")


def _phased(well: str) -> Callable[[dict[str, Any]], Condition]:
    """The judge of kinds with a phase, one of which is healthy; storage classes are kept apart."""

    def judge(item: dict[str, Any]) -> Condition:
        phase = _word(_at(item, "status", "phase")) or UNKNOWN
        return Condition(phase, phase == well, (str(_at(item, "spec", "storageClassName")),))

    return judge


def _budget(item: dict[str, Any]) -> Condition:
    allowed = _at(item, "status", "disruptionsAllowed")
    well = isinstance(allowed, int) and allowed > 0
    return Condition("with pods to spare" if well else "without pods to spare", well)


def _event(item: dict[str, Any]) -> Condition:
    about = _at(item, "involvedObject", "kind") or _at(item, "regarding", "kind")
    reason = _word(item.get("reason")) or UNKNOWN
    return Condition(reason, item.get("type") == "Normal", (_word(about),))


_JUDGES: dict[str, Callable[[dict[str, Any]], Condition]] = {
    "Pod": _pod,
    "Node": _node,
    "Deployment": _workload("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"),
    "StatefulSet": _workload("replicas", "readyReplicas"),
    "DaemonSet": _workload(
        "desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady"
    ),
    "ReplicaSet": _replica_set,
    "Job": _job,
    "PersistentVolumeClaim": _phased("Bound"),
    "PersistentVolume": _phased("Bound"),
    "Namespace": _phased("Active"),
    "PodDisruptionBudget": _budget,
    "Event": _event,
}


def _owner(item: dict[str, Any]) -> str:
    """The controller of an object, empty without one."""
    owners = dicts(_at(item, "metadata", "ownerReferences"))
    return next((f"{each.get('kind')}/{each.get('name')}" for each in owners if each.get("controller")), "")


def _is(item: dict[str, Any], kind: str) -> bool:
    return _condition(item, kind).get("status") == "True"


def _condition(item: dict[str, Any], kind: str) -> dict[str, Any]:
    conditions = dicts(_at(item, "status", "conditions"))
    return next((entry for entry in conditions if entry.get("type") == kind), {})


def _word(value: Any) -> str:
    """A word as the API gives reasons; empty for anything else, which must not be shown."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
