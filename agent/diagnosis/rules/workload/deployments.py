"""Deployments: scaled to zero, paused, unseen by their controller, stuck; the pods say why."""

from collections.abc import Iterator

from agent.diagnosis.advice import on, watch
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import owner_ref, pods_of, replica_sets
from agent.diagnosis.facts.replicas import is_starting, lingering, representatives
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings import refusal, workloads
from agent.diagnosis.findings.refusal import refused
from agent.diagnosis.findings.workloads import healthy_or_recovered, settled, short
from agent.diagnosis.read.pod import is_well
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.evidence.rendering import lines

PAUSED = cause("rollout-paused")


@rule("Deployment", finds=(PAUSED, *refusal.FINDS, *workloads.FINDS))
def deployment(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Follow a Deployment to the pods that stand for its trouble; say what it states itself."""
    if (said := settled(case, obj)) is not None:
        yield from said
        return
    missed = case.missed
    sets, pods = replica_sets(case, obj), pods_of(case, obj)
    if case.missed > missed or pods is None:
        return
    current = sets[0] if sets else None
    chosen = representatives(case, [p for p in pods if owner_ref(p) in {rs.ref for rs in sets}], current)
    for pod in chosen:
        case.follow(pod.ref)
    if not chosen and _is_short(obj):
        chosen = lingering(case, pods)
        for pod in chosen:
            case.follow(pod.ref)
    quiet = all(is_starting(case, pod) for pod in chosen)
    if not quiet and case.runbook.reads_logs:  # those that serve may tell more than those that do not start
        for pod in [pod for pod in pods if is_well(pod)][:2]:
            case.follow(pod.ref)
    refusal = obj.condition("ReplicaFailure").get("status") == "True"
    if obj.at("spec.paused"):
        yield _paused(obj, current)
    elif quiet and not refusal and _is_progressing(obj):
        yield _progress(obj)
    elif quiet and not refusal and not _is_short(obj):
        yield _well(case, obj, pods)
    if refusal:
        quotes = obj.quote_condition("ReplicaFailure", "reason", "message")
        yield from refused(case, obj, str(obj.condition("ReplicaFailure").get("message") or ""), quotes)
    if _is_short(obj) and not (quiet and _is_progressing(obj)):
        yield _short(case, obj)


def _paused(obj: Obj, current: Obj | None) -> Finding | State:
    """A fault only where a change waits behind it."""
    quotes = obj.quote("spec.paused") + obj.quote_condition("Progressing", "reason")
    waiting = _differs(obj, current)
    if not waiting:
        words = f"{obj.ref} is paused; no change waits behind that."
        return State("intended", obj.ref, words, quotes)
    headline = (
        f"The rollout of {obj.ref.name} is paused, so its change does not reach the pods ({waiting[0]})"
    )
    resume = Recommendation(
        "resuming the rollout", "Resume the rollout if the change is meant to go out.",
        on(obj.ref, "rollout resume"), "medium", watch(obj.ref),
    )  # fmt: skip
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


def _is_short(obj: Obj) -> bool:
    stuck = obj.condition("Progressing").get("status") == "False"
    return stuck or int(obj.at("status.availableReplicas") or 0) < int(obj.at("spec.replicas", 1))


def _is_progressing(obj: Obj) -> bool:
    """Whether a rollout runs within its deadline."""
    reasons = ("ReplicaSetUpdated", "NewReplicaSetCreated", "FoundNewReplicaSet")
    return obj.condition("Progressing").get("reason") in reasons


def _progress(obj: Obj) -> State:
    wanted, updated = int(obj.at("spec.replicas", 1)), int(obj.at("status.updatedReplicas") or 0)
    words = f"A rollout of {obj.ref} is running: {updated} of {wanted} replicas are of the new version."
    quotes = obj.quote("status.updatedReplicas") + obj.quote_condition("Progressing", "reason", "message")
    return State("progressing", obj.ref, words, quotes)


def _well(case: Case, obj: Obj, pods: list[Obj]) -> State:
    for pod in pods[:2] if case.runbook.reads_logs else ():  # their logs may tell what states do not
        case.follow(pod.ref)
    wanted = int(obj.at("spec.replicas", 1))
    quotes = obj.quote("spec.replicas", "status.availableReplicas", "status.updatedReplicas")
    return healthy_or_recovered(case, obj, pods, f"{wanted} of {wanted} replicas are available", quotes)


def _short(case: Case, obj: Obj) -> Finding:
    wanted, available = int(obj.at("spec.replicas", 1)), int(obj.at("status.availableReplicas") or 0)
    quotes = obj.quote("spec.replicas") + obj.quote_condition("Available")
    return short(case, obj, wanted, available, quotes)
