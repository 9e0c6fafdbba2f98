"""The budget of one investigation: what a language model may use, and what it has used."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.models.spending import Spending
from agent.settings import Settings


class BudgetError(Exception):
    """A cap is reached: the model is not asked again. The message says which cap, for people."""


@dataclass(frozen=True)
class Prices:
    """US dollars per million tokens, sent and answered."""

    sent: float
    answered: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """US dollars for that many tokens."""
        return (prompt_tokens * self.sent + completion_tokens * self.answered) / 1_000_000


class Budget:
    """Counts calls, tokens and US dollars, and refuses a request that would pass a cap.

    A request is reserved before it is sent with the least it can cost, so that a cap is passed by the answer
    of one request at most. Tokens and dollars are capped where the cap is not 0; seconds always are.
    """

    def __init__(
        self,
        settings: Settings,
        spending: Spending | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.calls = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._prices = Prices(settings.usd_per_mtok_in, settings.usd_per_mtok_out)
        self._max_tokens = settings.max_tokens
        self._max_usd = settings.max_usd
        self._spending = spending
        self._clock = clock
        self.start(settings.deadline)

    def start(self, seconds: float) -> None:
        """Let the model work for that long from now on."""
        self._seconds = seconds
        self._end = self._clock() + seconds

    @property
    def usd(self) -> float:
        """US dollars used so far."""
        return self._prices.of(self.prompt_tokens, self.completion_tokens)

    @property
    def seconds_left(self) -> float:
        """Seconds until the model has to be done; never negative."""
        return max(0.0, self._end - self._clock())

    async def reserve(self, prompt_tokens: int) -> None:
        """Count a request before it is sent; raises BudgetError, and SpendingError of the daily cap."""
        if self.seconds_left <= 0:
            raise BudgetError(f"its {self._seconds:.0f} s are over")
        tokens = self.prompt_tokens + self.completion_tokens + prompt_tokens
        if self._max_tokens and tokens > self._max_tokens:
            raise BudgetError(f"the next request would pass --max-tokens {self._max_tokens}")
        cost = self._prices.of(prompt_tokens, 0)
        if self._max_usd and self.usd + cost > self._max_usd:
            raise BudgetError(f"the next request would pass --max-usd {self._max_usd:g}")
        if self._spending:
            await self._spending.reserve(cost)
        self.calls += 1
        self.prompt_tokens += prompt_tokens

    async def settle(self, reserved: int, prompt_tokens: int, completion_tokens: int) -> None:
        """Replace what was reserved by what was used; raises SpendingError."""
        before = self.usd
        self.prompt_tokens += prompt_tokens - reserved
        self.completion_tokens += completion_tokens
        if self._spending:
            await self._spending.add(self.usd - before)
