"""Pruning: delete PipelineRuns that ended long ago, together with their TaskRuns and pods.

A run's name is what makes a repeated notification a no-op, so runs are kept longer than Alertmanager's
repeat_interval. Of each alert the last run is kept longer still, since it may be the only trace of one that
fires for days. What a run came to is written before it is deleted.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.tekton.runs import EPISODES, Runs, is_place
from agent.tekton.trouble import condition, results
from agent.times import parse_time

_EPISODE = re.compile(r"incident-([0-9a-f]{16})-(\d{1,12})(?:-\d+)?")
"""The name of a run: fingerprint and start of its alert, then which attempt it is."""


@dataclass(frozen=True)
class Keep:
    """How long runs are kept after their end."""

    any: timedelta
    """Every run."""
    last: timedelta
    """The last run of each alert: as long as alerts fire at most."""


def expired(runs: Iterable[dict[str, Any]], now: datetime, keep: Keep) -> list[dict[str, Any]]:
    """The runs that ended too long ago; a run that has not ended is never among them."""
    known = list(runs)
    last = last_of_each(known)
    found = []
    for run in known:
        ended = parse_time(run.get("status", {}).get("completionTime"))
        if ended and ended < now - (keep.last if run["metadata"]["name"] in last else keep.any):
            found.append(run)
    return found


def last_of_each(runs: Iterable[dict[str, Any]]) -> set[str]:
    """Names of the runs that are the last trace of an alert.

    That is a run of the last time it fired, one with an outcome where there is any, else the newest.
    """
    last: dict[str, tuple[Any, ...]] = {}
    for run in runs:
        meta = run["metadata"]
        for fingerprint, start in episodes(run):
            place = (start, "outcome" in results(run), meta.get("creationTimestamp", ""), meta["name"])
            last[fingerprint] = max(last.get(fingerprint, place), place)
    return {place[-1] for place in last.values()}


def episodes(run: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Fingerprint and start of each alert that a run or a batch was started for; a run by hand has none."""
    if is_place(run):
        return
    names = (run["metadata"].get("annotations") or {}).get(EPISODES, "").split()
    for name in names or [run["metadata"]["name"]]:
        if found := _EPISODE.fullmatch(name):
            yield found[1], int(found[2])


def record(run: dict[str, Any]) -> str:
    """One line of JSON: what a run was and what it came to."""
    meta, status, ended = run["metadata"], run.get("status", {}), condition(run)
    labels = meta.get("labels") or {}
    told = {
        "run": meta["name"],
        "alertname": labels.get("incident-agent/alertname", ""),
        "started": status.get("startTime"),
        "ended": status.get("completionTime"),
        "status": ended.get("status"),
        "reason": ended.get("reason"),
        "results": results(run),
    }
    return json.dumps(told)


def prune(runs: Runs, now: datetime, keep: Keep, write: Callable[[str], None]) -> int:
    """Delete what has expired, each after its record was written; how many. Raises RunsError."""
    found = expired(runs.all(), now, keep)
    for run in found:
        write(record(run))
        runs.delete(run["metadata"]["name"])
    return len(found)
