"""The plan of a sweep: what is started now, alone or in batches, what waits, and what is given up."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.tekton.sweep_firing import Firing
from agent.tekton.sweep_history import NONE, History

BACK_OFF = (timedelta(0), timedelta(minutes=2), timedelta(minutes=10))
"""How long after the last failure the first, second and third attempt is made; there is no fourth."""
FOLD = 100
"""Alerts of one batch: it works some two a second, and has nine minutes."""
BATCH_BYTES = 700_000
"""Of the alerts of one batch, which is an object of at most a megabyte; an alert beyond it cannot be carried."""
LARGEST = 90_000
"""Bytes of an alert that gets its own run: as base64 it must fit one variable of a process, 128 KiB."""


@dataclass
class Plan:
    """What to do about each alert that fires and has no verdict."""

    single: list[Firing] = field(default_factory=list)
    batches: list[list[Firing]] = field(default_factory=list)
    waiting: list[Firing] = field(default_factory=list)
    """For room, or for the time between two attempts."""
    given_up: list[Firing] = field(default_factory=list)
    running: int = 0
    investigated: int = 0


def plan(firing: Iterable[Firing], histories: dict[str, History], room: int, now: datetime) -> Plan:
    """Plan for alerts in the order of work, with room for so many more runs."""
    made, due = Plan(), []
    for alert in firing:
        history = histories.get(alert.episode, NONE)
        if history.running:
            made.running += 1
        elif history.verdict:
            made.investigated += 1
        elif history.failures >= len(BACK_OFF) or len(alert.posted) > BATCH_BYTES:
            made.given_up.append(alert)
        elif history.failed_at and now < history.failed_at + BACK_OFF[history.failures]:
            made.waiting.append(alert)
        else:
            due.append(alert)
    last = {
        alert.episode for alert in due if histories.get(alert.episode, NONE).failures == len(BACK_OFF) - 1
    }
    _share(made, due, last, max(0, room))
    return made


def _share(made: Plan, due: list[Firing], last: set[str], room: int) -> None:
    """Give as many a run of their own as leave room for the rest in batches, and half of the room at least.

    What was tried twice is in no batch: an alert that kills its pod would take the others with it a third time.
    """
    large = [alert for alert in due if len(alert.posted) > LARGEST]
    small = [alert for alert in due if len(alert.posted) <= LARGEST]
    for alone in range(min(len(small), room), min(len(small), room // 2) - 1, -1):
        rest = [alert for alert in small[alone:] if alert.episode not in last]
        made.batches, left = _batches(sorted(rest + large), room - alone)
        made.single = small[:alone]
        if not left:
            break
    made.waiting += left + [alert for alert in small[alone:] if alert.episode in last]


def _batches(alerts: list[Firing], most: int) -> tuple[list[list[Firing]], list[Firing]]:
    """Batches of alerts in their order, at most so many, and what did not fit."""
    batches: list[list[Firing]] = []
    size = 0
    for at, alert in enumerate(alerts):
        if not batches or len(batches[-1]) == FOLD or size + len(alert.posted) > BATCH_BYTES:
            if len(batches) == most:
                return batches, alerts[at:]
            batches.append([])
            size = 0
        batches[-1].append(alert)
        size += len(alert.posted)
    return batches, []
