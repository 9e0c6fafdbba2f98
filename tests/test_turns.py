"""Turns: only the eldest incident may hold much, and to wait for others takes no time of one's own."""

import asyncio
import time

from agent.evidence.answer import Answer
from agent.evidence.query import Query, get
from agent.evidence.sources import Route
from agent.turns import PARALLEL_READS, Turn, Turns
from tests.samples import Answers

SMALL, LARGE = get("Pod", "bank", "small"), get("Pod", "bank", "large")
ROOM = 2000


def _source() -> Answers:
    return Answers({str(SMALL): {"a": "b"}, str(LARGE): {"a": "b" * 2 * ROOM}})


def _through(turn: Turn, source: Answers, seconds: float = 5.0) -> Route:
    return turn.route(lambda query: source, seconds)


async def _read(route: Route, query: Query) -> Answer:
    return await route(query).answer(query)


async def _settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_the_eldest_reads_whatever_it_asks_for() -> None:
    async def main() -> None:
        turns = Turns(ROOM)
        with turns.begin() as eldest, turns.begin():
            route = _through(eldest, _source())
            for _ in range(5):
                assert (await _read(route, LARGE)).status == "ok"

    asyncio.run(main())


def test_another_reads_what_is_small_and_gives_up_what_is_large_until_it_is_the_eldest() -> None:
    async def main() -> None:
        turns, source = Turns(ROOM), _source()
        with turns.begin() as later:
            pass  # has ended before
        with turns.begin():
            route = None
            with turns.begin() as later:
                route = _through(later, source)
                assert (await _read(route, SMALL)).data == {"a": "b"}
                reading = asyncio.create_task(_read(route, LARGE))
                await _settled()
                assert source.asked.count(str(LARGE)) == 1 and not reading.done()
            assert (await reading).message == "the investigation is over"

    asyncio.run(main())


def test_what_was_given_up_is_read_again_as_soon_as_nobody_is_before() -> None:
    async def main() -> None:
        turns, source = Turns(ROOM), _source()
        eldest = turns.begin()
        eldest.__enter__()
        with turns.begin() as later:
            reading = asyncio.create_task(_read(_through(later, source), LARGE))
            await _settled()
            assert not reading.done()
            eldest.__exit__(None, None, None)
            assert (await reading).status == "ok"
        assert source.asked.count(str(LARGE)) == 2

    asyncio.run(main())


def test_many_small_answers_are_as_much_as_a_large_one() -> None:
    async def main() -> int:
        turns, source = Turns(ROOM), _source()
        with turns.begin(), turns.begin() as later:
            route, reads = _through(later, source), 0
            try:
                while reads < 1000:
                    await asyncio.wait_for(_read(route, SMALL), 0.05)
                    reads += 1
            except TimeoutError:
                pass
        return reads

    assert 1 < asyncio.run(main()) < ROOM / 100


def test_all_incidents_together_read_as_many_at_a_time_as_one_would() -> None:
    class Busy(Answers):
        now = most = 0

        async def answer(self, query: Query) -> Answer:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.01)
            self.now -= 1
            return Answer("not-found")

    async def main() -> int:
        turns, source = Turns(), Busy()
        with turns.begin() as one, turns.begin() as two:
            routes = [_through(each, source) for each in (one, two)]
            await asyncio.gather(
                *(_read(route, SMALL) for route in routes for _ in range(3 * PARALLEL_READS))
            )
        return source.most

    assert asyncio.run(main()) == PARALLEL_READS


def test_the_clock_stands_still_while_others_are_waited_for() -> None:
    async def main() -> tuple[float, float]:
        turns = Turns(0)
        with turns.begin(), turns.begin() as later:
            begun, at = later.clock(), time.monotonic()
            reading = asyncio.create_task(_read(_through(later, _source()), SMALL))
            await asyncio.sleep(0.3)
            passed = later.clock() - begun, time.monotonic() - at
        await reading
        return passed

    own, all_ = asyncio.run(main())
    assert all_ > 0.29 and own < 0.2


def test_a_read_has_its_seconds_from_when_its_turn_has_come() -> None:
    async def main() -> tuple[Answer, float]:
        turns = Turns()
        with turns.begin() as turn:
            begun = time.monotonic()
            answer = await _read(_through(turn, Answers(delay=30), seconds=0.1), SMALL)
            return answer, time.monotonic() - begun

    answer, seconds = asyncio.run(main())
    assert (answer.status, answer.message) == ("timed-out", "no answer within 0.1 s") and seconds < 10
