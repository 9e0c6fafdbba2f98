"""Deployments: scaled to zero, paused, not observed by their controller, stuck; the pods show why."""

from collections.abc import Iterator

from agent.diagnosis.advice import on, watch
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import pods_of, replica_sets
from agent.diagnosis.facts.replicas import is_starting
from agent.diagnosis.facts.rollout import is_progressing, is_short
from agent.diagnosis.facts.stand_ins import stand_ins
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings import refusal, workloads
from agent.diagnosis.findings.refusal import refused
from agent.diagnosis.findings.workloads import healthy_or_recovered, settled, short
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.evidence.rendering import lines

PAUSED = cause("rollout-paused")


@rule("Deployment", finds=(PAUSED, *refusal.FINDS, *workloads.FINDS))
def deployment(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """What a Deployment itself shows; its pods show why."""
    if (said := settled(case, obj)) is not None:
        yield from said
        return
    chosen, pods = stand_ins(case, obj), pods_of(case, obj)
    if isinstance(chosen, Lack) or isinstance(pods, Lack):
        return
    quiet = all(is_starting(case, pod) for pod in chosen)
    refusal = obj.condition("ReplicaFailure").get("status") == "True"
    if obj.at("spec.paused"):
        yield _paused(case, obj)
    elif quiet and not refusal and is_progressing(obj):
        yield _progress(obj)
    elif quiet and not refusal and not is_short(obj):
        yield _well(case, obj, pods)
    if refusal:
        quotes = obj.quote_condition("ReplicaFailure", "reason", "message")
        yield from refused(case, obj, str(obj.condition("ReplicaFailure").get("message") or ""), quotes)
    if is_short(obj) and not (quiet and is_progressing(obj)):
        yield short(case, obj, obj.quote("spec.replicas") + obj.quote_condition("Available"))


def _paused(case: Case, obj: Obj) -> Finding | State:
    """A paused Deployment: a fault only if a change is waiting."""
    quotes = obj.quote("spec.paused") + obj.quote_condition("Progressing", "reason")
    waiting = _differs(obj, next(iter(replica_sets(case, obj) or []), None))
    if not waiting:
        words = f"{obj.ref} is paused, and no change is waiting."
        return State("intended", obj.ref, words, quotes)
    headline = (
        f"The rollout of {obj.ref.name} is paused, so its change does not reach the pods ({waiting[0]})"
    )
    resume = Recommendation(
        "resuming the rollout",
        "Resume the rollout if the change is meant to go out.",
        on(obj.ref, "rollout resume"),
        "medium",
        watch(obj.ref),
    )
    return Finding(PAUSED, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, (resume,))


def _differs(obj: Obj, current: Obj | None) -> list[str]:
    """Lines of the template that the newest ReplicaSet does not have."""
    if current is None:
        return ["no version runs yet"]
    before = dict(lines(current.at("spec.template") or {}))
    return [
        f"{path}: {value}"
        for path, value in lines(obj.at("spec.template") or {})
        if before.get(path) != value
    ]


def _progress(obj: Obj) -> State:
    wanted, updated = int(obj.at("spec.replicas", 1)), int(obj.at("status.updatedReplicas") or 0)
    words = f"A rollout of {obj.ref} is in progress: {updated} of {wanted} replicas are updated."
    quotes = obj.quote("status.updatedReplicas") + obj.quote_condition("Progressing", "reason", "message")
    return State("progressing", obj.ref, words, quotes)


def _well(case: Case, obj: Obj, pods: list[Obj]) -> State:
    wanted = int(obj.at("spec.replicas", 1))
    quotes = obj.quote("spec.replicas", "status.availableReplicas", "status.updatedReplicas")
    return healthy_or_recovered(case, obj, pods, f"{wanted} of {wanted} replicas are available", quotes)
