"""The budget: a request that would pass a cap is not sent, and what was used is counted once."""

import asyncio

import pytest

from agent.settings import Settings
from agent.team.models.budget import Budget, BudgetError
from agent.team.models.usage import FEWEST_BYTES, Usage


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _budget(clock: Clock | None = None, **settings: float) -> Budget:
    return Budget(Settings(**{"max_usd": 0.0, "max_tokens": 0, **settings}), clock=clock or Clock())  # type: ignore[arg-type]


def _use(budget: Budget, prompt: int, answer: int) -> None:
    async def one() -> None:
        await budget.settle(await budget.reserve(prompt * FEWEST_BYTES), Usage(prompt, answer))

    asyncio.run(one())


def test_dollars_are_tokens_times_their_prices() -> None:
    budget = _budget(usd_per_mtok_in=2.0, usd_per_mtok_out=8.0)
    _use(budget, 1000, 500)
    assert budget.usd == pytest.approx(0.002 + 0.004)


def test_the_most_a_request_can_use_is_reserved_and_replaced_by_what_it_used() -> None:
    budget = _budget(max_answer_tokens=100)
    reserved = asyncio.run(budget.reserve(2001))
    assert (budget.prompt_tokens, budget.completion_tokens) == (1001, 100)
    asyncio.run(budget.settle(reserved, Usage(900, 50)))
    assert (budget.calls, budget.prompt_tokens, budget.completion_tokens) == (1, 900, 50)


def test_a_request_that_could_pass_the_tokens_is_refused_and_not_counted() -> None:
    budget = _budget(max_tokens=1000, max_answer_tokens=100)
    _use(budget, 600, 100)
    with pytest.raises(BudgetError, match="--max-tokens 1000"):
        asyncio.run(budget.reserve(402))
    assert (budget.calls, budget.prompt_tokens) == (1, 600)
    asyncio.run(budget.reserve(400))


def test_a_request_that_could_pass_the_dollars_is_refused() -> None:
    budget = _budget(max_usd=0.01, max_answer_tokens=100, usd_per_mtok_in=10.0, usd_per_mtok_out=10.0)
    _use(budget, 500, 100)
    with pytest.raises(BudgetError, match=r"--max-usd 0\.01: it may cost \$0\.0040"):
        asyncio.run(budget.reserve(602))
    asyncio.run(budget.reserve(600))


def test_requests_that_are_never_answered_pass_no_cap() -> None:
    budget = _budget(max_usd=0.01, max_answer_tokens=100, usd_per_mtok_in=10.0, usd_per_mtok_out=10.0)
    with pytest.raises(BudgetError):
        for _ in range(100):
            asyncio.run(budget.reserve(200))
    assert budget.calls == 5 and budget.usd == pytest.approx(0.01)


def test_no_request_begins_after_the_time_is_over() -> None:
    clock = Clock()
    budget = _budget(clock)
    budget.start(30)
    clock.now = 29.0
    assert budget.seconds_left == 1.0
    clock.now = 31.0
    assert budget.seconds_left == 0.0
    with pytest.raises(BudgetError, match="30 s are over"):
        asyncio.run(budget.reserve(1))


def test_a_cap_of_nothing_is_no_cap() -> None:
    _use(_budget(usd_per_mtok_in=1000.0, usd_per_mtok_out=1000.0), 10**9, 10**9)
