"""Containers that exit by themselves: with an error, by a signal, or without an error but too early."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit, look, read_log
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.ending import CRASH_SIGNALS, SURE_LINE, Ending, endings
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure
from agent.diagnosis.findings import dependency, logged
from agent.diagnosis.findings.complaint import Complaint
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

SIGNAL = cause("crash-signal")
EXITS = cause("exits-normally")
NOT_EXECUTABLE = cause("command-not-executable")
LOOP = cause("crash-loop")


@rule("Pod", finds=(EXITS, LOOP, NOT_EXECUTABLE, SIGNAL, *logged.FINDS))
def ended_by_itself(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """Why a container keeps exiting, if the reason lies in the container itself."""
    for ending in endings(case, pod):
        yield _loop(ending)
        if ending.how in ("exit", "signal", "stopped", "completed"):
            yield from _by_itself(ending)
        elif ending.how == "probe":
            yield from _behind_the_probe(ending)


def _behind_the_probe(ending: Ending) -> Iterator[Finding | State]:
    """The failing call that a container complained of up to the moment when its probe had it killed."""
    log = ending.log
    line = next(iter(log.read(exited=False)), None) if log else None
    if log is not None and line is not None and line.kind in dependency.KINDS:
        yield from dependency.explain(Complaint(ending.case, ending.pod, ending.container, log, line))


def _by_itself(ending: Ending) -> Iterator[Finding]:
    line = next(iter(ending.said), None)
    if ending.how == "signal" and (
        line is None or line.kind in ("signal-crash", "fatal-other", "app-exception")
    ):
        yield _signal(ending)
    elif ending.how == "completed" and (line is None or line.weight < SURE_LINE):
        if ending.container.restarts > 0 and ending.container.should_run and ending.log is not None:
            yield _completed(ending)
    elif (
        ending.container.exit_code == 126
        and line is not None
        and line.kind in ("permission-denied", "missing-program")
    ):
        yield _not_executable(ending)
    elif line is not None and ending.log is not None:
        complaint = Complaint(ending.case, ending.pod, ending.container, ending.log, line, ending)
        yield from logged.explain(complaint)


def _loop(ending: Ending) -> Finding:
    container = ending.container
    end = f"exit code {container.exit_code}, reason {container.exit_reason}"
    return Finding(
        cause=LOOP,
        entity=ending.workload.ref,
        headline=f"The {container.called} keeps exiting ({end}){_silence(ending)}",
        claims=(Claim(f"The {container.called} exited: {end}", ending.quote()),),
        sure=Sure.POSSIBLE,
        recommendations=(
            *_read_log(ending),
            look(ending.pod.ref, "", "Read its events."),
        ),
        since=container.finished_at,
        container=container.name,
    )


def _silence(ending: Ending) -> str:
    """A clause saying why the log does not show the reason; empty if it does."""
    if ending.how not in ("exit", "stopped") or ending.said:
        return ""
    if ending.log is None:
        return ", and its log could not be read" if ending.is_log_refused else ""
    return ", and its log " + ("gives no reason" if ending.log.text.strip() else "is empty")


def _read_log(ending: Ending) -> Iterator[Recommendation]:
    sentence = "Read the log of the instance that exited."
    yield from read_log(ending.log, "reading the container's log", sentence)


def _signal(ending: Ending) -> Finding:
    container = ending.container
    name = CRASH_SIGNALS[container.exit_code or 0]
    claims = [
        Claim(f"The {container.called} exited with exit code {container.exit_code}: {name}", ending.quote())
    ]
    if ending.said and ending.log:
        claims.append(
            Claim(f"Its log ends with: {ending.said[0].message}", (ending.log.quote(ending.said[0]),))
        )
    not_memory = RuledOut(
        "oom-killed",
        "The termination reason is not OOMKilled, and an OOM kill exits with 137 (SIGKILL).",
        container.quote(f"{container.ended_path}.reason"),
    )
    return Finding(
        cause=SIGNAL,
        entity=ending.workload.ref,
        headline=f"The {container.called} crashes with {name} (exit code {container.exit_code})",
        claims=tuple(claims),
        sure=Sure.LIKELY,
        recommendations=(
            *_read_log(ending),
            edit(ending.workload.ref, "going back to an image that worked", SIGNAL.remedy),
        ),
        ruled_out=(not_memory,),
        since=container.finished_at,
        container=container.name,
    )


def _completed(ending: Ending) -> Finding:
    container, log = ending.container, ending.log
    claims = [Claim(f"The {container.called} exited with exit code 0 and was restarted", ending.quote())]
    if log is not None and log.text.strip():
        last = log.text.strip().splitlines()[-1]
        claims.append(Claim("Its log shows no error; this is its last line", (log.quote(last),)))
    return Finding(
        cause=EXITS,
        entity=ending.workload.ref,
        headline=f"The {container.called} exits by itself with status 0 and is restarted every time",
        claims=tuple(claims),
        sure=Sure.STATED if container.restarts > 1 else Sure.LIKELY,
        recommendations=(
            edit(ending.workload.ref, "running a command that stays in the foreground", EXITS.remedy),
        ),
        ruled_out=(
            RuledOut(
                "application-error",
                "The exit code is 0.",
                container.quote(f"{container.ended_path}.exitCode"),
            ),
        ),
        since=container.finished_at,
        container=container.name,
    )


def _not_executable(ending: Ending) -> Finding:
    container, line = ending.container, ending.said[0]
    claims = [Claim("The shell exited with 126: the command was found but is not executable", ending.quote())]
    if ending.log is not None:
        claims.append(Claim(f"The log says: {line.message}", (ending.log.quote(line),)))
    if quotes := container.quote_spec("command", "args"):
        claims.append(Claim("The command in the spec", quotes))
    return Finding(
        cause=NOT_EXECUTABLE,
        entity=ending.workload.ref,
        headline=f"The {container.called} fails because its command is not executable (exit code 126)",
        claims=tuple(claims),
        sure=Sure.STATED,
        recommendations=(edit(ending.workload.ref, "making the command executable", NOT_EXECUTABLE.remedy),),
        since=container.finished_at,
        container=container.name,
    )
