"""Replays: the agent over a recording, in this process, as `investigate --replay` would run it."""

import asyncio
from pathlib import Path
from typing import Any

from agent.diagnosis.engine import Diagnosis
from agent.evidence.ledger import Ledger
from agent.evidence.recording import RecordingSource
from agent.evidence.redaction import Redactor
from agent.intake.alert import parse_alerts
from agent.intake.incident import Incident, incidents
from agent.intake.subject import route
from agent.investigation import Investigation
from agent.run import redacted, work
from agent.settings import Settings
from agent.team.conversation import Conversation
from agent.verdict.assembly import assemble
from agent.verdict.worked import Worked
from e2e.score.scenario import Scenario


def replay(alert: bytes, recording: Path) -> dict[str, Any]:
    """The result document of the alert's first incident."""
    found = incidents(parse_alerts(alert).alerts)
    settings = Settings(replay=str(recording), deadline=60)
    worked: list[Worked] = []
    asyncio.run(work(found[:1], settings, lambda _: None, lambda _, each: worked.append(each)))
    document: dict[str, Any] = worked[0].result.model_dump(mode="json")
    return document


def replay_alone(alert: bytes, recording: Path) -> dict[str, Any]:
    """The same without the team, in a fraction of the time: what the rules find, and nobody talks about it."""
    incident, investigation = _completed(alert, recording)
    at = investigation.now
    result = assemble(
        incident, investigation, Conversation(), run_id="", started_at=at, finished_at=at, model="none"
    )
    document: dict[str, Any] = result.model_dump(mode="json")
    return document


def diagnosed(alert: bytes, recording: Path) -> Diagnosis:
    """What the rules make of the alert's first incident, without the team."""
    return _completed(alert, recording)[1].diagnose()


def replay_scenario(scenario: Scenario) -> dict[str, Any]:
    """Replay the recording of a scenario's live run."""
    return replay(scenario.recorded.alert.encode(), scenario.recording)


def _completed(alert: bytes, recording: Path) -> tuple[Incident, Investigation]:
    incident = incidents(parse_alerts(alert).alerts)[0]
    source, redactor = RecordingSource(recording), Redactor()
    about = redacted(incident.alert, redactor)
    investigation = Investigation(
        about, route(about), Ledger(lambda query: source, redactor), source.recorded_at
    )
    asyncio.run(investigation.complete())
    return incident, investigation
