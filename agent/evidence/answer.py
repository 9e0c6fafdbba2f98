"""Answers: what a source says to a query, before it is redacted and becomes evidence."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from agent.evidence.census import Census
from agent.evidence.query import Query

Status = Literal[
    "ok",
    "not-found",
    "not-served",
    "forbidden",
    "unauthorized",
    "timed-out",
    "unreachable",
    "not-recorded",
    "error",
]
"""not-found: the API says that it has no such object. not-served: the cluster has no such API, hence no
objects of it, and that is no fault of the source."""


@dataclass
class Answer:
    """What a source said. `data` is plain JSON data; logs are text (a str).

    Shapes of `data` by verb: get, the object (a dict); list, a list of objects; events, a list of
    events, oldest first; usage, a list of {namespace, pod, container, cpu (cores), memory (bytes)};
    metrics, a list of {labels, points: [[unix seconds, value], ...]}; logs, the text.
    `status` other than "ok" leaves `data` None and says why in `message`. `notes` say what was left out of
    the data, or marked as doubtful by the source; `census` counts a list of which only a part was kept.
    """

    status: Status = "ok"
    data: Any = None
    message: str = ""
    truncated: bool = False
    at: datetime | None = None
    notes: list[str] = field(default_factory=list)
    census: Census | None = None


class Source(Protocol):
    """Something that answers queries: a cluster, Prometheus, a recording."""

    name: str

    async def answer(self, query: Query) -> Answer:
        """Answer one query; never raises for what a cluster may refuse: the status says it."""
        ...
