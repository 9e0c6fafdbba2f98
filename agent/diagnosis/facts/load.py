"""Load: what Prometheus measures for a workload, and which pods a metric alert is about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.changes import Change, config_changes, is_shortly_before, last_rollout
from agent.diagnosis.read import promql
from agent.diagnosis.read.promql import Scope
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, Series
from agent.diagnosis.read.trend import Rise, compare, level

BEFORE_RISE = timedelta(minutes=30)  # a change affects the load within this time, or it is not to blame
AFTER_RISE = timedelta(minutes=5)  # a rate is a mean over minutes: it may seem to rise a little early
FRONTS = ("Service", "HorizontalPodAutoscaler", "Ingress")


def is_about(case: Case, family: str) -> bool:
    """Whether the alert is of that family and about the object under analysis."""
    if family not in case.runbook.families or case.current is None or case.current.cause:
        return False
    return case.current.by is None or case.current.by.kind in FRONTS


def first(found: Sequence[Series] | Lack) -> Series | None:
    """The one series of an expression, if it has points."""
    return found[0] if found and found[0].points else None


_ASKED: dict[str, tuple[Callable[[Scope], str], str]] = {
    "cpu": (promql.cpu, "how much CPU does {} use?"),
    "memory": (promql.memory, "how much memory does {} use?"),
    "requests": (promql.requests, "how many requests does {} serve?"),
    "errors": (promql.errors, "how many requests to {} fail?"),
    "latency": (promql.latency, "how long do the requests to {} take?"),
    "throttled": (promql.throttled, "does a CPU limit throttle {}?"),
}


@dataclass(frozen=True)
class Measured:
    """The series of one object, in the units of `promql`; None if refused or without points."""

    cpu: Series | None = None
    memory: Series | None = None
    requests: Series | None = None
    errors: Series | None = None
    latency: Series | None = None
    throttled: Series | None = None


def measured(case: Case, obj: Obj, workload: Obj, *names: str) -> Measured | Lack:
    """The named series of an object; unread while one of them is."""
    scope = scope_of(obj, workload)
    found = {name: case.series(_ASKED[name][0](scope), _ASKED[name][1].format(obj.ref)) for name in names}
    if Lack.UNREAD in found.values():
        return Lack.UNREAD
    return Measured(**{name: first(series) for name, series in found.items()})


@dataclass(frozen=True)
class Traffic:
    """Requests served, and how many of them failed, over the time of a rise; rates per second."""

    series: Series
    before: float
    during: float

    @property
    def ratio(self) -> float:
        """The ratio to the earlier rate."""
        return self.during / self.before if self.before > 0 else float("inf")


def traffic_over(series: Series | None, rise: Rise) -> Traffic | None:
    """The request rate before and during a rise; None where it was not measured."""
    rates = compare(series.points, rise) if series else None
    return Traffic(series, *rates) if series and rates else None


def quote_rise(series: Series, start: float) -> Quote:
    """The values around a moment: some before it, some after it."""
    step = (series.points[-1][0] - series.points[0][0]) / max(len(series.points) - 1, 1)
    return series.quote_between(start - 6 * step, start + 12 * step)


def quote_now(series: Series) -> Quote:
    """The last values."""
    return series.quote_between(series.points[-min(12, len(series.points))][0], series.points[-1][0])


def change_before(case: Case, workload: Obj, rise: Rise) -> Change | Lack | None:
    """What was rolled out or edited just before a rise; None without such a change."""
    moment = clock(rise.start) + AFTER_RISE
    rollout = last_rollout(case, workload)
    edits = config_changes(case, workload)
    if rollout is Lack.UNREAD or edits is Lack.UNREAD:
        return Lack.UNREAD
    for change in (*([rollout] if rollout else []), *(edits or [])):
        if change.at and is_shortly_before(change.at, moment, BEFORE_RISE + AFTER_RISE):
            return change
    return None


def clock(seconds: float) -> datetime:
    """A time of a series."""
    return datetime.fromtimestamp(seconds, UTC)


def now_level(series: Series | None) -> float | None:
    """Where a series is now, None without one."""
    return level(series.points) if series else None


def scope_of(obj: Obj, workload: Obj) -> Scope:
    """The pods a metric alert is about: all of the workload, or the one pod that was named."""
    return Scope.of(obj.ref if obj.ref.kind == "Pod" else workload.ref)
