"""Quotes: the words of evidence that carry a statement."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quote:
    """Words that stand in the evidence of that id, verbatim."""

    evidence: str
    text: str
