"""A run: every incident of one payload, a few of them at once, one result each."""

import asyncio
import gc
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from agent.diagnosis.switches import Switches, SwitchesError, parse_switches
from agent.evidence.ledger import Ledger
from agent.evidence.redaction import Redactor
from agent.evidence.sources import Route, open_sources
from agent.files import read_file
from agent.heap import keep_small
from agent.intake.alert import Alert, title_of
from agent.intake.incident import Incident
from agent.intake.subject import route
from agent.investigation import Investigation
from agent.settings import Settings
from agent.team.conversation import Say
from agent.team.fallback import reach_verdict
from agent.team.models.choice import open_model
from agent.termination import reacting
from agent.turns import Turn, Turns
from agent.verdict.assembly import assemble, decline
from agent.verdict.worked import Worked, stored

PARALLEL = 4
"""Incidents under way at once, where evidence is waited for; a recording is read by one after the other."""
SWITCHES = "causes.yaml"
MAX_SWITCHES = 1 << 16

Deliver = Callable[[int, Worked], None]


async def work(incidents: list[Incident], settings: Settings, say: Say, deliver: Deliver) -> None:
    """Work all incidents within the deadline, delivering each with its place as soon as it has its verdict.

    SIGTERM and SIGINT end it with partial results. After an error no further incident is begun; it is raised when
    those under way have been delivered.
    """
    switches = read_switches(settings.causes)  # refused here, where nothing is read yet
    keep_small()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def terminate() -> None:
        stop.set()
        say("terminated: the results are of what there is")

    run = Run(settings, switches, time.monotonic() + settings.deadline, stop, say)
    with reacting(lambda: loop.call_soon_threadsafe(terminate)):
        await asyncio.sleep(0)  # where the request came before
        await _all(incidents, run, say, deliver)


async def _all(incidents: list[Incident], run: "Run", say: Say, deliver: Deliver) -> None:
    """Work the incidents, some at once, and begin them in their order."""
    waiting = enumerate(incidents)
    failed = asyncio.Event()

    async def hand() -> None:
        for place, incident in waiting:
            try:
                worked = await run.one(incident, _of(say, incident, place, len(incidents)))
                deliver(place, worked)
            except BaseException:
                failed.set()
                raise
            if failed.is_set():
                break
            to_tidy = worked.origin == "investigated" and place + 1 < len(incidents)
            del worked  # with its evidence, which would be held until the next has its verdict
            if to_tidy:
                gc.collect()  # a team is a circle of objects, which keeps its evidence until somebody looks

    ended = await asyncio.gather(*(hand() for _ in range(run.parallel)), return_exceptions=True)
    for error in filter(None, ended):
        raise error


def _of(say: Say, incident: Incident, place: int, count: int) -> Say:
    """Where there are several incidents, what is said of one begins with which one it is."""
    if count == 1:
        return say
    say(f"incident {place + 1} of {count}: {incident.id}")
    return lambda words: say(f"incident {place + 1} of {count}: {words}")


class Run:
    """What the incidents of a run share: settings, switches, the deadline, the request to end, turns to read."""

    def __init__(
        self, settings: Settings, switches: Switches, end: float, stop: asyncio.Event, say: Say
    ) -> None:
        self._settings, self._switches, self._end, self._stop = settings, switches, end, stop
        self.parallel = 1 if settings.replay else PARALLEL
        self._turns = Turns()
        self._recording = cache(partial(open_sources, settings, None, say))

    async def one(self, incident: Incident, say: Say) -> Worked:
        """The incident's result: a stored one, the reason why there is none, or that of an investigation."""
        alert = redacted(incident.alert, redactor := Redactor())
        if known := stored(self._settings.store, incident):
            return known
        if incident.skipped:
            return self._declined(incident, alert, "not-actionable", incident.skipped)
        if self._stop.is_set():
            return self._declined(incident, alert, "failed", "terminated before it began")
        if time.monotonic() >= self._end:
            return self._declined(incident, alert, "failed", "the deadline passed before it began")
        with self._turns.begin() as turn:
            return await self._investigated(incident, alert, redactor, turn, say)

    def _declined(self, incident: Incident, alert: Alert, outcome: str, reason: str) -> Worked:
        result = decline(
            incident, alert, run_id=_run_id(), at=datetime.now(UTC), outcome=outcome, reason=reason,
            model=self._settings.model,
        )  # fmt: skip
        return Worked(result, [], "declined")

    async def _investigated(
        self, incident: Incident, alert: Alert, redactor: Redactor, turn: Turn, say: Say
    ) -> Worked:
        settings, run_id, begun = self._settings, _run_id(), datetime.now(UTC)
        model = open_model(settings)
        sources, now = self._sources(alert, say)
        ledger = Ledger(
            turn.route(sources, settings.read_timeout), redactor, read_seconds=settings.deadline
        )  # the turn bounds a read, once it has come
        subject = route(alert)  # of the redacted alert: a word that is a secret must not become a name
        if settings.namespace and not subject.namespace:
            subject = replace(subject, namespace=settings.namespace)
        investigation = Investigation(alert, subject, ledger, now, self._switches, turn.clock)
        about = subject.ref or subject.service or "an alert without a subject"
        say(f"investigating {about} ({settings.model})")
        conversation = await reach_verdict(
            investigation, model, settings.model,
            seconds=self._end - time.monotonic(), stop=self._stop, say=say,
        )  # fmt: skip
        result = assemble(
            incident, investigation, conversation, run_id=run_id, started_at=begun,
            finished_at=datetime.now(UTC), model=conversation.model or settings.model,
        )  # fmt: skip
        return Worked(result, ledger.entries, "investigated")

    def _sources(self, alert: Alert, say: Say) -> tuple[Route, datetime]:
        """Where evidence is read. A recording is held once, whatever the number of incidents."""
        if self._settings.replay:
            return self._recording()
        return open_sources(self._settings, alert.starts_at, say)


def _run_id() -> str:
    return uuid.uuid4().hex[:12]


def read_switches(path: str) -> Switches:
    """The operator's switches: of a file, or of the file `causes.yaml` of a folder. Raises SwitchesError.

    A folder without anything switches nothing: that is how a ConfigMap looks that is optional and not there.
    """
    if not path:
        return Switches()
    try:
        file = _switches_of(Path(path)) if Path(path).is_dir() else Path(path)
        return parse_switches(read_file(file, MAX_SWITCHES), str(file)) if file else Switches()
    except OSError as error:
        raise SwitchesError(f"cannot read --causes {path}: {error.strerror or error}") from None


def _switches_of(folder: Path) -> Path | None:
    names = sorted(
        entry.name for entry in folder.iterdir() if not entry.name.startswith(".")
    )  # ..data: the mount's
    if names and SWITCHES not in names:
        raise SwitchesError(
            f"--causes {folder} has no {SWITCHES}, but {names[0]}; expected {SWITCHES}, or nothing"
        )
    return folder / SWITCHES if names else None


def redacted(alert: Alert, redactor: Redactor) -> Alert:
    """The alert without secrets: from here on nothing else is shown to anyone."""
    for said in (alert.title, alert.plain_text, *alert.labels.values(), *alert.annotations.values()):
        redactor.redact_text(said)  # what is learned from one of them is to be found in all
    clean: dict[str, Any] = redactor.redact_data({"labels": alert.labels, "annotations": alert.annotations})
    cleaned = replace(
        alert,
        name=redactor.redact_text(alert.name),
        title=redactor.redact_text(alert.title),
        plain_text=redactor.redact_text(alert.plain_text),
        labels=clean["labels"],
        annotations=clean["annotations"],
    )
    # The name of a pod in a title made of labels looks like a secret, and in its label like what it is.
    return cleaned if alert.plain_text else replace(cleaned, title=title_of(cleaned))
