"""Error rate and latency: since a change, under more load, throttled by a limit; otherwise see the pods' logs."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.advice import edit, roll_back
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.facts.changes import Change
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.load import (
    change_before,
    clock,
    is_about,
    measured,
    now_level,
    quote_now,
    quote_rise,
    traffic_over,
)
from agent.diagnosis.finding import Claim, Finding, RuledOut, Sure
from agent.diagnosis.findings import throttling
from agent.diagnosis.findings.scaling import scale_out
from agent.diagnosis.findings.throttling import limit_too_low
from agent.diagnosis.read.thing import Obj, Series
from agent.diagnosis.read.trend import Rise, find_rise
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.kinds import ROLLED_OUT

FEW = 0.01  # errors per second that are negligible

ERRORS_CHANGED = cause("errors-after-change")
ERRORS = cause("errors-high")
SLOW_CHANGED = cause("latency-after-change")
SLOW_LOAD = cause("latency-under-load")
SLOW = cause("latency-high")


@dataclass(frozen=True)
class Symptom:
    """One of the two things such an alert may be about, with the causes and words for it."""

    series: Series
    rise: Rise
    changed: Cause
    high: Cause
    words: str
    unit: str

    def claim(self) -> Claim:
        """A claim that it rose, with both levels."""
        values = f"from {self.rise.before:.3g} to {self.rise.during:.3g} {self.unit}"
        text = f"{self.words} rose {values} at {clock(self.rise.start):%H:%M} UTC"
        return Claim(text, (quote_rise(self.series, self.rise.start),))


@rule(*ROLLED_OUT, "Pod", finds=(ERRORS, ERRORS_CHANGED, SLOW, SLOW_CHANGED, SLOW_LOAD, *throttling.FINDS))
def bad_answers(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Explain more errors or higher latency of the subject, or report that it is over."""
    if not is_about(case, "traffic"):
        return
    workload = workload_of(case, obj)
    series = measured(case, obj, workload, "errors", "latency", "requests", "cpu", "throttled")
    if isinstance(series, Lack):
        return
    cpu, throttled = series.cpu, series.throttled
    found = list(_symptoms(series.errors, series.latency))
    lasting = [symptom for symptom in found if symptom.rise.end is None]
    for symptom in lasting:
        change = change_before(case, workload, symptom.rise)
        if change is Lack.UNREAD:
            return
        if change:
            yield _after_change(workload, symptom, change)
        elif (
            symptom.high is SLOW
            and cpu
            and (starved := limit_too_low(case, workload, cpu, throttled, case.subject.container))
        ):
            yield starved
        else:
            yield from _under_load(case, workload, symptom, series.requests)
    if not lasting:
        yield from _over(obj, found, series.errors)


def _symptoms(errors: Series | None, latency: Series | None) -> Iterator[Symptom]:
    if errors and (rise := find_rise(errors.points, factor=2, least=0.02)):
        yield Symptom(errors, rise, ERRORS_CHANGED, ERRORS, "The rate of server errors", "a second")
    if latency and (rise := find_rise(latency.points, factor=1.5, least=0.01)):
        yield Symptom(latency, rise, SLOW_CHANGED, SLOW, "The 95th percentile of latency", "seconds")


def _after_change(workload: Obj, symptom: Symptom, change: Change) -> Finding:
    config = change.kind == "config"
    what = (
        f"the edit of ConfigMap {change.entity.name}"
        if config
        else f"the {change.kind} of revision {change.revision}"
    )
    headline = f"{symptom.words} is higher since {what} ({change.summary})"
    undo = (
        edit(
            change.entity,
            "reverting the edit",
            "Restore the earlier data, then restart the pods that read it.",
        )
        if config
        else roll_back(workload.ref)
    )
    claims = (symptom.claim(), change.claim())
    return Finding(symptom.changed, workload.ref, headline, claims, Sure.LIKELY, (undo,), since=change.at)


def _under_load(case: Case, workload: Obj, symptom: Symptom, requests: Series | None) -> Iterator[Finding]:
    traffic = traffic_over(requests, symptom.rise)
    if symptom.high is SLOW and traffic and traffic.ratio >= 1.3:
        more = f"from {traffic.before:.1f} to {traffic.during:.1f} per second"
        said = Claim(f"The request rate rose {more}", (quote_rise(traffic.series, symptom.rise.start),))
        headline = f"{workload.ref.name} is slower because it gets {traffic.ratio:.1f} times as many requests"
        advice = tuple(scale_out(case, workload, traffic.ratio))
        claims = (symptom.claim(), said)
        yield Finding(
            SLOW_LOAD, workload.ref, headline, claims, Sure.LIKELY, advice, since=clock(symptom.rise.start)
        )
        return
    headline = f"{symptom.words} of {workload.ref.name} rose with no change before it"
    ruled_out: tuple[RuledOut, ...] = ()
    if traffic:
        why = f"the request rate is {traffic.ratio:.1f} times what it was before"
        ruled_out = (RuledOut(SLOW_LOAD.id, why, (quote_rise(traffic.series, symptom.rise.start),)),)
    yield Finding(
        symptom.high,
        workload.ref,
        headline,
        (symptom.claim(),),
        Sure.POSSIBLE,
        ruled_out=ruled_out,
        since=clock(symptom.rise.start),
    )


def _over(obj: Obj, found: list[Symptom], errors: Series | None) -> Iterator[State]:
    """A state for a rise that is over, or for no errors at all."""
    for symptom in found:
        words = f"{symptom.words} of {obj.ref} rose at {clock(symptom.rise.start):%H:%M} UTC and is back at"
        now = f"{now_level(symptom.series) or 0:.3g} {symptom.unit}."
        yield State("recovered", obj.ref, f"{words} {now}", (quote_now(symptom.series),), settles=True)
    if errors and not found and (now_level(errors) or 0) < FEW:
        words = f"{obj.ref} answers no requests with server errors."
        yield State("healthy", obj.ref, words, (quote_now(errors),), settles=True)
