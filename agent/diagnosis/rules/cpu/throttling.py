"""CPU throttling seen from a caller that waits too long."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.finding import Finding
from agent.diagnosis.findings import throttling
from agent.diagnosis.findings.throttling import starved
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.kinds import ROLLED_OUT

SLOW_FOR_A_CALLER = ("dependency-timeout", "latency-high")


@rule(*ROLLED_OUT, finds=(*throttling.FINDS,))
def slow_callee(case: Case, workload: Obj) -> Iterator[Finding]:
    """A workload for which a caller waits too long."""
    if case.led_by in SLOW_FOR_A_CALLER and (found := starved(case, workload)):
        yield found
