"""Services in front of a workload: an alert about what is measured of a Service is about what is behind it."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.graph import pods_of, workload_of
from agent.diagnosis.facts.load import is_about
from agent.diagnosis.finding import Finding
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State


@rule("Service")
def front(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Go on with the workload of the pods behind it, where the alert is about a metric."""
    if any(is_about(case, family) for family in ("cpu", "memory", "traffic")):
        for pod in (pods_of(case, obj) or [])[:1]:
            case.follow(workload_of(case, pod).ref)
    yield from ()
