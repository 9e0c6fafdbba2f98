"""Rank: how well a finding explains the alert, part by part; the first part that differs decides."""

from typing import NamedTuple

from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.finding import Finding, Sure
from agent.intake.topic import Topic
from agent.kinds import REPLICATED

# Causes that keep pods from starting, whatever the serving pods do.
_BEFORE_THE_START = frozenset({"image", "config", "scheduling", "admission"})


class Rank(NamedTuple):
    """The parts in the order in which they are compared; more is better in each.

    Findings that are equal in all parts are ordered by id, so the order of rules never decides.
    """

    carried: bool
    """At least likely: a merely possible finding never wins over a likely one."""
    first: bool
    """No other finding on the same object explains this one."""
    cause: bool
    """A cause, not just a symptom."""
    met: bool
    """It can have caused the alert: no request reaches a pod that never served while enough others do."""
    topic: bool
    """Its family is one that the alert is about."""
    sure: Sure
    """How strongly the evidence supports it."""
    own: bool
    """Found on the object that the alert is about."""

    def words(self) -> list[str]:
        """The parts in favor of the finding, the level by its own name."""
        return [
            str(self.sure.name.lower() if part == "sure" else part)
            for part in self._fields
            if part == "sure" or getattr(self, part)
        ]


WHY_BEHIND = {
    "carried": "the evidence makes it possible, not likely",
    "first": "it is a consequence of that one",
    "cause": "it is a symptom",
    "met": "enough other pods are serving",
    "topic": "the alert is about something else",
    "sure": "the evidence for it is weaker",
    "own": "it was found on another object than the one in the alert",
    "off": "switched off by configuration",
    "lowered": "lowered by configuration",
    "model": "the model chose that one",
    "doubted": "the model did not accept it",
    "id": "the two rank equal, so the order of their ids decided",
    "aside": "it explains a finding that was not chosen",
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
    """The finding with the highest rank."""
    return max(sorted(findings, key=lambda f: f.id), key=lambda f: rank(diagnosis, f))


def part_between(winner: Rank, loser: Rank) -> str:
    """The part that decided between two ranks; "id" if they are equal."""
    return next((part for part, a, b in zip(Rank._fields, winner, loser, strict=True) if a != b), "id")


def _explains(one: Finding, other: Finding) -> bool:
    """Whether one explains the other: likely, or both no more than possible."""
    return (
        one is not other
        and one.entity == other.entity
        and one.sure >= min(other.sure, Sure.LIKELY)
        and one.cause.does_explain(other.cause)
    )


def _never_served(diagnosis: Diagnosis, finding: Finding) -> bool:
    """Whether it keeps pods from starting while enough others are serving."""
    if finding.cause.family not in _BEFORE_THE_START or finding.entity.kind not in REPLICATED:
        return False
    workload = diagnosis.case.obj(finding.entity)
    if not workload:
        return False
    return int(workload.at("status.availableReplicas") or 0) >= int(workload.at("spec.replicas", 1))
