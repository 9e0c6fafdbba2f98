"""What running containers report as wrong: unready ones, waiting init containers, and others if asked."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import look, read_log
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.findings import logged
from agent.diagnosis.findings.complaint import Complaint
from agent.diagnosis.logs import LogFinding
from agent.diagnosis.read.pod import Container, containers, is_deleting, is_finished, is_ready
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

HANGS = cause("init-container-hangs")

RECENT = timedelta(minutes=15)
PATIENCE = timedelta(seconds=45)  # that an init container may run before it is called hanging
SURE_WHILE_READY = 0.5


@rule("Pod", finds=(HANGS, *logged.FINDS))
def complaints(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """The trouble that the log of a running container reports."""
    if is_deleting(pod) or is_finished(pod) or not _is_of_interest(case, pod):
        return
    for container in containers(pod):
        if container.running_since is None or container.keeps_ending(case.now):
            continue
        if container.is_init and not container.is_sidecar:
            yield from _waiting_init(case, pod, container)
        elif is_ready(pod) or not container.ready:
            yield from _complaint(case, pod, container)


def _is_of_interest(case: Case, pod: Obj) -> bool:
    """Whether to read logs of ready pods: if something led here, or if object states do not answer the alert."""
    if is_ready(pod):
        return bool(case.led_by) or not case.runbook.settled_by_state
    return pod.at("status.phase") == "Pending" or bool(pod.condition("Ready").get("reason"))


def _complaint(case: Case, pod: Obj, container: Container) -> Iterator[Finding]:
    log = case.log(pod.ref, container.name, why=f"what does {container.called} report?")
    line = (
        next((found for found in log.read(exited=False) if _is_current(case, pod, found)), None)
        if log
        else None
    )
    if log and line:
        yield from logged.explain(Complaint(case, pod, container, log, line))


def _is_current(case: Case, pod: Obj, line: LogFinding) -> bool:
    """Whether a line belongs to the present trouble, and is sure enough where the pod is ready."""
    if is_ready(pod) and line.weight < SURE_WHILE_READY:
        return False
    began = min(case.alert.starts_at or case.now, case.now)
    return line.at is None or line.at >= min(began, case.now) - RECENT


def _waiting_init(case: Case, pod: Obj, container: Container) -> Iterator[Finding]:
    since = container.running_since
    if since is None or case.now - since < PATIENCE:
        return
    yield from _complaint(case, pod, container)
    log = case.log(pod.ref, container.name) or None
    quotes = container.quote("state.running.startedAt") + pod.quote_condition("Initialized")
    claims = [Claim(f"The {container.called} has been running since {since:%H:%M:%S} UTC", quotes)]
    if log and log.text.strip():
        last = log.text.strip().splitlines()[-1]
        claims.append(Claim("The last line of its log", (log.quote(last),)))
    see = tuple(read_log(log, "reading the init container's log", HANGS.remedy))
    yield Finding(
        cause=HANGS,
        entity=workload_of(case, pod).ref,
        headline=f"The {container.called} does not finish, and the pod waits for it",
        claims=tuple(claims),
        sure=Sure.LIKELY if log else Sure.POSSIBLE,
        recommendations=see or (look(pod.ref, "looking at its command", "See what its command waits for."),),
        since=since,
        container=container.name,
    )
