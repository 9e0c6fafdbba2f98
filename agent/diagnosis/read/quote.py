"""Quotes: the words of evidence that support a statement."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quote:
    """Words that occur verbatim in the evidence with that id."""

    evidence: str
    text: str
