"""Leads: where no cause is found, what else the evidence holds that a person would look at first."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from agent.diagnosis.case import Case
from agent.diagnosis.command import Command, Withheld, kubectl
from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.facts.changes import Change, config_changes, last_rollout
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.logs.recurring import Trouble, troubles
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Log, cut
from agent.kinds import ROLLED_OUT
from agent.ref import Ref

MOST = 8
MOST_OF_ONE = 3
"""Leads of one log or of the events of one object."""
RECENT = timedelta(hours=1)
LONG_AGO = timedelta(days=1)
MESSAGE = 200


@dataclass(frozen=True)
class Lead:
    """One thing to look at: a line of a log that recurs, a warning, a change. `command` shows more of it."""

    kind: str
    entity: Ref
    sentence: str
    quotes: tuple[Quote, ...]
    command: Command | Withheld | None = None


def leads(diagnosis: Diagnosis) -> list[Lead]:
    """The leads, the most telling first: what logs complain of, then changes, then warnings."""
    case = diagnosis.case
    told = sorted(_sensible(_told(case)), key=lambda each: each[0], reverse=True)
    rest = (*_sensible(_changes(diagnosis)), *_sensible(_warnings(case)))
    found = [*(lead for _, lead in told[: MOST - 2]), *rest]
    return found[:MOST]


T = TypeVar("T")


def _sensible(found: Iterator[T]) -> Iterator[T]:
    """What is found up to an object that makes no sense, which the diagnosis has named."""
    with suppress(Exception):
        yield from found


Weight = tuple[bool, int, int, int]


def _told(case: Case) -> Iterator[tuple[Weight, Lead]]:
    """What logs complain of, with what makes it telling: recent first."""
    since = min(case.alert.starts_at or case.now, case.now) - RECENT
    for pod, container, log in case.logs():
        for trouble in troubles(log.text)[:MOST_OF_ONE]:
            recent = trouble.last is None or trouble.last >= since
            yield (recent, *trouble.weight), _complaint(pod, container, log, trouble)


def _complaint(pod: Ref, container: str, log: Log, trouble: Trouble) -> Lead:
    often = f"{trouble.count} times" if trouble.count > 1 else "once"
    sentence = f"Container {container} of {pod.name} logged {often}{_when(trouble.first, trouble.last)}: "
    command = kubectl(
        pod.namespace, "logs {name} -c {container} --since=1h", name=pod.name, container=container
    )
    return Lead("log", pod, sentence + cut(trouble.message)[:MESSAGE], (log.quote(trouble.line),), command)


def _when(first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return ""
    if last - first < timedelta(seconds=1):
        return f" at {last:%H:%M:%S} UTC"
    return f" from {first:%H:%M:%S} to {last:%H:%M:%S} UTC"


def _changes(diagnosis: Diagnosis) -> Iterator[Lead]:
    """What was rolled out or edited within a day, of the workloads that were looked at."""
    case = diagnosis.case
    objects = (case.obj(ref) for ref in case.followed if ref.kind in (*ROLLED_OUT, "Pod"))
    workloads = {made.ref: made for each in objects if each for made in (workload_of(case, each),)}
    for workload in workloads.values():
        rollout, edits = last_rollout(case, workload), config_changes(case, workload, case.now)
        for change in (*([rollout] if rollout else []), *(edits or [])):
            if change.at and case.now - change.at < LONG_AGO:
                yield _changed(change)


def _changed(change: Change) -> Lead:
    claim = change.claim()
    return Lead("change", change.entity, claim.text, claim.quotes)


def _warnings(case: Case) -> Iterator[Lead]:
    """The newest warning of each reason about an object."""
    since = min(case.alert.starts_at or case.now, case.now) - RECENT
    newest: dict[tuple[Ref, str], Event] = {}
    for event in case.known_events():
        if event.type == "Warning" and (event.last is None or event.last >= since):
            newest[event.about, event.reason] = event
    for event in sorted(newest.values(), key=lambda each: each.count, reverse=True)[:MOST_OF_ONE]:
        often = f"{event.count} times" if event.count > 1 else "once"
        sentence = f"{event.reason} {often} about {event.about}: {event.message[:MESSAGE]}"
        yield Lead("event", event.about, sentence, (event.quote,))
