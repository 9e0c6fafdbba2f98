"""The sweep: what fires and has no verdict gets a run, under the names that the listener gives.

Alertmanager is the record of what fires; whatever was lost on the way from a post to a run is found here.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from agent.tekton.runs import Refused, Runs
from agent.tekton.sweep_firing import Asked, Firing
from agent.tekton.sweep_history import NONE, History, histories
from agent.tekton.sweep_manifest import batch, batch_name, notice_name, notice_sent, place, single
from agent.tekton.sweep_plan import Plan, plan

Say = Callable[[str], None]
Tell = Callable[[list[str]], None]
"""Tells people, in a line each, what is not investigated; raises UserError when that cannot be said."""

Create = Callable[[dict[str, Any]], bool]


@dataclass
class Tally:
    """What a sweep found and did, in alerts."""

    firing: int = 0
    running: int = 0
    waiting: int = 0
    started: int = 0
    given_up: int = 0
    investigated: int = 0
    unread: int = 0
    refused: list[str] = field(default_factory=list)
    """Why runs could not be created."""
    answered: int = 0
    silent: list[str] = field(default_factory=list)
    """Alertmanagers that gave no whole answer."""

    @property
    def done(self) -> bool:
        """Whether the sweep could do its work: somebody said what fires, and every run could be created."""
        return self.answered > 0 and not self.refused

    def line(self) -> str:
        """One line for people."""
        return (
            f"firing {self.firing}, running {self.running}, waiting {self.waiting}, started {self.started}, "
            f"given up {self.given_up}"
        )

    def as_json(self) -> dict[str, Any]:
        """All of it for monitoring."""
        return asdict(self) | {"done": self.done}


def sweep(asked: Asked, runs: Runs, most: int, now: datetime, say: Say, tell: Tell | None) -> Tally:
    """Start what is missing, so that at most `most` runs go on at once; raises RunsError and what `tell` raises."""
    of, names, active = histories(runs.traces())
    made = plan(asked.firing, of, most - active, now)
    tally = Tally(
        firing=len(asked.firing), running=made.running, waiting=len(made.waiting), given_up=len(made.given_up),
        investigated=made.investigated, unread=asked.unread, answered=asked.answered, silent=asked.silent,
    )  # fmt: skip

    def create(manifest: dict[str, Any]) -> bool:
        """Whether the run is there now because of this; a name that is taken is no error."""
        try:
            return runs.create(manifest)
        except Refused as error:
            tally.refused.append(str(error))
            return False

    _start(made, of, names, create, tally)
    missed = len(made.single) + sum(map(len, made.batches)) - tally.started
    if tally.refused:
        tally.waiting += missed  # for the next sweep
    else:
        tally.running += missed  # the listener has started them meanwhile
    _keep_names(asked.firing, of, names, create)
    for words in tally.refused:
        say(f"note: {words}")
    _give_up(made.given_up, of, names, runs, say, tell)
    return tally


def _start(made: Plan, of: dict[str, History], names: set[str], create: Create, tally: Tally) -> None:
    def attempt(alert: Firing) -> int:
        return of.get(alert.episode, NONE).failures + 1

    for alert in made.single:
        tally.started += create(single(alert, attempt(alert)))
    for alerts in made.batches:
        name = batch_name(alerts, list(map(attempt, alerts)))
        # The names first: where the listener takes one meanwhile, its run is the alert's, and not this batch.
        kept = [each for each in alerts if each.episode in names or create(place(each, name))]
        if kept and create(batch(name, kept, max(map(attempt, kept)))):
            tally.started += len(kept)


def _keep_names(firing: list[Firing], of: dict[str, History], names: set[str], create: Create) -> None:
    """Keep the names of what the listener's own batches work: a group that shrinks would start them once more."""
    for alert in firing:
        worked_by = of.get(alert.episode, NONE).batch
        if worked_by and alert.episode not in names:
            create(place(alert, worked_by))


def _give_up(
    alerts: list[Firing], of: dict[str, History], names: set[str], runs: Runs, say: Say, tell: Tell | None
) -> None:
    """Say what is given up; tell people of each once, which a run that never runs remembers."""
    lines = {alert: not_investigated(alert, of.get(alert.episode, NONE)) for alert in alerts}
    for line in lines.values():
        say(line)
    new = [alert for alert in alerts if notice_name(alert) not in names]
    if tell and new:
        tell([lines[alert] for alert in new])
        for alert in new:
            runs.create(notice_sent(alert))


def not_investigated(alert: Firing, history: History) -> str:
    """That an alert is given up, why, and what to type."""
    what = f"NOT investigated: {alert.name[:80]} ({alert.episode})"
    if not history.last:
        return f"{what}: the alert is too large to be carried by a run"
    runs = f"{history.failures} runs ended without a verdict"
    return f"{what}: {runs}; tkn pipelinerun describe {history.last}"
