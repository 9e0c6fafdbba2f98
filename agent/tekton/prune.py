"""Pruning: delete PipelineRuns that ended long ago, together with their TaskRuns and pods.

A run's name is what makes a repeated notification a no-op, so runs are kept longer than Alertmanager's
repeat_interval.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from agent.tekton.runs import Runs
from agent.times import parse_time


def expired(runs: Iterable[dict[str, Any]], now: datetime, keep: timedelta) -> list[str]:
    """Names of the runs that ended more than `keep` ago; a run that has not ended is never among them."""
    names = []
    for run in runs:
        ended = parse_time(run.get("status", {}).get("completionTime"))
        if ended and ended < now - keep:
            names.append(run["metadata"]["name"])
    return names


def prune(runs: Runs, now: datetime, keep: timedelta) -> list[str]:
    """Delete what has expired, and name it; raises RunsError."""
    names = expired(runs.all(), now, keep)
    for name in names:
        runs.delete(name)
    return names
