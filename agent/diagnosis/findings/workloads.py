"""What all workloads have in common: scaled to zero, not observed by the controller, short of replicas, healthy."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.diagnosis.advice import look, on, roll_back, watch
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.changes import recent_change
from agent.diagnosis.facts.rollout import is_told_by_pods, present, unheard_since, wanted
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.pod import containers
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.state import State
from agent.times import parse_time

RECENTLY = timedelta(hours=1)

ZERO = cause("scaled-to-zero")
UNSEEN = cause("generation-not-observed")
STUCK = cause("rollout-stuck")
MISSING = cause("replicas-unavailable")
FINDS = (ZERO, UNSEEN, STUCK, MISSING)


def settled(case: Case, obj: Obj) -> Sequence[Finding | State] | None:
    """What can be said of a workload regardless of its pods; None if its pods show its state."""
    if is_told_by_pods(case, obj):
        return None
    if obj.at("metadata.deletionTimestamp"):
        return ()
    since = unheard_since(case, obj)
    return (scaled_to_zero(case, obj),) if since is None else (_unheard(case, obj, since),)


def scaled_to_zero(case: Case, obj: Obj) -> Finding | State:
    """Intended by whoever did it; a fault only if something needs the workload."""
    quotes, by = obj.quote("spec.replicas"), ""
    for place, entry in enumerate(obj.items("metadata.managedFields")):
        if "spec.replicas" in (entry.get("fields") or []):
            quotes += obj.quote(
                f"metadata.managedFields[{place}].manager", f"metadata.managedFields[{place}].time"
            )
            by = f", last set by {entry.get('manager')} at {entry.get('time')}"
    words = f"{obj.ref} is scaled to zero{by}"
    is_missed = "traffic" in case.runbook.families or case.led_by
    if not is_missed:
        return State("intended", obj.ref, f"{words}: no pods are expected.", quotes)
    headline = f"{obj.ref.kind} {obj.ref.name} is scaled to zero{by}"
    up = Recommendation(
        "scaling it up again",
        f"Run at least one replica of {obj.ref.name}.",
        on(obj.ref, "scale", "--replicas=1"),
        "low",
        watch(obj.ref),
    )
    return Finding(ZERO, obj.ref, headline, (Claim(words, quotes),), Sure.STATED, (up,))


def _unheard(case: Case, obj: Obj, since: datetime) -> Finding:
    """A change that its controller has not observed for a while."""
    generation, seen = obj.at("metadata.generation"), obj.at("status.observedGeneration") or 0
    minutes = (case.now - since) / timedelta(minutes=1)
    text = (
        f"Generation {generation} was written {minutes:.0f} minutes ago; the controller has observed {seen}"
    )
    headline = (
        f"The controller has not acted on a change to {obj.ref.kind} {obj.ref.name} for {minutes:.0f} minutes"
    )
    check = Recommendation(
        "checking the controller manager",
        "See whether kube-controller-manager runs and what it logs.",
        kubectl("kube-system", "get pods -l component=kube-controller-manager"),
        "none",
    )
    quotes = obj.quote("metadata.generation", "status.observedGeneration")
    return Finding(UNSEEN, obj.ref, headline, (Claim(text, quotes),), Sure.LIKELY, (check,), since=since)


def short(case: Case, obj: Obj, quotes: tuple[Quote, ...]) -> Finding:
    """The symptom, reported if nothing deeper is found."""
    available = f"{present(obj)} of {wanted(obj)}"
    claims = [Claim(f"{available} replicas are available", quotes)]
    stuck = obj.condition("Progressing").get("reason") == "ProgressDeadlineExceeded"
    if stuck:
        claims.append(Claim("The rollout has exceeded its deadline", obj.quote_condition("Progressing")))
    change = recent_change(case, obj)
    if change:
        claims.append(change.claim())
    words = "The rollout of {} is stuck" if stuck else "{} has too few replicas"
    headline = f"{words.format(obj.ref.name)} ({available} available)"
    see = look(obj.ref, "looking at its events", "Read its events and check its pods.")
    return Finding(
        STUCK if stuck else MISSING,
        obj.ref,
        headline,
        tuple(claims),
        Sure.POSSIBLE,
        (roll_back(obj.ref),) if stuck and change else (see,),
        since=change.at if change else None,
    )


def healthy_or_recovered(
    case: Case, obj: Obj, pods: list[Obj], words: str, quotes: tuple[Quote, ...]
) -> State:
    """Healthy now; recovered if something went wrong within the hour or since the alert."""
    since = min(case.now - RECENTLY, case.alert.starts_at or case.now)
    for condition in ("Available", "Progressing"):
        turned = parse_time(obj.condition(condition).get("lastTransitionTime"))
        if turned and obj.created and turned - obj.created > timedelta(minutes=5) and turned > since:
            again = f"{obj.ref} has been healthy again since {turned:%H:%M} UTC: {words}."
            return State(
                "recovered", obj.ref, again, quotes + obj.quote_condition(condition, "lastTransitionTime")
            )
    if latest := _latest_end(pods, since):
        pod, end, said = latest
        again = f"{obj.ref} is healthy again: {words}; {pod.ref.name} last failed at {end:%H:%M} UTC."
        return State("recovered", obj.ref, again, quotes + said)
    return State("healthy", obj.ref, f"{obj.ref} is healthy: {words}.", quotes)


def _latest_end(pods: list[Obj], since: datetime) -> tuple[Obj, datetime, tuple[Quote, ...]] | None:
    """The pod whose container ended last, after `since`."""
    ends = [
        (c.finished_at, pod.ref, pod, c.quote_end())
        for pod in pods
        for c in containers(pod, init=False)
        if c.finished_at and c.finished_at > since
    ]
    if not ends:
        return None
    at, _, pod, quotes = max(ends, key=lambda end: end[:2])
    return pod, at, quotes
