"""Findings: what an analyzer concludes, backed by quotes of evidence."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Literal

from agent.diagnosis.causes import Cause
from agent.diagnosis.command import Command, Withheld
from agent.diagnosis.read.quote import Quote
from agent.ref import Ref

Risk = Literal["none", "low", "medium", "high"]


class Sure(IntEnum):
    """How strongly the evidence supports a finding; findings are compared by it.

    possible: something else could show the same. likely: it explains what is seen and nothing read so far
    contradicts it; from here on it is a diagnosis. stated: the evidence says so outright.
    """

    POSSIBLE = 0
    LIKELY = 1
    STATED = 2

    @property
    def confidence(self) -> float:
        """The level as a number in 0..1, for sorting or filtering results."""
        return (0.4, 0.75, 0.95)[self]


@dataclass(frozen=True)
class Claim:
    """One statement and what supports it. A fact has at least one quote; a hypothesis may have none."""

    text: str
    quotes: tuple[Quote, ...] = ()
    kind: Literal["fact", "hypothesis"] = "fact"


@dataclass(frozen=True)
class Recommendation:
    """What to do. `action` reads after "Recommend": "scaling replicas"; `verify` shows whether it has helped.

    An empty action is left out of the verdict's line: it only helps to look further. `instead`: it takes the place of
    the recommendation before it (see `one_of`); all others are steps in their order.
    """

    action: str
    sentence: str
    command: Command | Withheld | None = None
    risk: Risk = "low"
    verify: Command | Withheld | None = None
    instead: bool = False

    @property
    def told(self) -> str:
        """The sentence, and why there is no command if a word for one broke the rules."""
        withheld = (each.why for each in (self.command, self.verify) if isinstance(each, Withheld))
        return " ".join([self.sentence, *(f"No command is given: {why}." for why in dict.fromkeys(withheld))])


def one_of(*ways: Recommendation) -> tuple[Recommendation, ...]:
    """Alternatives, the best first: one of them is enough."""
    return tuple(replace(way, instead=place > 0) for place, way in enumerate(ways))


@dataclass(frozen=True)
class RuledOut:
    """A cause that was considered, and why it was ruled out."""

    cause: str
    why: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing found wrong with one entity.

    `headline` is a clause that stands alone ("High CPU observed due to traffic spike"), `since` is when
    it began where evidence tells, `container` the one that it is about, if it is about one.
    `recommendations` are steps in their order, some with alternatives.
    `leads_to` names objects where the root may lie: a finding there is the deeper cause and this one a
    link of the chain.
    """

    cause: Cause
    entity: Ref
    headline: str
    claims: tuple[Claim, ...]
    sure: Sure
    recommendations: tuple[Recommendation, ...] = ()
    leads_to: tuple[Ref, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    since: datetime | None = None
    container: str = ""

    @property
    def id(self) -> str:
        """Names the finding in tools and answers: `cause@namespace/Kind/name`."""
        return f"{self.cause.id}@{self.entity}"
