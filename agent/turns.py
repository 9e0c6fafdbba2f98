"""Turns: incidents that are worked at once read within the memory and at the pace of one that is worked alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

from agent.evidence.answer import Answer, Source
from agent.evidence.bounds import cost
from agent.evidence.query import Query
from agent.evidence.sources import Route

PARALLEL_READS = 8
SHARE = 1 << 20
"""Bytes of evidence that an incident may hold before it waits to be the eldest of those under way."""


class Turns:
    """Who may read: a few reads at a time, of an incident that holds little evidence, and of the eldest.

    There is room for the evidence of one incident, be it large, and for a share of others. So on the others it
    depends when an incident reads, and never what.
    """

    def __init__(self, share: int = SHARE) -> None:
        self.slots = asyncio.Semaphore(PARALLEL_READS)
        self._share = share
        self._held: dict[Turn, int] = {}
        self._news = asyncio.Event()

    @contextmanager
    def begin(self) -> "Iterator[Turn]":
        """The turn of one incident, until its work is done."""
        turn = Turn(self)
        self._held[turn] = 0
        try:
            yield turn
        finally:
            del self._held[turn]
            self._news.set()

    def keep(self, turn: "Turn", answer: Answer) -> bool:
        """Count an answer that is kept; False where there is no room for it, or the incident is over."""
        if self._is_eldest(turn):
            return True
        left = self._share - self._held.get(turn, self._share)
        size = cost(answer.data, most=left)
        if size > left:
            return False
        self._held[turn] += size
        return True

    async def wait(self, turn: "Turn", eldest: bool) -> bool:
        """Wait until the incident has room, or is the eldest; False when it is over before."""
        while turn in self._held and not self._is_eldest(turn):
            if not eldest and self._held[turn] < self._share:
                break
            self._news.clear()
            await self._news.wait()
        return turn in self._held

    def _is_eldest(self, turn: "Turn") -> bool:
        return turn is next(iter(self._held), None)


class Turn:
    """The turn of one incident. `clock` tells its seconds, without those in which it waited for others."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._waiting = 0
        self._since = self._waited = 0.0

    def clock(self) -> float:
        """Seconds, which stand still while a read waits for its turn."""
        now = self._since if self._waiting else time.monotonic()
        return now - self._waited

    def route(self, route: Route, seconds: float) -> Route:
        """The same sources, each read of which waits for its turn and then has so many seconds."""
        return lambda query: _InTurn(route(query), partial(self._read, seconds))

    async def _read(self, seconds: float, source: Source, query: Query) -> Answer:
        """Read in turn. An answer that is too large is given up, and read again as soon as nobody is before."""
        too_large = False
        while True:
            with self._standing():
                goes_on = await self._turns.wait(self, eldest=too_large)
                await self._turns.slots.acquire()
            try:
                if not goes_on:
                    return Answer("timed-out", message="the investigation is over")
                answer = await asyncio.wait_for(source.answer(query), seconds)
            except TimeoutError:
                return Answer("timed-out", message=f"no answer within {seconds:g} s")
            finally:
                self._turns.slots.release()
            if self._turns.keep(self, answer):
                return answer
            del answer  # before the next is read
            too_large = True

    @contextmanager
    def _standing(self) -> Iterator[None]:
        """Within this block the clock stands still."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._waited += time.monotonic() - self._since


class _InTurn:
    """A source that is read in turn."""

    def __init__(self, source: Source, read: Callable[[Source, Query], Awaitable[Answer]]) -> None:
        self.name = source.name
        self._source, self._read = source, read

    async def answer(self, query: Query) -> Answer:
        """Answer one query."""
        return await self._read(self._source, query)
