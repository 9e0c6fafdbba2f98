"""What the runs of a namespace say about each alert: whether one works it, reached a verdict, or failed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.tekton.runs import ended, episodes, is_batch, is_place, place_in_order, reached_verdict
from agent.times import parse_time

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class History:
    """The runs of one alert."""

    running: bool = False
    verdict: bool = False
    failures: int = 0
    """Runs that ended without a verdict."""
    failed_at: datetime | None = None
    """When the last of them ended."""
    last: str = ""
    """Its name."""
    batch: str = ""
    """A batch that works the alert or has reached its verdict."""


NONE = History()


def histories(runs: Iterable[dict[str, Any]]) -> tuple[dict[str, History], set[str], int]:
    """The history of each alert that has one, the names that are taken, and how many runs have not ended."""
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    names, active = set(), 0
    for run in runs:
        names.add(run["metadata"]["name"])
        active += not ended(run) and not is_place(run)
        for episode in episodes(run):
            of[episode].append(run)
    return {episode: _history(found) for episode, found in of.items()}, names, active


def _history(runs: list[dict[str, Any]]) -> History:
    failures = [run for run in runs if ended(run) and not reached_verdict(run)]
    batches = [run["metadata"]["name"] for run in runs if is_batch(run) and run not in failures]
    last = max(failures, key=lambda run: (_ended_at(run), run["metadata"]["name"]), default=None)
    return History(
        running=any(not ended(run) for run in runs),
        verdict=any(reached_verdict(run) and not _left_it_to(failures, run) for run in runs),
        failures=len(failures),
        failed_at=_ended_at(last) if last else None,
        last=last["metadata"]["name"] if last else "",
        batch=batches[0] if batches else "",
    )


def _left_it_to(failures: list[dict[str, Any]], run: dict[str, Any]) -> bool:
    """Whether a batch may have left the alert to a run that failed later: it leaves out what others have taken."""
    if not is_batch(run):
        return False
    began = parse_time(run["status"].get("startTime")) or _LATEST
    return any(
        _ended_at(other) >= began and (not is_batch(other) or place_in_order(other) < place_in_order(run))
        for other in failures
    )


def _ended_at(run: dict[str, Any]) -> datetime:
    return parse_time(run["status"].get("completionTime")) or _LATEST
