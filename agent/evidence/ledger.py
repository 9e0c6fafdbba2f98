"""The ledger: every answer of a run becomes evidence E1, E2 ... once, redacted before anyone sees it."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.evidence.answer import Answer, Source, Status
from agent.evidence.census import Census
from agent.evidence.query import Query
from agent.evidence.redaction import Redactor
from agent.evidence.rendering import render

PARALLEL_READS = 8


@dataclass(frozen=True)
class Evidence:
    """One answered query.

    `text` is what quotes are checked against; `data` is the same answer as plain data. A read that
    failed is evidence too: its status says how, its text says it in words. `notes` say what was left out,
    or doubted by who answered; `census` counts a list of which only a part was kept, and ends its text.
    `digest` is the SHA-256 of the text.
    """

    id: str
    source: str
    query: Query
    status: Status
    collected_at: datetime
    text: str
    data: Any
    truncated: bool = False
    notes: tuple[str, ...] = ()
    census: Census | None = None

    @property
    def ok(self) -> bool:
        """Whether the read was answered."""
        return self.status == "ok"

    @property
    def digest(self) -> str:
        """SHA-256 of the text, as `sha256:<hex>`."""
        return "sha256:" + hashlib.sha256(self.text.encode()).hexdigest()


class Ledger:
    """Collects evidence: one entry per query, ids in the order of first use.

    `route` picks the source that answers a query; `read_seconds` bounds each read.
    """

    def __init__(
        self,
        route: Callable[[Query], Source],
        redactor: Redactor,
        *,
        read_seconds: float = 5.0,
        max_reads: int = 120,
    ) -> None:
        self._route = route
        self._redactor = redactor
        self._read_seconds = read_seconds
        self._max_reads = max_reads
        self._entries: dict[Query, Evidence] = {}
        self._turned_away: dict[Query, None] = {}
        self._slots = asyncio.Semaphore(PARALLEL_READS)

    @property
    def entries(self) -> list[Evidence]:
        """All evidence so far, in the order of the ids."""
        return list(self._entries.values())

    @property
    def reads_left(self) -> int:
        """How many further queries this run may ask."""
        return max(0, self._max_reads - len(self._entries))

    def allow(self, reads: int) -> None:
        """Let at least that many further queries be asked."""
        self._max_reads = max(self._max_reads, len(self._entries) + reads)

    @property
    def turned_away(self) -> list[Query]:
        """What was asked and not read because the run may ask no more."""
        return [query for query in self._turned_away if query not in self._entries]

    async def collect(self, queries: Iterable[Query]) -> list[Evidence]:
        """Answer the queries, reading only what was not read before; ids follow the order asked."""
        wanted = list(dict.fromkeys(queries))
        unread = [query for query in wanted if query not in self._entries]
        fresh, late = unread[: self.reads_left], unread[self.reads_left :]
        self._turned_away.update(dict.fromkeys(late))
        answers = await asyncio.gather(*(self._read(query) for query in fresh))
        for query, (source, answer) in zip(fresh, answers, strict=True):
            if query not in self._entries:
                self._entries[query] = self._enter(query, source, answer)
        return [self._entries[query] for query in wanted if query in self._entries]

    async def _read(self, query: Query) -> tuple[str, Answer]:
        source = self._route(query)
        async with self._slots:
            try:
                answer = await asyncio.wait_for(source.answer(query), self._read_seconds)
            except TimeoutError:
                answer = Answer("timed-out", message=f"no answer within {self._read_seconds:g} s")
        return source.name, answer

    def _enter(self, query: Query, source: str, answer: Answer) -> Evidence:
        data = self._redactor.redact_data(answer.data) if answer.status == "ok" else None
        text = render(data) if answer.status == "ok" else self._redactor.redact_text(_refusal(query, answer))
        if answer.status == "ok" and not text:
            text = f"(nothing: {query})"
        if answer.census is not None:
            text = f"{text}\n{answer.census}"
        return Evidence(
            id=f"E{len(self._entries) + 1}",
            source=source,
            query=query,
            status=answer.status,
            collected_at=answer.at or datetime.now(UTC),
            text=text,
            data=data,
            truncated=answer.truncated,
            notes=tuple(self._redactor.redact_text(note) for note in answer.notes),
            census=answer.census,
        )


def _refusal(query: Query, answer: Answer) -> str:
    return f"{answer.status}: {answer.message or query}"
