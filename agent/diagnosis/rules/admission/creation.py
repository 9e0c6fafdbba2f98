"""Pods that are refused before they exist, as reported by events of their controllers."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.finding import Finding
from agent.diagnosis.findings import refusal
from agent.diagnosis.findings.refusal import refused
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule


@rule("ReplicaSet", "StatefulSet", "DaemonSet", "Job", finds=(*refusal.FINDS,))
def failed_create(case: Case, obj: Obj) -> Iterator[Finding]:
    """The refusals that a controller reported as events, while pods are missing."""
    if obj.ref.kind == "ReplicaSet" and obj.condition("ReplicaFailure").get("status") == "True":
        quotes = obj.quote_condition("ReplicaFailure", "reason", "message")
        yield from refused(case, obj, str(obj.condition("ReplicaFailure").get("message") or ""), quotes)
    elif _lacks_pods(obj):
        events = [
            e
            for e in (case.events(obj.ref, f"were pods of {obj.ref} refused?") or [])
            if e.reason == "FailedCreate"
        ]
        if events:
            yield from refused(case, obj, events[-1].message, (events[-1].quote,))


def _lacks_pods(obj: Obj) -> bool:
    match obj.ref.kind:
        case "DaemonSet":
            wanted, have = obj.at("status.desiredNumberScheduled"), obj.at("status.currentNumberScheduled")
        case "Job":
            ended = any(c.get("status") == "True" for c in obj.items("status.conditions"))
            return not ended and not obj.at("status.active") and not obj.at("spec.suspend")
        case _:
            wanted, have = obj.at("spec.replicas", 1), obj.at("status.replicas")
    return int(have or 0) < int(wanted or 0)
