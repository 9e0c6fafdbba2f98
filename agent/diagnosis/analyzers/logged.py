"""What programs say of themselves: one row for each kind of line that decides a crash."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis import provenance
from agent.diagnosis.advice import edit, on, watch
from agent.diagnosis.analyzers import dependency, oom, permissions
from agent.diagnosis.cause import Cause, declare
from agent.diagnosis.complaint import Complaint
from agent.diagnosis.finding import Claim, Finding, Recommendation
from agent.diagnosis.thing import dig


@dataclass(frozen=True)
class Row:
    """`clause` names the target of the line as {what}; `bare` is used where the line has none."""

    cause: Cause
    target: str
    clause: str
    bare: str
    action: str
    sentence: str


def _row(
    id: str, title: str, meaning: str, remedy: str, target: str, clause: str, bare: str, action: str,
    confused_with: tuple[str, ...] = (), family: str = "crash",
) -> Row:  # fmt: skip
    shows = "The container ends with an error (or stays not ready), and the last lines of its log say so."
    cause = declare(Cause(id, family, title, meaning, shows, remedy, confused_with))
    return Row(cause, target, clause, bare, action, remedy)


_KILLED = re.compile(r"(?i)SIGKILL|\bkilled\b|\boom[- ]?kill")

ROWS = {
    "missing-variable": _row(
        "missing-variable", "missing environment variable",
        "The program needs an environment variable that it is not given, or given empty.",
        "Set the variable in the workload's template, or in the ConfigMap or Secret it comes from.",
        "variables", "the variable {what} is not set", "a variable it needs is not set: {message}",
        "setting the missing variable", ("bad-configuration", "configmap-key-missing"),
    ),
    "bad-config": _row(
        "bad-configuration", "invalid configuration value",
        "The program refuses its configuration: a value, an option or a file it cannot parse.",
        "Correct the value the log names, where the workload or its ConfigMap sets it.",
        "", "its configuration is not valid: {message}", "its configuration is not valid: {message}",
        "correcting the configuration", ("missing-variable", "application-error"),
    ),
    "missing-file": _row(
        "missing-file", "missing file",
        "The program opens a file or directory that is not in its file system.",
        "Mount the file, or correct the path the program is given.",
        "paths", "the file {what} does not exist", "a file it needs does not exist: {message}",
        "mounting the missing file", ("subpath-key-missing", "command-not-found"),
    ),
    "permission-denied": _row(
        "file-permission-denied", "permission denied on a file",
        "The program's user may not read, write or execute a path.",
        "Set fsGroup or runAsUser to fit the owner of the path, or mount it writable.",
        "paths", "it may not use {what}: permission denied", "permission is denied: {message}",
        "correcting user or ownership", ("read-only-filesystem", "rbac-forbidden"),
    ),
    "read-only-filesystem": _row(
        "read-only-filesystem", "write to a read-only file system",
        "The program writes where its file system is mounted read-only (readOnlyRootFilesystem or a mount).",
        "Mount an emptyDir at the path it writes to, or make the file system writable.",
        "paths", "it writes to {what} on a read-only file system", "it writes to a read-only file system",
        "mounting a writable volume there", ("file-permission-denied",),
    ),
    "missing-program": _row(
        "command-not-found", "missing program",
        "The command, or a program that it starts, is not in the image (exit 127, or the runtime cannot start it).",
        "Correct the command, or use an image that holds the program.",
        "", "a program is not in its image: {message}", "a program is not in its image: {message}",
        "correcting the command", ("missing-file", "command-not-executable"),
    ),
    "wrong-architecture": _row(
        "wrong-architecture", "program of another architecture",
        "The program in the image is built for another processor, or is a script without an interpreter line.",
        "Use an image built for the node's architecture.",
        "", "its program cannot run on this processor (exec format error)", "its program cannot run here",
        "using an image for this architecture", ("command-not-found",),
    ),
    "missing-module": _row(
        "missing-module", "missing module or library",
        "The image lacks a module, class or shared library that the program loads.",
        "Rebuild the image with the dependency, or go back to the image before.",
        "", "a module is not in its image: {message}", "a module is not in its image: {message}",
        "rebuilding the image", ("missing-file",),
    ),
    "port-in-use": _row(
        "port-in-use", "port already in use",
        "The program cannot listen because another process of the pod (or of the node) has the port.",
        "Give the two containers of the pod different ports.",
        "ports", "the port {what} it wants to listen on is taken", "the port it wants to listen on is taken",
        "changing the port", ("file-permission-denied",),
    ),
    "schema-missing": _row(
        "schema-missing", "missing table or migration",
        "The database answers, but lacks a table, column or relation that the program expects.",
        "Run the migrations that belong to this version, or go back to the version before.",
        "tables", "the database has no {what}: its schema is not the one the program expects",
        "the database schema is not the one the program expects: {message}",
        "running the migrations", ("database-missing",),
    ),
    "database-missing": _row(
        "database-missing", "missing database",
        "The database server answers, but has no database of that name.",
        "Create the database, or correct its name in the connection settings.",
        "databases", "the database {what} does not exist", "its database does not exist: {message}",
        "creating the database", ("schema-missing",),
    ),
    "pool-exhausted": _row(
        "pool-exhausted", "exhausted connection pool",
        "The program's own pool of connections is used up: connections are held too long, leak, or are too few.",
        "Enlarge the pool within what the server allows, or find what holds its connections.",
        "", "its pool of connections is exhausted", "its pool of connections is exhausted",
        "enlarging the connection pool", ("too-many-connections", "dependency-timeout"), "dependency",
    ),
    "deadlock": _row(
        "deadlock", "deadlock",
        "Transactions or threads wait for each other.",
        "Order the locks alike in all transactions; retry the transaction that was chosen as the victim.",
        "", "transactions or threads wait for each other: {message}", "it is deadlocked",
        "retrying and ordering locks", ("pool-exhausted",),
    ),
    "out-of-memory": _row(
        "heap-exhausted", "exhausted heap of the runtime",
        "The runtime's own heap limit is reached (not the container's limit): the program ends itself.",
        "Raise the heap limit together with the container's memory limit, or find the leak.",
        "", "its runtime ran out of heap: {message}", "its runtime ran out of heap",
        "raising the heap limit", ("oom-killed",),
    ),
    "disk-full": _row(
        "disk-full", "full disk or volume",
        "A write fails because the file system has no space left.",
        "Free space, or enlarge the volume the path is on.",
        "paths", "no space is left where it writes {what}", "no space is left on a file system it writes to",
        "enlarging or cleaning the volume", ("read-only-filesystem",),
    ),
    "too-many-files": _row(
        "too-many-open-files", "too many open files",
        "The process has reached its limit of open files and sockets.",
        "Find what is not closed, or raise the limit.",
        "", "it has too many open files", "it has too many open files",
        "raising the limit of open files", ("pool-exhausted",),
    ),
    "app-exception": _row(
        "application-error", "error of the application itself",
        "The program ends itself on an error of its own code or data.",
        "Fix the error the log names; go back to the version before if it is new.",
        "", "of an error of its own: {message}", "of an error of its own: {message}",
        "fixing the error in the application", ("bad-configuration", "missing-variable"),
    ),
}  # fmt: skip

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
    raising = oom.raise_limit(complaint.workload.ref, complaint.container.name, str(bound))
    clause = f"a process of it is killed at the memory limit of {bound}: {complaint.line.message}"
    return complaint.finding(oom.OOM, clause, limit, advice=(raising,))


def _own_fault(complaint: Complaint, kind: str) -> Finding:
    row = ROWS[kind]
    targets = [str(t) for t in getattr(complaint.line.targets, row.target)] if row.target else []
    words = {"what": targets[0] if targets else "", "message": complaint.line.message.rstrip(".")}
    clause = (row.clause if targets or not row.target else row.bare).format(**words)
    claims = tuple(_background(complaint))
    if kind == "app-exception" and complaint.line.kind == "fatal-other":
        return complaint.finding(
            row.cause,
            clause,
            *claims,
            advice=_advice(complaint, row, targets),
            confidence=complaint.confidence - 0.08,
        )
    return complaint.finding(row.cause, clause, *claims, advice=_advice(complaint, row, targets))


def _background(complaint: Complaint) -> Iterator[Claim]:
    """Where the things that the line names come from."""
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
            yield Claim("The user it runs as is set in the specification", quotes)


def _advice(complaint: Complaint, row: Row, targets: list[str]) -> tuple[Recommendation, ...]:
    ref = complaint.workload.ref
    if (
        row.cause.id == "missing-variable"
        and targets
        and ref.kind in ("Deployment", "StatefulSet", "DaemonSet")
    ):
        command = on(
            ref, "set env", "-c {container} {variable}=<value>",
            container=complaint.container.name, variable=targets[0],
        )  # fmt: skip
        return (Recommendation(row.action, row.sentence, command, "low", watch(ref)),)
    return (edit(ref, row.action, row.sentence),)
