"""Memory that grows: a leak, more load, a change, or simply near the limit."""

from collections.abc import Iterator

from agent.diagnosis.advice import on, roll_back
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.changes import Change
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
from agent.diagnosis.facts.usage import bound, covers, usage
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure
from agent.diagnosis.findings.scaling import scale_out
from agent.diagnosis.read.node import amount
from agent.diagnosis.read.pod import is_well
from agent.diagnosis.read.thing import Obj, Series
from agent.diagnosis.read.trend import LEAST_POINTS, Rise, find_rise, slope
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.kinds import ROLLED_OUT

LEAST_BYTES = 16 << 20
STRAIGHT = 0.85  # r squared from which growth is steady
GROWN = 0.2  # of its start, over the time measured
NEAR = 0.9

LEAK = cause("memory-leak")
LOAD = cause("memory-load")
CHANGED = cause("memory-after-change")
NEAR_LIMIT = cause("memory-near-limit")


@rule(*ROLLED_OUT, "Pod", finds=(CHANGED, LEAK, LOAD, NEAR_LIMIT))
def high_memory(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Explain why the subject of a memory alert uses more than before, or report that it does not."""
    if not is_about(case, "memory"):
        return
    workload = workload_of(case, obj)
    series = measured(case, obj, workload, "memory", "requests")
    if isinstance(series, Lack):
        return
    memory, requests = series.memory, series.requests
    if memory is None:
        yield from _by_usage(case, obj, workload)
        return
    growth = _growth(memory)
    rise = find_rise(memory.points, factor=1.2, least=LEAST_BYTES)
    if growth and not (rise and rise.end):
        yield _leak(workload, memory, growth, requests)
    elif rise and not rise.end:
        traffic, change = traffic_over(requests, rise), change_before(case, workload, rise)
        if change is Lack.UNREAD:
            return
        yield _stepped(case, workload, memory, rise, traffic, change or None)
    else:
        yield from _level(case, obj, workload, memory, rise)


def _growth(memory: Series) -> float | None:
    """Bytes per hour, if growth is linear and continues."""
    if len(memory.points) < LEAST_POINTS:
        return None
    rate, straight = slope(memory.points)
    hours = (memory.points[-1][0] - memory.points[0][0]) / 3600
    start = memory.points[0][1]
    if straight < STRAIGHT or rate <= 0 or rate * 3600 * hours < max(GROWN * start, LEAST_BYTES):
        return None
    half = memory.points[len(memory.points) // 2 :]
    return rate * 3600 if slope(half)[0] > rate / 3 else None


def _leak(workload: Obj, memory: Series, growth: float, requests: Series | None) -> Finding:
    held = memory.points[-1][1]  # for a growing line, the recent median lags behind
    text = f"The largest pod grows steadily by {_bytes(growth)} an hour and uses {_bytes(held)} now"
    claims, ruled_out = [Claim(text, (memory.quote(), quote_now(memory)))], []
    if requests:
        rate, straight = slope(requests.points)
        mean = sum(v for _, v in requests.points) / len(requests.points)
        grows = straight > 0.6 and rate * (requests.points[-1][0] - requests.points[0][0]) > 0.2 * mean
        if grows:
            headline = (
                f"Memory of {workload.ref.name} grows with the request rate, by {_bytes(growth)} an hour"
            )
            claims.append(Claim("The request rate grows too", (requests.quote(),)))
            return Finding(LOAD, workload.ref, headline, tuple(claims), Sure.LIKELY)
        why = f"the request rate stays at {mean:.1f} per second"
        ruled_out.append(RuledOut(LOAD.id, why, (quote_now(requests),)))
    headline = f"Memory of {workload.ref.name} grows steadily by {_bytes(growth)} an hour without more load"
    advice = (
        Recommendation(
            "taking a heap profile",
            "Take two heap profiles a few minutes apart and see what has grown.",
            kubectl(workload.ref.namespace, "top pod --containers --sort-by=memory"),
            "none",
        ),
        Recommendation(
            "restarting it as a stopgap",
            "A restart frees the memory until it has grown again.",
            on(workload.ref, "rollout restart"),
            "low",
        ),
    )
    return Finding(
        LEAK, workload.ref, headline, tuple(claims), Sure.LIKELY, advice, ruled_out=tuple(ruled_out)
    )


def _stepped(
    case: Case, workload: Obj, memory: Series, rise: Rise, traffic: Traffic | None, change: Change | None
) -> Finding:
    text = f"Memory rose from {_bytes(rise.before)} to {_bytes(rise.during)} at {clock(rise.start):%H:%M} UTC"
    claims = [Claim(text, (quote_rise(memory, rise.start),))]
    if traffic and traffic.ratio >= 1.3:
        words = f"The request rate rose from {traffic.before:.1f} to {traffic.during:.1f} per second"
        claims.append(Claim(words, (quote_rise(traffic.series, rise.start),)))
        headline = (
            f"Memory of {workload.ref.name} rose together with the request rate ({traffic.ratio:.1f}-fold)"
        )
        advice = tuple(scale_out(case, workload, traffic.ratio))
        return Finding(
            LOAD, workload.ref, headline, tuple(claims), Sure.LIKELY, advice, since=clock(rise.start)
        )
    if change:
        headline = f"Memory of {workload.ref.name} is higher since a change ({change.summary})"
        claims.append(change.claim())
        advice = (roll_back(workload.ref),) if change.kind != "config" else ()
        return Finding(CHANGED, workload.ref, headline, tuple(claims), Sure.LIKELY, advice, since=change.at)
    headline = f"{text}, without more load or a change"
    return Finding(NEAR_LIMIT, workload.ref, headline, tuple(claims), Sure.POSSIBLE, since=clock(rise.start))


def _level(
    case: Case, obj: Obj, workload: Obj, memory: Series, rise: Rise | None
) -> Iterator[Finding | State]:
    held, last = now_level(memory) or 0.0, (quote_now(memory),)
    limits = [
        b
        for p in pods_of(case, workload) or []
        for c in p.items("spec.containers")
        if (b := bound(p, str(c.get("name")), "limits.memory"))
    ]
    if limits and held > NEAR * max(limits):
        headline = (
            f"Memory of {workload.ref.name} has been at {held / max(limits):.0%} of its limit the whole time"
        )
        yield Finding(NEAR_LIMIT, workload.ref, headline, (Claim(headline, last),), Sure.POSSIBLE)
    elif rise and rise.end:
        words = f"The memory of {obj.ref} rose and is back at {_bytes(held)}."
        yield State("recovered", obj.ref, words, last, settles=True)
    elif limits and len(memory.points) >= LEAST_POINTS:  # with fewer, growth cannot be excluded
        words = (
            f"The largest pod of {obj.ref} uses {_bytes(held)} of {_bytes(max(limits))} and is not growing."
        )
        yield State("healthy", obj.ref, words, last, settles=True)


def _by_usage(case: Case, obj: Obj, workload: Obj) -> Iterator[Finding | State]:
    """Without Prometheus: how close to the limit it is now, never why."""
    pods = [obj] if obj.ref.kind == "Pod" else pods_of(case, workload)
    well = [pod for pod in pods or [] if is_well(pod)]
    uses = usage(case, well, "memory")
    if not uses:
        return
    top = uses[0]
    words = f"container {top.container} of {top.pod.ref.name} uses {_bytes(top.amount)}"
    if top.limit and top.share < 0.75:
        if obj.ref.kind != "Pod" and not covers(case, workload, well):
            return
        sentence = f"The fullest {words}, {top.share:.0%} of its limit: not high now."
        yield State("recovered", obj.ref, sentence, top.quotes, settles=True)
        return
    share = f", {top.share:.0%} of its limit" if top.limit else ", and no limit is set"
    headline = (
        f"Memory is high now ({words}{share}), and without Prometheus the reason for its growth is not known"
    )
    yield Finding(
        NEAR_LIMIT, workload.ref, headline, (Claim(f"The {words} now{share}", top.quotes),), Sure.POSSIBLE
    )


def _bytes(value: float) -> str:
    return amount("memory", round(value, -3))
