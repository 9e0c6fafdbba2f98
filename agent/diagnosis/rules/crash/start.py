"""Containers the runtime cannot start: the tails of a StartError, and a failing postStart hook."""

import re
from collections.abc import Iterator

from agent.diagnosis.advice import edit, roll_back
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.facts.changes import recent_change
from agent.diagnosis.facts.ending import Ending, endings
from agent.diagnosis.finding import Claim, Finding, RuledOut, Sure, one_of
from agent.diagnosis.findings.memory_limit import raise_limit
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.runtime import NO_MEMORY
from agent.diagnosis.read.thing import Obj, dig
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

WORKING_DIRECTORY = cause("working-directory-invalid")
MOUNT = cause("mount-over-wrong-type")
START = cause("start-failed")
HOOK = cause("post-start-hook-failed")
NOT_EXECUTABLE = cause("command-not-executable")
NOT_FOUND = cause("command-not-found")
ARCHITECTURE = cause("wrong-architecture")
OOM = cause("oom-killed")
TOO_SMALL = cause("memory-limit-too-small-to-start")

_MISSING = re.compile(
    r'exec: "([^"]{1,200})": (?:stat [^:]{1,300}: no such file or directory|executable file not found in \$PATH)'
)
_NOT_ALLOWED = re.compile(r'exec: "([^"]{1,200})": permission denied')
TAIL = 240  # characters of the runtime's message that are quoted
_NO_DIRECTORY = re.compile(
    r"container init: mkdir ([^:]{1,300}): not a directory|chdir to cwd \(\"([^\"]{1,300})\"\)"
)


@rule(
    "Pod",
    finds=(ARCHITECTURE, HOOK, MOUNT, NOT_EXECUTABLE, NOT_FOUND, OOM, START, TOO_SMALL, WORKING_DIRECTORY),
)
def never_started(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """Containers that the runtime could not start, or whose postStart hook failed."""
    for ending in endings(case, pod):
        message = str(ending.container.ended.get("message") or "")
        if ending.how == "start-error" and NO_MEMORY.search(message):
            yield _no_memory(ending, message)
        elif ending.how == "start-error":
            yield _start_error(ending)
        elif ending.how == "hook":
            yield _hook(ending)


def _no_memory(ending: Ending, message: str) -> Finding:
    """Killed before it ran: the limit is too small, or an in-memory volume, which outlives containers, fills it."""
    container, ref = ending.container, ending.workload.ref
    limit = dig(container.spec, "resources.limits.memory")
    mounted = [str(mount.get("name")) for mount in container.spec.get("volumeMounts") or []]
    kept = [name for name in mounted if ending.pod.at(f"spec.volumes[{name}].emptyDir.medium") == "Memory"]
    bound = container.quote_spec("resources.limits.memory")
    claims = [
        Claim(
            "The kernel killed it before it ran", _quote(ending, f"{container.ended_path}.message", message)
        ),
        Claim(f"Its memory limit is {limit}", bound),
    ]
    clause = f"its memory limit of {limit} is too small even for the runtime"
    if kept:
        medium = tuple(q for name in kept for q in ending.pod.quote(f"spec.volumes[{name}].emptyDir.medium"))
        claims.append(Claim(f"Volume {kept[0]} is kept in memory and counts towards that limit", medium))
        clause = f"the contents of its in-memory volume {kept[0]} fill its memory limit of {limit}"
    return Finding(
        cause=OOM if kept else TOO_SMALL,
        entity=ref,
        headline=f"The {container.called} cannot start because {clause}",
        claims=tuple(claim for claim in claims if claim.quotes),
        sure=Sure.STATED,
        recommendations=(raise_limit(ref, container.name, str(limit)),),
        since=container.finished_at or ending.pod.created,
        container=container.name,
    )


def _start_error(ending: Ending) -> Finding:
    container = ending.container
    message = str(ending.container.ended.get("message") or container.waiting_message)
    cause, clause = _read(message)
    where = (
        f"{container.ended_path}.message"
        if ending.container.ended.get("message")
        else "state.waiting.message"
    )
    claims = [Claim(f"The runtime could not start the {container.called}", _quote(ending, where, message))]
    if quotes := container.quote_spec("command", "args", "workingDir"):
        claims.append(Claim("The command in the spec", quotes))
    change = recent_change(ending.case, ending.workload, None)
    ways = [edit(ending.workload.ref, _ACTIONS.get(cause.id, "correcting the template"), cause.remedy)]
    if change:
        claims.append(change.claim())
        ways.append(roll_back(ending.workload.ref))
    return Finding(
        cause=cause,
        entity=ending.workload.ref,
        headline=f"The {container.called} cannot start because {clause}",
        claims=tuple(claims),
        sure=Sure.STATED if cause is not START else Sure.LIKELY,
        recommendations=one_of(*ways),
        ruled_out=(RuledOut("application-error", "The program never ran.", container.quote(where)),),
        since=change.at if change else ending.pod.created,
        container=container.name,
    )


_ACTIONS = {
    "command-not-found": "correcting the command",
    "command-not-executable": "making the command executable",
    "wrong-architecture": "using an image for this architecture",
    "mount-over-wrong-type": "correcting the mount",
    "working-directory-invalid": "correcting the working directory",
}


def _quote(ending: Ending, where: str, message: str) -> tuple[Quote, ...]:
    """The end of the runtime's message: it has the reason, while the beginning is always the same."""
    said = ending.container.quote(where, "restartCount")
    first = message.split("\n", 1)[0]
    if len(first) <= TAIL or not said:
        return said
    return (Quote(said[0].evidence, first[-TAIL:]), *said[1:])


def _read(message: str) -> tuple[Cause, str]:
    if match := _MISSING.search(message):
        return NOT_FOUND, f"its command {match[1]} is not in the image"
    if match := _NOT_ALLOWED.search(message):
        return NOT_EXECUTABLE, f"its command {match[1]} is not executable"
    if "exec format error" in message:
        return ARCHITECTURE, "its program is built for another architecture"
    if "error mounting" in message and ("not a directory" in message or "is a directory" in message):
        return MOUNT, "a file is mounted over a directory, or a directory over a file"
    if match := _NO_DIRECTORY.search(message):
        return WORKING_DIRECTORY, f"its working directory {match[1] or match[2]} cannot be used"
    return (
        START,
        f"the runtime refuses it: {message.rsplit('unable to start container process: ', 1)[-1][:200]}",
    )


def _hook(ending: Ending) -> Finding:
    container = ending.container
    quotes = tuple(e.quote for e in ending.events("FailedPostStartHook", "Killing")[-2:])
    return Finding(
        cause=HOOK,
        entity=ending.workload.ref,
        headline=f"The {container.called} is killed because its postStart hook fails",
        claims=(
            Claim("The kubelet says that the postStart hook failed", quotes),
            Claim("It ended like this", ending.quote()),
        ),
        sure=Sure.STATED,
        recommendations=(edit(ending.workload.ref, "correcting the postStart hook", HOOK.remedy),),
        since=container.finished_at,
        container=container.name,
    )
