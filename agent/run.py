"""A run: every incident of one payload, worked one after the other, one result each."""

import asyncio
import gc
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.diagnosis.switches import Switches, SwitchesError, parse_switches
from agent.evidence.ledger import Ledger
from agent.evidence.redaction import Redactor
from agent.evidence.sources import open_sources
from agent.files import read_file
from agent.intake.alert import Alert
from agent.intake.incident import Incident
from agent.intake.subject import route
from agent.investigation import Investigation
from agent.settings import Settings
from agent.team.conversation import Say
from agent.team.fallback import reach_verdict
from agent.team.models.choice import open_model
from agent.termination import reacting
from agent.verdict.assembly import assemble, decline
from agent.verdict.worked import Worked, stored

MAX_SWITCHES = 1 << 16
GARBAGE = 50_000  # objects; plain JSON has no cycles, and to look for them costs more than to parse it


async def work(
    incidents: list[Incident], settings: Settings, say: Say, deliver: Callable[[Worked], None]
) -> None:
    """Work all incidents within the deadline, delivering each as soon as it has its verdict.

    SIGTERM and SIGINT end it with partial results.
    """
    switches = read_switches(settings.causes)  # refused here, where nothing is read yet
    gc.set_threshold(GARBAGE)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def terminate() -> None:
        stop.set()
        say("terminated: the results are of what there is")

    end = time.monotonic() + settings.deadline
    with reacting(lambda: loop.call_soon_threadsafe(terminate)):
        await asyncio.sleep(0)  # where the request came before
        for number, incident in enumerate(incidents, 1):
            if len(incidents) > 1:
                say(f"incident {number} of {len(incidents)}: {incident.id}")
            worked = await _one(incident, settings, switches, end, stop, say)
            deliver(worked)
            if worked.origin == "investigated" and number < len(incidents):
                gc.collect()  # a team is a circle of objects, which keeps its evidence until somebody looks


async def _one(
    incident: Incident, settings: Settings, switches: Switches, end: float, stop: asyncio.Event, say: Say
) -> Worked:
    redactor = Redactor()
    alert = redacted(incident.alert, redactor)
    run_id = uuid.uuid4().hex[:12]
    begun = datetime.now(UTC)
    if known := stored(settings.store, incident):
        return known

    def refuse(outcome: str, reason: str) -> Worked:
        declined = decline(
            incident, alert, run_id=run_id, at=begun, outcome=outcome, reason=reason, model=settings.model
        )
        return Worked(declined, [], "declined")

    if incident.skipped:
        return refuse("not-actionable", incident.skipped)
    if stop.is_set() or time.monotonic() >= end:
        reason = "terminated before it began" if stop.is_set() else "the deadline passed before it began"
        return refuse("failed", reason)
    model = open_model(settings)
    sources, now = open_sources(settings, alert.starts_at, say)
    ledger = Ledger(sources, redactor, read_seconds=settings.read_timeout)
    subject = route(alert)  # of the redacted alert: a word that is a secret must not become a name
    if settings.namespace and not subject.namespace:
        subject = replace(subject, namespace=settings.namespace)
    investigation = Investigation(alert, subject, ledger, now, switches)
    say(f"investigating {subject.ref or subject.service or 'an alert without a subject'} ({settings.model})")
    conversation = await reach_verdict(
        investigation, model, settings.model, seconds=end - time.monotonic(), stop=stop, say=say
    )
    result = assemble(
        incident, investigation, conversation, run_id=run_id, started_at=begun, finished_at=datetime.now(UTC),
        model=conversation.model or settings.model,
    )  # fmt: skip
    return Worked(result, ledger.entries, "investigated")


def read_switches(path: str) -> Switches:
    """The operator's switches; none without a file. Raises SwitchesError."""
    if not path:
        return Switches()
    try:
        return parse_switches(read_file(Path(path), MAX_SWITCHES), path)
    except OSError as error:
        raise SwitchesError(f"cannot read --causes {path}: {error.strerror or error}") from None


def redacted(alert: Alert, redactor: Redactor) -> Alert:
    """The alert without secrets: from here on nothing else is shown to anyone."""
    for said in (alert.title, alert.plain_text, *alert.labels.values(), *alert.annotations.values()):
        redactor.redact_text(said)  # what is learned from one of them is to be found in all
    clean: dict[str, Any] = redactor.redact_data({"labels": alert.labels, "annotations": alert.annotations})
    return replace(
        alert,
        name=redactor.redact_text(alert.name),
        title=redactor.redact_text(alert.title),
        plain_text=redactor.redact_text(alert.plain_text),
        labels=clean["labels"],
        annotations=clean["annotations"],
    )
