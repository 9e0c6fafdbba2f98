"""The budget of one investigation: what a language model may use, and what it has used."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.settings import Settings
from agent.team.models.spending import Held, Spending
from agent.team.models.usage import Usage, most


class BudgetError(Exception):
    """A cap is reached: the model is not asked again. The message says which cap, for people."""


@dataclass(frozen=True)
class Prices:
    """US dollars per million tokens, sent and answered."""

    sent: float
    answered: float

    def of(self, tokens: Usage) -> float:
        """US dollars for that many tokens."""
        return (tokens.prompt * self.sent + tokens.answer * self.answered) / 1_000_000


@dataclass(frozen=True)
class Reserved:
    """What was counted for a request before it was sent: the most it can use, and the day it is held on."""

    most: Usage
    held: Held | None


class Budget:
    """Counts calls, tokens and US dollars, and refuses a request that could pass a cap.

    A request is reserved before it is sent with the most it can cost, and stays counted so until an answer
    says what it was: no cap is passed, also by requests that are never answered. Tokens and dollars are capped
    where the cap is not 0; seconds always are.
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
        self.answer_tokens = settings.max_answer_tokens
        self._doubted: Counter[str] = Counter()
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
        """US dollars used so far, with those reserved."""
        return self._prices.of(Usage(self.prompt_tokens, self.completion_tokens))

    @property
    def seconds_left(self) -> float:
        """Seconds until the model has to be done; never negative."""
        return max(0.0, self._end - self._clock())

    async def reserve(self, sent: int) -> Reserved:
        """Count a request of that many bytes; raises BudgetError, and SpendingError of the daily cap."""
        if self.seconds_left <= 0:
            raise BudgetError(f"its {self._seconds:.0f} s are over")
        worst = most(sent, self.answer_tokens)
        tokens = self.prompt_tokens + self.completion_tokens + worst.prompt + worst.answer
        if self._max_tokens and tokens > self._max_tokens:
            raise BudgetError(f"the next request could pass --max-tokens {self._max_tokens}")
        cost = self._prices.of(worst)
        if self._max_usd and self.usd + cost > self._max_usd:
            raise BudgetError(
                f"the next request could pass --max-usd {self._max_usd:g}: it may cost ${cost:.4f}"
            )
        held = await self._spending.reserve(cost) if self._spending else None
        self.calls += 1
        self._count(worst)
        return Reserved(worst, held)

    async def settle(self, reserved: Reserved, used: Usage) -> None:
        """Give back what was reserved and not used; raises SpendingError."""
        unused = Usage(reserved.most.prompt - used.prompt, reserved.most.answer - used.answer)
        self._count(Usage(-unused.prompt, -unused.answer))
        if self._spending and reserved.held:
            await self._spending.release(reserved.held, self._prices.of(unused))

    def doubt(self, fields: Iterable[str]) -> None:
        """Note that a server told these fields of its usage in a way that cannot be true."""
        self._doubted.update(fields)

    @property
    def doubts(self) -> str:
        """For people: what a server told of its usage and was not believed, or nothing."""
        told = ", ".join(f"{field} of {times} requests" for field, times in self._doubted.items())
        return f"not believable, so the most it can be was counted: {told}" if told else ""

    def _count(self, tokens: Usage) -> None:
        self.prompt_tokens += tokens.prompt
        self.completion_tokens += tokens.answer
