"""Usage: the tokens of one request. What a server says of it counts only where it can be true."""

from dataclasses import dataclass
from typing import Any

FEWEST_BYTES = 2  # per token: digits and hexadecimal, the densest that a prompt of this program is full of
MOST_BYTES = 10  # per token: long words, and schemas that a server never shows to its model


class UsageError(ValueError):
    """An answer that used more than it was allowed to; the message goes on after "its server"."""


@dataclass(frozen=True)
class Usage:
    """Tokens sent and answered."""

    prompt: int
    answer: int


NOTHING = Usage(0, 0)


def most(sent: int, answer_tokens: int) -> Usage:
    """What a request of that many bytes, with that limit on its answer, can use at most."""
    return Usage(-(-sent // FEWEST_BYTES), answer_tokens)


def least(sent: int, answered: int) -> Usage:
    """What a request and an answer of so many bytes have used at least."""
    return Usage(sent // MOST_BYTES, answered // MOST_BYTES)


def believe(told: Any, low: Usage, high: Usage) -> tuple[Usage, list[str]]:
    """What a server tells in `usage`; for what cannot be true, the most it can be, with the names of those fields.

    Raises UsageError where the answer went beyond its limit: then the most is not known.
    """
    told = told if isinstance(told, dict) else {}
    wrong: list[str] = []

    def tokens(field: str, low: int, high: int) -> int:
        count = told.get(field)
        if type(count) is int and low <= count <= high:  # True is an int, too, and no count
            return count
        wrong.append(field)
        return high

    answered = told.get("completion_tokens")
    if max(low.answer, answered if type(answered) is int else 0) > high.answer:
        raise UsageError(f"does not keep to --max-answer-tokens {high.answer}")
    prompt = tokens("prompt_tokens", low.prompt, high.prompt)
    return Usage(prompt, tokens("completion_tokens", low.answer, high.answer)), wrong
