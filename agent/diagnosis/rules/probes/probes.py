"""Probes that fail: wrong path, port, scheme or command, probed too early, or the program is unhealthy."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agent.diagnosis.advice import edit, look, read_log, roll_back
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.facts.changes import recent_change
from agent.diagnosis.facts.ending import endings
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.logs import LogFinding
from agent.diagnosis.read.listening import listening
from agent.diagnosis.read.pod import Container, containers, is_deleting, is_ready
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Log, Obj, cut, dig
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

WRONG_PATH = cause("probe-wrong-path")
WRONG_PORT = cause("probe-wrong-port")
WRONG_SCHEME = cause("probe-wrong-scheme")
PORT_UNKNOWN = cause("probe-port-unknown")
COMMAND_MISSING = cause("probe-command-missing")
COMMAND_FAILS = cause("probe-command-fails")
TIMEOUT = cause("probe-timeout")
SLOW_START = cause("slow-start")
LOOPBACK = cause("listens-on-loopback")
UNHEALTHY = cause("app-reports-unhealthy")
NOT_LISTENING = cause("not-listening")
KILL = cause("liveness-probe-kill")

_KINDS = {"Liveness": "livenessProbe", "Readiness": "readinessProbe", "Startup": "startupProbe"}
_STATUS = re.compile(r"statuscode: (\d{3})")
_NOT_RUN = re.compile(
    r"exec failed|executable file not found|^(?:/bin/)?sh: (?:\d+: |line \d+: )?[^ :]{1,200}: not found"
)


@dataclass(frozen=True, eq=False)
class Failure:
    """One failing probe of one container; `kind` is Liveness, Readiness or Startup."""

    case: Case
    pod: Obj
    container: Container
    kind: str
    event: Event
    log: Log | None
    lived: timedelta | None  # how long a killed instance ran; None while it runs
    killed: Event | None = None

    @property
    def probe(self) -> dict[str, Any]:
        """The probe in the spec."""
        return self.container.spec.get(_KINDS[self.kind]) or {}

    @property
    def port(self) -> int | None:
        """The port it connects to, with a name resolved."""
        wanted = (
            dig(self.probe, "httpGet.port")
            or dig(self.probe, "tcpSocket.port")
            or dig(self.probe, "grpc.port")
        )
        if isinstance(wanted, str) and not wanted.isdigit():
            wanted = dig(self.container.spec, f"ports[{wanted}].containerPort")
        return int(wanted) if wanted is not None else None

    @property
    def from_the_start(self) -> bool:
        """Whether a killed instance never passed the probe: it lived no longer than the probe's patience."""
        if self.kind == "Startup":
            return True
        if self.lived is None:
            return False
        tries = int(self.probe.get("failureThreshold") or 3)
        each = int(self.probe.get("periodSeconds") or 10) + int(self.probe.get("timeoutSeconds") or 1)
        grace = int(self.pod.at("spec.terminationGracePeriodSeconds") or 30)
        patience = int(self.probe.get("initialDelaySeconds") or 0) + each * (tries + 1) + grace
        return self.lived <= timedelta(seconds=patience)

    def quote_probe(self, *fields: str) -> tuple[Quote, ...]:
        """Quotes of the probe's specification."""
        return self.container.quote_spec(*(f"{_KINDS[self.kind]}.{field}" for field in fields))


@rule(
    "Pod",
    finds=(
        COMMAND_FAILS,
        COMMAND_MISSING,
        KILL,
        LOOPBACK,
        NOT_LISTENING,
        PORT_UNKNOWN,
        SLOW_START,
        TIMEOUT,
        UNHEALTHY,
        WRONG_PATH,
        WRONG_PORT,
        WRONG_SCHEME,
    ),
)
def failing_probes(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """Containers that a probe keeps out of service or has killed."""
    if is_deleting(pod):
        return
    for ending in endings(case, pod):
        if ending.how == "probe":
            kind = "Startup" if ending.killing("failed startup probe") else "Liveness"
            killed = ending.killing(f"failed {kind.lower()} probe")
            event = _unhealthy(case, pod, ending.container, kind) or killed
            if event is not None:
                lived = ending.container.lived
                yield _finding(Failure(case, pod, ending.container, kind, event, ending.log, lived, killed))
    if not is_ready(pod) and pod.condition("Ready").get("reason") == "ContainersNotReady":
        yield from _unready(case, pod)


def _unready(case: Case, pod: Obj) -> Iterator[Finding]:
    for container in containers(pod):
        if (
            container.running_since is None
            or container.ready
            or (container.is_init and not container.is_sidecar)
        ):
            continue
        kind = "Readiness" if container.status.get("started") else "Startup"
        event = _unhealthy(case, pod, container, kind)
        if event is not None:
            log = case.log(pod.ref, container.name, why=f"what does {container.called} say?") or None
            yield _finding(Failure(case, pod, container, kind, event, log, None))


def _unhealthy(case: Case, pod: Obj, container: Container, kind: str) -> Event | None:
    """The newest event of a probe of that kind."""
    for event in reversed(case.events(pod.ref, f"why is {pod.ref} not ready?") or []):
        place = f"{{{container.name}}}" in event.field_path or not event.field_path
        if (
            event.reason in ("Unhealthy", "ProbeError")
            and event.message.startswith(f"{kind} probe")
            and place
        ):
            return event
    return None


def _finding(failure: Failure) -> Finding:
    cause, clause, sure, claims = _judge(failure)
    workload = workload_of(failure.case, failure.pod)
    kind = failure.kind.lower()
    name = failure.container.called
    if failure.lived is not None:
        text = f"The {name} is killed by its {kind} probe because {clause}"
    else:
        text = f"The {name} is not {'ready' if kind == 'readiness' else 'started'} because {clause}"
    told = Claim(f"The {kind} probe fails", (failure.event.quote,))
    change = recent_change(failure.case, workload)
    ways = [*_mend(failure, workload, cause)]
    if change:
        claims.append(change.claim())
        ways.append(roll_back(workload.ref))
    if failure.lived is not None:
        told_so = (failure.killed.quote,) if failure.killed else ()
        quotes = (*told_so, *failure.container.quote_end())
        claims.append(Claim("The kubelet killed the container because of it", quotes))
    return Finding(
        cause=cause,
        entity=workload.ref,
        headline=text,
        claims=(told, *claims),
        sure=sure,
        recommendations=one_of(*ways),
        since=failure.event.first,
        container=failure.container.name,
    )


def _mend(failure: Failure, workload: Obj, cause: Cause) -> Iterator[Recommendation]:
    """Correct the probe if it is at fault; otherwise read the program's log."""
    if action := _ACTIONS.get(cause.id):
        yield edit(workload.ref, action, cause.remedy)
        return
    see = [*read_log(failure.log, "reading the program's log", cause.remedy)]
    yield from see or [look(failure.pod.ref, "looking at the program", cause.remedy)]


_ACTIONS = {
    "probe-wrong-path": "correcting the path of the probe",
    "probe-wrong-port": "correcting the port of the probe",
    "probe-port-unknown": "correcting the port of the probe",
    "probe-wrong-scheme": "correcting the scheme of the probe",
    "probe-command-missing": "correcting the command of the probe",
    "probe-timeout": "raising the probe's timeoutSeconds",
    "slow-start": "adding a startupProbe",
    "listens-on-loopback": "listening on all addresses",
}

Judgement = tuple[Cause, str, Sure, list[Claim]]


def _judge(failure: Failure) -> Judgement:
    message = failure.event.message
    path = dig(failure.probe, "httpGet.path") or "/"
    where = failure.quote_probe("httpGet.path", "httpGet.port", "tcpSocket.port", "exec.command", "grpc.port")
    spec = [Claim("The probe in the spec", where)] if where else []
    if "errored" in message or "unknown state" in message:
        return _errored(message, spec)
    if match := _STATUS.search(message):
        return _by_status(failure, int(match[1]), path, spec)
    if "HTTP response to HTTPS client" in message or "first record does not look like a TLS" in message:
        return WRONG_SCHEME, "the probe speaks HTTPS to a port that speaks HTTP", Sure.STATED, spec
    if "malformed HTTP" in message:
        return WRONG_SCHEME, "the probe speaks HTTP to a port that speaks something else", Sure.LIKELY, spec
    if "refused" in message or "failed to connect service" in message:
        return _refused(failure, spec)
    if "deadline exceeded" in message or "timed out" in message or "i/o timeout" in message:
        return _timed_out(failure, spec)
    if dig(failure.probe, "exec.command"):
        return _by_command(failure, spec)
    if failure.lived is not None:
        return KILL, "the program fails the probe", Sure.POSSIBLE, spec
    return UNHEALTHY, "the probe does not succeed", Sure.POSSIBLE, spec


def _by_command(failure: Failure, spec: list[Claim]) -> Judgement:
    """A command that ran and failed, unless its output says that it never ran."""
    said = failure.event.message.partition(": ")[2].strip()
    if _NOT_RUN.search(said):
        return COMMAND_MISSING, "the command of the probe is not in the image", Sure.LIKELY, spec
    settled = failure.log is not None and _complaint(failure) is None
    clause = f"the command of the probe fails: {said[:160]}"
    if not said:
        asked = " ".join(str(word) for word in dig(failure.probe, "exec.command"))
        clause = f"the command of the probe fails without a word: {cut(asked)[:160]}"
    return COMMAND_FAILS, clause, Sure.LIKELY if settled else Sure.POSSIBLE, spec


def _errored(message: str, spec: list[Claim]) -> Judgement:
    """A probe that errors is discarded: readiness never succeeds, liveness never kills."""
    if (
        "strconv" in message
        or "invalid syntax" in message
        or ("port" in message.lower() and "exec" not in message)
    ):
        return PORT_UNKNOWN, "the probe names a port that the container does not have", Sure.STATED, spec
    return COMMAND_MISSING, "the command of the probe cannot be run in the container", Sure.STATED, spec


def _by_status(failure: Failure, status: int, path: str, spec: list[Claim]) -> Judgement:
    if status in (404, 405, 410):
        return WRONG_PATH, f"the probe requests {path}, which returns {status}", Sure.LIKELY, spec
    if status in (401, 403):
        return (
            WRONG_PATH,
            f"the probe requests {path}, which requires credentials ({status})",
            Sure.LIKELY,
            spec,
        )
    if status == 400 and dig(failure.probe, "httpGet.scheme") != "HTTPS":
        return WRONG_SCHEME, f"{path} returns 400 to the probe: the port may speak HTTPS", Sure.LIKELY, spec
    return UNHEALTHY, f"the program itself returns {status} for {path}", Sure.POSSIBLE, spec


def _refused(failure: Failure, spec: list[Claim]) -> Judgement:
    port, said = failure.port, listening(failure.log)
    own = [found for found in said if found.port == port]
    if own and all(found.loopback for found in own):
        claim = Claim(
            f"The program says it listens on port {port} on the loopback address",
            (_quote(failure, own[0].line),),
        )
        return LOOPBACK, f"the program listens on port {port} on 127.0.0.1 only", Sure.LIKELY, [*spec, claim]
    others = [found for found in said if found.port != port]
    if others and not own:
        claim = Claim(
            f"The program says it listens on port {others[-1].port}", (_quote(failure, others[-1].line),)
        )
        clause = f"the probe connects to port {port}, but the program listens on {others[-1].port}"
        return WRONG_PORT, clause, Sure.STATED, [*spec, claim]
    if own and failure.from_the_start:
        claim = Claim(f"It eventually listens on port {port}", (_quote(failure, own[0].line),))
        return (
            SLOW_START,
            "it is probed before it has started",
            Sure.LIKELY,
            [*spec, claim, *_patience(failure)],
        )
    complaint = _complaint(failure)
    declared = [p.get("containerPort") for p in failure.container.spec.get("ports") or []]
    if complaint is None and failure.log is not None and declared and port not in declared and not own:
        names = ", ".join(map(str, declared))
        claim = Claim(f"The container declares port {names}", failure.container.quote_spec("ports"))
        return (
            WRONG_PORT,
            f"the probe connects to port {port}, but the container declares {names}",
            Sure.LIKELY,
            [*spec, claim],
        )
    if complaint is None and failure.from_the_start and failure.log is not None:
        return SLOW_START, "it is probed before it has started", Sure.LIKELY, [*spec, *_patience(failure)]
    return NOT_LISTENING, f"nothing listens on port {port}", Sure.POSSIBLE, spec


def _timed_out(failure: Failure, spec: list[Claim]) -> Judgement:
    seconds = int(failure.probe.get("timeoutSeconds") or 1)
    claims = [*spec, Claim(f"The probe waits {seconds} s", failure.quote_probe("timeoutSeconds"))]
    if failure.log is None:
        return TIMEOUT, f"it does not answer the probe within {seconds} s", Sure.POSSIBLE, claims
    if failure.lived is not None and failure.from_the_start and _complaint(failure) is None:
        return SLOW_START, "it is probed before it has started", Sure.LIKELY, [*claims, *_patience(failure)]
    if cpu := failure.container.quote_spec("resources.limits.cpu"):
        claims.append(Claim("Its CPU is limited", cpu))
    return TIMEOUT, f"it does not answer the probe within {seconds} s", Sure.LIKELY, claims


def _complaint(failure: Failure) -> LogFinding | None:
    """What the log says is wrong, which explains more than the probe does."""
    return next(iter(failure.log.read(exited=False)), None) if failure.log else None


def _patience(failure: Failure) -> Iterator[Claim]:
    fields = ("initialDelaySeconds", "periodSeconds", "failureThreshold")
    if quotes := failure.quote_probe(*fields):
        yield Claim("The probe allows no more time than this", quotes)
    if failure.kind == "Liveness" and not failure.container.spec.get("startupProbe"):
        yield Claim("No startupProbe delays the liveness probe", (), "hypothesis")


def _quote(failure: Failure, line: str) -> Quote:
    assert failure.log is not None
    return failure.log.quote(line)
