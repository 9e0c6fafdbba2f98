"""What reading a log yields: findings, and the names in them to follow."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

Kind = Literal[
    "app-exception",
    "missing-variable",
    "bad-config",
    "missing-file",
    "permission-denied",
    "read-only-filesystem",
    "missing-program",
    "wrong-architecture",
    "missing-module",
    "port-in-use",
    "dns-failure",
    "connection-refused",
    "connection-timeout",
    "connection-reset",
    "tls-expired",
    "tls-unknown-authority",
    "tls-wrong-host",
    "tls-protocol",
    "auth-failed",
    "upstream-error",
    "rate-limited",
    "schema-missing",
    "database-missing",
    "too-many-connections",
    "pool-exhausted",
    "deadlock",
    "out-of-memory",
    "disk-full",
    "too-many-files",
    "signal-crash",
    "kubernetes-forbidden",
    "server-config",
    "waiting-for",
    "fatal-other",
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Forbidden:
    """A refusal of the Kubernetes API. `namespace` is empty at the cluster scope; `name` may be empty."""

    user: str
    verb: str
    resource: str
    group: str
    namespace: str
    name: str = ""


@dataclass(frozen=True)
class Targets:
    """The names in a message to follow: peers, variables, files, users ... each in order of appearance."""

    hosts: tuple[tuple[str, int | None], ...] = ()
    urls: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    forbidden: Forbidden | None = None


@dataclass(frozen=True)
class LogFinding:
    """One line of a log that matters.

    `line` is a verbatim part of the text without the time stamp, on one line, fit for a quote;
    `message` is its cleaned, short form; `index` counts lines from 0; `weight` (0..1) says how sure
    it is that this line decided the exit, or is the problem of what is still running; `context` holds the
    lines around it that belong to the same trouble, such as the chain of exceptions.
    """

    kind: Kind
    line: str
    message: str
    at: datetime | None
    index: int
    weight: float
    targets: Targets = field(default_factory=Targets)
    context: tuple[str, ...] = ()
