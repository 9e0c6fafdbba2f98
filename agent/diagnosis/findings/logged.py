"""What programs report about themselves: one row for each kind of line that decides a crash."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.advice import edit, on, watch
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.facts import provenance
from agent.diagnosis.facts.naming import services_named
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings import dependency, permissions
from agent.diagnosis.findings.complaint import Complaint
from agent.diagnosis.findings.memory_limit import raise_limit
from agent.diagnosis.read.thing import dig
from agent.kinds import ROLLED_OUT


@dataclass(frozen=True)
class Row:
    """`clause` names the target of the line as {what}; `bare` is used if the line has none.

    `outside`: the fix is not in an object of the cluster, so no command can make it.
    """

    cause: Cause
    target: str
    clause: str
    bare: str
    action: str
    outside: bool = False


OOM = cause("oom-killed")

_KILLED = re.compile(r"(?i)SIGKILL|\bkilled\b|\boom[- ]?kill")

ROWS = {
    "missing-variable": Row(
        cause("missing-variable"),
        target="variables",
        clause="the variable {what} is not set",
        bare="a variable it needs is not set: {message}",
        action="setting the missing variable",
    ),
    "bad-config": Row(
        cause("bad-configuration"),
        target="",
        clause="its configuration is not valid: {message}",
        bare="its configuration is not valid: {message}",
        action="correcting the configuration",
    ),
    "missing-file": Row(
        cause("missing-file"),
        target="paths",
        clause="the file {what} does not exist",
        bare="a file it needs does not exist: {message}",
        action="mounting the missing file",
    ),
    "permission-denied": Row(
        cause("file-permission-denied"),
        target="paths",
        clause="it has no permission to use {what}",
        bare="permission is denied: {message}",
        action="correcting the user or the ownership",
    ),
    "read-only-filesystem": Row(
        cause("read-only-filesystem"),
        target="paths",
        clause="it writes to {what} on a read-only file system",
        bare="it writes to a read-only file system",
        action="mounting a writable volume there",
    ),
    "missing-program": Row(
        cause("command-not-found"),
        target="",
        clause="a program is not in its image: {message}",
        bare="a program is not in its image: {message}",
        action="correcting the command",
    ),
    "wrong-architecture": Row(
        cause("wrong-architecture"),
        target="",
        clause="its program cannot run on this processor (exec format error)",
        bare="its program cannot run here",
        action="using an image for this architecture",
    ),
    "missing-module": Row(
        cause("missing-module"),
        target="",
        clause="a module is not in its image: {message}",
        bare="a module is not in its image: {message}",
        action="rebuilding the image",
        outside=True,
    ),
    "port-in-use": Row(
        cause("port-in-use"),
        target="ports",
        clause="the port {what} it wants to listen on is already in use",
        bare="the port it wants to listen on is already in use",
        action="changing the port",
    ),
    "schema-missing": Row(
        cause("schema-missing"),
        target="tables",
        clause="the database has no {what}: its schema is not the one the program expects",
        bare="the database schema is not the one the program expects: {message}",
        action="running the migrations",
        outside=True,
    ),
    "database-missing": Row(
        cause("database-missing"),
        target="databases",
        clause="the database {what} does not exist",
        bare="its database does not exist: {message}",
        action="creating the database",
        outside=True,
    ),
    "pool-exhausted": Row(
        cause("pool-exhausted"),
        target="",
        clause="its connection pool is exhausted",
        bare="its connection pool is exhausted",
        action="enlarging the connection pool",
    ),
    "deadlock": Row(
        cause("deadlock"),
        target="",
        clause="transactions or threads wait for each other: {message}",
        bare="it is deadlocked",
        action="retrying and ordering locks",
        outside=True,
    ),
    "out-of-memory": Row(
        cause("heap-exhausted"),
        target="",
        clause="its runtime ran out of heap: {message}",
        bare="its runtime ran out of heap",
        action="raising the heap limit",
    ),
    "disk-full": Row(
        cause("disk-full"),
        target="paths",
        clause="no space is left where it writes {what}",
        bare="no space is left on a file system it writes to",
        action="enlarging or cleaning up the volume",
    ),
    "too-many-files": Row(
        cause("too-many-open-files"),
        target="",
        clause="it has too many open files",
        bare="it has too many open files",
        action="raising the limit of open files",
        outside=True,
    ),
    "app-exception": Row(
        cause("application-error"),
        target="",
        clause="of an error of its own: {message}",
        bare="of an error of its own: {message}",
        action="fixing the error in the application",
        outside=True,
    ),
}

FINDS = (OOM, *(row.cause for row in ROWS.values()), *dependency.FINDS, *permissions.FINDS)

ALIKE = {"server-config": "bad-config", "fatal-other": "app-exception"}


def explain(complaint: Complaint) -> Iterator[Finding]:
    """The findings a decisive line amounts to."""
    kind = ALIKE.get(complaint.line.kind, complaint.line.kind)
    if kind in dependency.KINDS:
        yield from dependency.explain(complaint)
    elif kind == "kubernetes-forbidden":
        yield from permissions.explain(complaint)
    elif kind == "out-of-memory" and (killed := _process_killed(complaint)):
        yield killed
    elif kind in ROWS:
        yield _own_fault(complaint, kind)


def _process_killed(complaint: Complaint) -> Finding | None:
    """A process of the container that the kernel killed: at the container's limit, not that of a runtime."""
    bound = dig(complaint.container.spec, "resources.limits.memory")
    if not bound or not _KILLED.search(complaint.line.message):
        return None
    limit = Claim(f"Its memory limit is {bound}", complaint.container.quote_spec("resources.limits.memory"))
    raising = raise_limit(complaint.workload.ref, complaint.container.name, str(bound))
    clause = f"one of its processes is killed at the memory limit of {bound}: {complaint.line.message}"
    return complaint.finding(OOM, clause, limit, ways=(raising,))


def _own_fault(complaint: Complaint, kind: str) -> Finding:
    row = ROWS[kind]
    leads = tuple(services_named(complaint.case, complaint.pod.ref.namespace, complaint.line.message))
    targets = [str(t) for t in getattr(complaint.line.targets, row.target)] if row.target else []
    words = {"what": targets[0] if targets else "", "message": complaint.line.message.rstrip(".")}
    clause = (row.clause if targets or not row.target else row.bare).format(**words)
    claims = tuple(_background(complaint))
    if kind == "app-exception" and complaint.line.kind == "fatal-other":
        return complaint.finding(
            row.cause,
            clause,
            *claims,
            ways=_advice(complaint, row, targets),
            leads_to=leads,
            sure=min(complaint.sure, Sure.LIKELY),
        )
    ways = _advice(complaint, row, targets)
    return complaint.finding(row.cause, clause, *claims, ways=ways, leads_to=leads)


def _background(complaint: Complaint) -> Iterator[Claim]:
    """Claims on where the things named in the line come from."""
    case, container, targets = complaint.case, complaint.container, complaint.line.targets
    for name in (*targets.variables, *targets.keys)[:2]:
        yield from provenance.of_variable(case, container, name)
    for path in targets.paths[:1]:
        yield from provenance.of_file(case, container, path)
    if complaint.line.kind == "bad-config":
        yield from provenance.of_broken_documents(case, container)
    read_only = container.quote_spec("securityContext.readOnlyRootFilesystem")
    if complaint.line.kind == "read-only-filesystem" and read_only:
        yield Claim("The root file system of the container is read-only", read_only)
    if complaint.line.kind == "permission-denied":
        quotes = container.quote_spec("securityContext.runAsUser") + container.pod.quote(
            "spec.securityContext.runAsUser", "spec.securityContext.fsGroup"
        )
        if quotes:
            yield Claim("The spec sets the user it runs as", quotes)


def _advice(complaint: Complaint, row: Row, targets: list[str]) -> tuple[Recommendation, ...]:
    ref = complaint.workload.ref
    if row.cause.id == "missing-variable" and targets and ref.kind in ROLLED_OUT:
        command = on(
            ref,
            "set env",
            "-c {container} {variable}=<value>",
            container=complaint.container.name,
            variable=targets[0],
        )
        return (Recommendation(row.action, row.cause.remedy, command, "low", watch(ref)),)
    if row.outside:
        return (Recommendation(row.action, row.cause.remedy, risk="medium", verify=watch(ref)),)
    return (edit(ref, row.action, row.cause.remedy),)
