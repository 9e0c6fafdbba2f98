"""Rank: how well a finding explains the alert, part by part; the first part that differs decides."""

from typing import NamedTuple

from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.finding import Finding, Sure
from agent.intake.topic import Topic
from agent.kinds import REPLICATED

# What keeps pods from starting, whatever the pods that serve do.
_BEFORE_THE_START = frozenset({"image", "config", "scheduling", "admission"})


class Rank(NamedTuple):
    """The parts in the order in which they are compared; more is better in each.

    Findings that are equal in all of them are taken by their ids, so no order of rules decides.
    """

    carried: bool
    """At least likely: what is only possible is no verdict while anything else is there."""
    first: bool
    """No other finding on the same object is why this one shows."""
    cause: bool
    """A cause, and no mere symptom."""
    met: bool
    """Who made the alert can have met it: no request meets a pod that never served beside enough that do."""
    topic: bool
    """Of a family that the alert is about."""
    sure: Sure
    """How far the evidence carries it."""
    own: bool
    """Seen at the object that the alert is about."""

    def words(self) -> list[str]:
        """The parts that speak for the finding, the level by its own name."""
        return [
            str(self.sure.name.lower() if part == "sure" else part)
            for part in self._fields
            if part == "sure" or getattr(self, part)
        ]


WHY_BEHIND = {
    "carried": "the evidence makes it possible, not likely",
    "first": "it shows because of that one",
    "cause": "it is a symptom",
    "met": "as many pods as wanted serve beside it",
    "topic": "the alert is about something else",
    "sure": "the evidence carries it less far",
    "own": "it was seen at another object than the alert is about",
    "off": "switched off by configuration",
    "lowered": "lowered by configuration",
    "model": "the model took that one",
    "doubted": "the model did not accept it",
    "id": "nothing tells them apart, so the ids are compared",
    "aside": "it lies behind a finding that was not taken",
}


def rank(diagnosis: Diagnosis, finding: Finding) -> Rank:
    """The rank of a finding among those of its diagnosis."""
    families = diagnosis.case.runbook.families
    return Rank(
        carried=finding.sure >= Sure.LIKELY,
        first=not any(_explains(other, finding) for other in diagnosis.findings),
        cause=not finding.cause.symptom,
        met=not (diagnosis.case.runbook.id is Topic.TRAFFIC and _never_served(diagnosis, finding)),
        topic=not families or finding.cause.family in families,
        sure=finding.sure,
        own=diagnosis.found_at[finding.id].ref in diagnosis.subjects,
    )


def best(diagnosis: Diagnosis, findings: list[Finding]) -> Finding:
    """The finding of the highest rank."""
    return max(sorted(findings, key=lambda f: f.id), key=lambda f: rank(diagnosis, f))


def part_between(winner: Rank, loser: Rank) -> str:
    """The part that decided between two ranks; "id" where they are equal."""
    return next((part for part, a, b in zip(Rank._fields, winner, loser, strict=True) if a != b), "id")


def _explains(one: Finding, other: Finding) -> bool:
    """Whether one is why the other shows: likely so, or both no more than possible."""
    return (
        one is not other
        and one.entity == other.entity
        and one.sure >= min(other.sure, Sure.LIKELY)
        and one.cause.does_explain(other.cause)
    )


def _never_served(diagnosis: Diagnosis, finding: Finding) -> bool:
    """Whether it keeps pods from starting while as many others as wanted serve."""
    if finding.cause.family not in _BEFORE_THE_START or finding.entity.kind not in REPLICATED:
        return False
    workload = diagnosis.case.obj(finding.entity)
    if not workload:
        return False
    return int(workload.at("status.availableReplicas") or 0) >= int(workload.at("spec.replicas", 1))
