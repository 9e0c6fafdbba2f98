"""Rank: how well a finding explains the alert, part by part; the first part that differs decides."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.facts.graph import owner_ref, replica_sets, revision
from agent.diagnosis.facts.rollout import present, wanted
from agent.diagnosis.finding import Finding, Sure
from agent.diagnosis.read.thing import Obj
from agent.intake.topic import Topic
from agent.kinds import REPLICATED
from agent.ref import Ref

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
    """Of a family that the alert is about."""
    named: bool
    """Not of another container than the one that the alert names."""
    wanted: bool
    """Seen at the version that is wanted, not at the one before while the wanted one fails, too."""
    every: bool
    """Every pod meets it: it does not keep one back while others came further and fail there."""
    own: bool
    """Seen at the object that the alert is about."""
    sure: Sure
    """How far the evidence carries it."""

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
    "named": "it is of another container than the alert names",
    "wanted": "it was seen at a version before, and the wanted one fails, too",
    "every": "it keeps pods back while others came further and fail there",
    "sure": "the evidence carries it less far",
    "own": "it was seen at another object than the alert is about",
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
        topic=not families or bool({finding.cause.family, finding.cause.id} & {*families}),
        named=not (diagnosis.case.subject.container and finding.container)
        or finding.container == diagnosis.case.subject.container,
        wanted=not _is_of_former_version(diagnosis, finding),
        every=not any(_came_further(diagnosis, other, finding) for other in diagnosis.findings),
        sure=finding.sure,
        own=_seen_at(diagnosis, finding) in diagnosis.subjects,
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
    if not (workload := diagnosis.case.obj(finding.entity)):
        return False
    serving: Obj = workload
    return _sensible(lambda: present(serving) >= wanted(serving), False)


def _is_of_former_version(diagnosis: Diagnosis, finding: Finding) -> bool:
    """Whether it was seen at an earlier version of a Deployment, while a later one has findings, too."""
    if (mine := _version(diagnosis, finding)) is None or _seen_at(diagnosis, finding) in diagnosis.subjects:
        return False
    likely = (_version(diagnosis, other) for other in diagnosis.findings if other.sure >= Sure.LIKELY)
    return any(other and other.of == mine.of and other.number > mine.number for other in likely)


class _Version(NamedTuple):
    of: Ref
    number: int


def _version(diagnosis: Diagnosis, finding: Finding) -> _Version | None:
    return diagnosis.case.once(
        (_version, finding.id), lambda: _sensible(lambda: _read_version(diagnosis, finding), None)
    )


def _read_version(diagnosis: Diagnosis, finding: Finding) -> _Version | None:
    """The version of a Deployment at which it was seen: that of a pod, or the newest one that gets no pods."""
    case, seen = diagnosis.case, diagnosis.case.obj(_seen_at(diagnosis, finding))
    if not seen:
        return None
    if seen.ref.kind == "Deployment" and _stage(finding) < _LAST:
        newest = next(iter(replica_sets(case, seen) or []), None)
        return _Version(seen.ref, revision(newest)) if newest else None
    maker = owner_ref(seen) if seen.ref.kind == "Pod" else seen.ref
    made = case.obj(maker) if maker and maker.kind == "ReplicaSet" else None
    owner = owner_ref(made) if made else None
    return _Version(owner, revision(made)) if made and owner else None


_STAGES = {"quota": 0, "admission": 0, "scheduling": 1}
_LAST = 2


def _came_further(diagnosis: Diagnosis, other: Finding, finding: Finding) -> bool:
    """Whether another pod came past the place where this one is kept back, and fails: so will this one there."""
    seen = _seen_at(diagnosis, other)
    return (
        other.sure >= Sure.LIKELY
        and not other.cause.symptom
        and seen.kind == "Pod"
        and seen != _seen_at(diagnosis, finding)
        and not diagnosis.found_at[other.id].cause
        and not _is_of_former_version(diagnosis, other)
        and _stage(finding) < _stage(other)
    )


def _stage(finding: Finding) -> int:
    """How far a pod comes: it is made, is placed, starts."""
    kept = finding.entity.kind == "PersistentVolumeClaim"
    return 1 if kept else _STAGES.get(finding.cause.family, _LAST)


def _seen_at(diagnosis: Diagnosis, finding: Finding) -> Ref:
    return diagnosis.found_at[finding.id].ref


T = TypeVar("T")


def _sensible(read: Callable[[], T], otherwise: T) -> T:
    """What objects say, or something else where they make no sense: the diagnosis has named those."""
    try:
        return read()
    except Exception:
        return otherwise
