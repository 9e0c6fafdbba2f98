"""High CPU: more traffic, a change that costs more, a limit too low, or none of these.

Told apart by CPU per request: more requests at the old cost are a spike; the old requests at a higher cost,
just after a change, are the change.
"""

from collections.abc import Iterator

from agent.diagnosis.advice import edit, roll_back
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.changes import Change, last_rollout
from agent.diagnosis.facts.graph import pods_of, workload_of
from agent.diagnosis.facts.load import (
    Traffic,
    change_before,
    clock,
    is_about,
    measured,
    now_level,
    quote_now,
    quote_rise,
    traffic_over,
)
from agent.diagnosis.facts.usage import covers, usage
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure, one_of
from agent.diagnosis.findings import throttling
from agent.diagnosis.findings.scaling import autoscaler_claim, scale_out
from agent.diagnosis.findings.throttling import at_limit, limit_too_low, throttled_share
from agent.diagnosis.read.pod import first_container, is_well
from agent.diagnosis.read.thing import Obj, Series, dig
from agent.diagnosis.read.trend import Rise, find_rise
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.kinds import ROLLED_OUT
from agent.quantity import parse_quantity

LEAST_CORES = 0.03  # a rise by less is noise
MORE_TRAFFIC = 1.3
COSTLIER = 1.5
BUSY = 0.8
NEAR = 0.9

SPIKE = cause("cpu-traffic-spike")
CHANGED = cause("cpu-after-change")
RUNAWAY = cause("cpu-without-load")
HIGH = cause("cpu-high")


@rule(*ROLLED_OUT, "Pod", finds=(CHANGED, HIGH, RUNAWAY, SPIKE, *throttling.FINDS))
def high_cpu(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Explain why the subject of a CPU alert uses more than before, or say that it does not."""
    if not is_about(case, "cpu"):
        return
    workload = workload_of(case, obj)
    series = measured(case, obj, workload, "cpu", "requests", "throttled")
    if isinstance(series, Lack):
        return
    cpu, requests, throttled = series.cpu, series.requests, series.throttled
    if cpu is None:
        yield from _by_usage(case, obj, workload)
        return
    rise = find_rise(cpu.points, least=LEAST_CORES)
    if rise is None or rise.end is not None:
        starved = limit_too_low(case, workload, cpu, throttled, case.subject.container)
        yield starved or _as_before(obj, workload, cpu, rise)
        return
    traffic = traffic_over(requests, rise)
    change = change_before(case, workload, rise)
    if change is Lack.UNREAD:
        return
    if traffic and traffic.ratio >= MORE_TRAFFIC and (rise.ratio < COSTLIER * traffic.ratio or not change):
        yield _spike(case, workload, cpu, rise, traffic, throttled)
    elif change:
        yield _changed(workload, cpu, rise, traffic, change)
    elif starved := limit_too_low(case, workload, cpu, throttled, case.subject.container):
        yield starved
    else:
        yield _unexplained(case, workload, cpu, rise, traffic)


def _as_before(obj: Obj, workload: Obj, cpu: Series, rise: Rise | None) -> Finding | State:
    """No lasting rise: it is over, or there was none and the level is normal, or it was always this high."""
    now, last = now_level(cpu) or 0.0, (quote_now(cpu),)
    if rise is not None and rise.end is not None:
        words = f"The CPU use of {obj.ref} rose at {clock(rise.start):%H:%M} UTC and fell at"
        words += f" {clock(rise.end):%H:%M} UTC; it is {now:.2f} cores now."
        return State("recovered", obj.ref, words, last, settles=True)
    bound = _bound(workload, 1 if obj.ref.kind == "Pod" else int(workload.at("spec.replicas", 1) or 1))
    if bound and now < BUSY * bound:
        words = f"The CPU use of {obj.ref} is {now:.2f} cores as before, {now / bound:.0%} of its limit or request."
        return State("healthy", obj.ref, words, last, settles=True)
    of = f", {now / bound:.0%} of its limit or request" if bound else ""
    headline = f"CPU has been at {now:.2f} cores{of} for as long as it was measured, with no rise"
    return Finding(
        HIGH, workload.ref, headline, (Claim(headline, last),), Sure.POSSIBLE, (_profile(workload),)
    )


def _bound(workload: Obj, replicas: int) -> float | None:
    """Cores that limits, else requests, set for all replicas; None where neither is set."""
    base = "spec.containers" if workload.ref.kind == "Pod" else "spec.template.spec.containers"
    for kind in ("limits", "requests"):
        found = [dig(spec, f"resources.{kind}.cpu") for spec in workload.items(base)]
        if found and all(found):
            return replicas * sum(parse_quantity(amount) for amount in found)
    return None


def _spike(
    case: Case, workload: Obj, cpu: Series, rise: Rise, traffic: Traffic, throttled: Series | None
) -> Finding:
    claims = [_rise_claim(cpu, rise), _traffic_claim(traffic, rise), autoscaler_claim(case, workload)]
    share = throttled_share(throttled)
    if share >= 0.1 and throttled:
        stopped = f"The CPU limit throttles the containers in {share:.0%} of their periods"
        claims.append(Claim(stopped, (quote_now(throttled),)))
    in_step = rise.ratio < COSTLIER * traffic.ratio
    return Finding(
        SPIKE,
        workload.ref,
        "High CPU observed due to traffic spike",
        tuple(c for c in claims if c),
        sure=Sure.STATED if in_step else Sure.LIKELY,
        recommendations=tuple(scale_out(case, workload, rise.ratio)),
        ruled_out=tuple(_other_than_traffic(case, workload, rise, traffic, throttled)),
        since=clock(rise.start),
    )


def _other_than_traffic(
    case: Case, workload: Obj, rise: Rise, traffic: Traffic, throttled: Series | None
) -> Iterator[RuledOut]:
    cost = rise.ratio / traffic.ratio
    rollout = last_rollout(case, workload)
    why = f"CPU per request is {cost:.1f} times what it was before"
    if rollout and rollout.at:
        yield RuledOut(
            CHANGED.id, f"{why}, and the last rollout was at {rollout.at:%Y-%m-%d %H:%M} UTC", rollout.quotes
        )
    else:
        yield RuledOut(
            CHANGED.id, f"{why}, and there was no rollout or edit before", (traffic.series.quote(),)
        )
    if throttled and throttled_share(throttled) < 0.1:
        yield RuledOut("cpu-limit-too-low", "no CPU limit throttles the containers", (quote_now(throttled),))


def _changed(workload: Obj, cpu: Series, rise: Rise, traffic: Traffic | None, change: Change) -> Finding:
    claims, ruled_out = [_rise_claim(cpu, rise), change.claim()], []
    if traffic:
        claims.append(_traffic_claim(traffic, rise))
        why = f"requests are {traffic.ratio:.1f} times and CPU is {rise.ratio:.1f} times what it was before"
        ruled_out.append(RuledOut(SPIKE.id, why, (quote_rise(traffic.series, rise.start),)))
    if change.kind == "config":
        what, undo = f"the edit of ConfigMap {change.entity.name}", _revert(change)
    else:
        what, undo = f"the {change.kind} of revision {change.revision}", roll_back(workload.ref)
    return Finding(
        CHANGED,
        workload.ref,
        f"High CPU observed since {what} ({change.summary})",
        tuple(claims),
        sure=Sure.STATED if traffic else Sure.LIKELY,
        recommendations=one_of(
            undo, _profile(workload, "profiling the new version", "If the change must stay")
        ),
        ruled_out=tuple(ruled_out),
        since=change.at,
    )


def _revert(change: Change) -> Recommendation:
    sentence = (
        f"Restore the earlier data of ConfigMap {change.entity.name}, then restart the pods that read it."
    )
    return edit(change.entity, "reverting the edit", sentence)


def _unexplained(case: Case, workload: Obj, cpu: Series, rise: Rise, traffic: Traffic | None) -> Finding:
    """A rise that no load or change explains; without a request rate, not even that is known."""
    claims = [_rise_claim(cpu, rise)]
    if traffic is None:
        claims.append(
            Claim(
                "No request rate was measured: traffic can be neither confirmed nor ruled out",
                (),
                "hypothesis",
            )
        )
        headline = f"CPU rose {rise.ratio:.1f}-fold, and no request rate was measured to compare it with"
        return Finding(
            HIGH,
            workload.ref,
            headline,
            tuple(claims),
            Sure.POSSIBLE,
            (_profile(workload),),
            since=clock(rise.start),
        )
    claims.append(_traffic_claim(traffic, rise))
    why = f"requests are {traffic.ratio:.1f} times what they were, CPU is {rise.ratio:.1f} times"
    headline, sure = f"CPU rose {rise.ratio:.1f}-fold without more traffic or a change", Sure.POSSIBLE
    if said := _complaint(case, workload):
        claims.append(said)
        headline, sure = f"{headline}, while its log reports a problem", Sure.LIKELY
    return Finding(
        RUNAWAY,
        workload.ref,
        headline,
        tuple(claims),
        sure,
        (_profile(workload),),
        ruled_out=(RuledOut(SPIKE.id, why, (quote_rise(traffic.series, rise.start),)),),
        since=clock(rise.start),
    )


def _complaint(case: Case, workload: Obj) -> Claim | None:
    """What the log of one of the pods says is wrong, if anything."""
    for pod in (pods_of(case, workload) or [])[:1]:
        log = case.log(pod.ref, first_container(pod), why="what does it use its CPU for?")
        found = log.read(exited=False) if log else ()
        if log and found and found[0].weight >= 0.5:
            return Claim(f"Meanwhile its log says: {found[0].message}", (log.quote(found[0]),))
    return None


def _by_usage(case: Case, obj: Obj, workload: Obj) -> Iterator[Finding | State]:
    """Without Prometheus: the current usage against the limit. It shows how much, never why."""
    pods = [obj] if obj.ref.kind == "Pod" else pods_of(case, workload)
    well = [pod for pod in pods or [] if is_well(pod)]
    uses = usage(case, well, "cpu")
    if not uses:
        return
    top = uses[0]
    bound = top.limit or top.request
    of = "limit" if top.limit else "request"
    words = f"container {top.container} of {top.pod.ref.name} uses {top.amount:.2f} cores"
    if bound and top.amount < BUSY * bound / 1.6:
        if obj.ref.kind != "Pod" and not covers(case, workload, well):
            return
        sentence = f"The busiest {words}, {top.amount / bound:.0%} of its {of}: not high now."
        yield State("recovered", obj.ref, sentence, top.quotes, settles=True)
        return
    if top.share > NEAR and "throttl" in case.alert.text.lower() and (starved := at_limit(workload, top)):
        yield starved
        return
    share = f", {top.amount / bound:.0%} of its {of}" if bound else ", and no limit or request is set"
    claims: tuple[Claim, ...] = (Claim(f"The {words} now{share}", top.quotes),)
    change = last_rollout(case, workload)
    if change and change.at and (case.now - change.at).total_seconds() < 3600:
        claims += (change.claim(), Claim("The rollout may cost more CPU", (), "hypothesis"))
    headline = f"CPU is high now ({words}{share}), and without Prometheus the reason is not known"
    yield Finding(HIGH, workload.ref, headline, claims, Sure.POSSIBLE, (_profile(workload),))


def _rise_claim(cpu: Series, rise: Rise) -> Claim:
    text = f"CPU rose from {rise.before:.2f} to {rise.during:.2f} cores at {clock(rise.start):%H:%M} UTC"
    return Claim(f"{text} ({rise.ratio:.1f}-fold)", (quote_rise(cpu, rise.start),))


def _traffic_claim(traffic: Traffic, rise: Rise) -> Claim:
    rates = (
        f"from {traffic.before:.1f} to {traffic.during:.1f} requests per second ({traffic.ratio:.1f}-fold)"
    )
    verb = "rose together with it" if traffic.ratio >= MORE_TRAFFIC else "hardly changed"
    return Claim(f"The request rate {verb}: {rates}", (quote_rise(traffic.series, rise.start),))


def _profile(
    workload: Obj, action: str = "taking a CPU profile", when: str = "While it lasts"
) -> Recommendation:
    sentence = f"{when}, take a CPU profile of the busiest pod: it shows which code uses the CPU."
    busiest = kubectl(workload.ref.namespace, "top pod --containers --sort-by=cpu")
    return Recommendation(action, sentence, busiest, "none")
