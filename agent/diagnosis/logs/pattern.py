"""Patterns: how a kind of trouble is recognized from the text of a line."""

import re
from dataclasses import dataclass

from agent.diagnosis.logs.finding import Kind

# How much a kind explains by itself. Soft kinds are often the echo of something else.
SPECIFIC, SOFT, EXCEPTION, OTHER, WRAPPER = 0.40, 0.30, 0.33, 0.12, 0.06


@dataclass(frozen=True)
class Class:
    """A kind, the pattern that recognizes it, and how much it explains (0..1)."""

    kind: Kind
    pattern: re.Pattern[str]
    certainty: float
    loud: bool = False  # only believed at level warn and above, or of an exception


def spoken(kind: Kind, *patterns: str, certainty: float = SPECIFIC, loud: bool = False) -> Class:
    """A class whose pattern is any of those given, in any case of letters."""
    return Class(kind, re.compile("(?i)" + "|".join(patterns)), certainty, loud)
