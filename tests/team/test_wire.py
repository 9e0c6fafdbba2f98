"""The wire: every request that leaves is reserved first, also the client's own retries and those of other runs."""

import asyncio
import json
import tracemalloc
from pathlib import Path

import pytest
from autogen_core.models import UserMessage

from agent.settings import Settings
from agent.team.models.budget import Budget, BudgetError
from agent.team.models.guard import ModelError
from agent.team.models.openai import Endpoint
from agent.team.models.spending import Spending, SpendingError
from tests.hostile.manners import known
from tests.team.server import Body, Reply, refusing, saying, serving

DOLLAR = {
    "usd_per_mtok_in": 0.001,
    "usd_per_mtok_out": 1000.0,
    "max_answer_tokens": 1000,
}  # a request, at most


def _endpoint(
    url: str, spending: Spending | None = None, seconds: float = 30.0, **settings: float
) -> Endpoint:
    budget = Budget(Settings(**{"max_usd": 0.0, "max_tokens": 0, **DOLLAR, **settings}), spending)  # type: ignore[arg-type]
    return Endpoint("m", url, "key", seconds, budget)


async def _ask(endpoint: Endpoint) -> str:
    try:
        return str((await endpoint.create([UserMessage(content="Well?", source="user")])).content)
    except (ModelError, BudgetError, SpendingError) as error:
        return str(error)
    finally:
        await endpoint.close()


def test_a_retry_of_the_client_is_reserved_as_every_request() -> None:
    with serving(lambda body: refusing(500, "later")) as server:
        said = asyncio.run(_ask(_endpoint(server.url, max_usd=2.5)))
    assert (len(server.requests), said) == (
        2,
        "the next request could pass --max-usd 2.5: it may cost $1.0000",
    )


def test_a_request_that_took_too_long_is_sent_once() -> None:
    with serving(lambda body: Reply(str(server.closing.wait(30)))) as server:
        said = asyncio.run(_ask(_endpoint(server.url, seconds=0.2)))
    assert (len(server.requests), said) == (1, "its server gave no answer within 0.2 s")


def test_the_cap_of_the_day_holds_for_runs_that_ask_at_once(tmp_path: Path) -> None:
    async def all_at_once(url: str) -> list[str]:
        asked = [_endpoint(url, Spending(tmp_path / "spent.json", 5.5), seconds=0.5) for _ in range(12)]
        return await asyncio.gather(*map(_ask, asked))

    with serving(lambda body: Reply(str(server.closing.wait(30)))) as server:
        said = asyncio.run(all_at_once(server.url))
    assert len(server.requests) <= 5
    assert sum("--max-usd-per-day 5.5" in words for words in said) == 7
    assert sum(json.loads((tmp_path / "spent.json").read_text()).values()) == pytest.approx(5.0, abs=0.01)


def test_what_was_not_used_is_free_for_the_next_request(tmp_path: Path) -> None:
    async def one_by_one(url: str) -> list[str]:
        return [await _ask(_endpoint(url, Spending(tmp_path / "spent.json", 1.5))) for _ in range(12)]

    with serving(lambda body: saying("Well.")) as server:
        assert asyncio.run(one_by_one(server.url)) == ["Well."] * 12
    assert sum(json.loads((tmp_path / "spent.json").read_text()).values()) < 0.5


def test_nothing_is_asked_to_be_packed_and_nothing_packed_is_taken() -> None:
    def packed(body: Body) -> Reply:
        return Reply("", 200, {"content-encoding": "gzip"})

    with serving(packed) as server:
        said = asyncio.run(_ask(_endpoint(server.url)))
    assert said == "its server answered in 'gzip', which was not asked for"


@pytest.mark.parametrize(
    "name", ["endless body", "endless chunks", "endless error", "gzip bomb", "a thousand choices"]
)
def test_an_answer_has_few_bytes(name: str) -> None:
    (mind,) = [manner.mind for manner in known() if manner.name == name]
    with serving(mind) as server:
        tracemalloc.start()
        try:
            said = asyncio.run(_ask(_endpoint(server.url)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert said.startswith("its server answer") and peak < 16 * 2**20
