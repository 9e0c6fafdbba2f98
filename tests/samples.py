"""Results and investigations that tests of the outer modules share."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.evidence.answer import Answer
from agent.evidence.ledger import Ledger
from agent.evidence.query import Query
from agent.evidence.redaction import Redactor
from agent.intake.alert import parse_alerts
from agent.intake.incident import Incident, incidents
from agent.investigation import Investigation

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CRASH = {
    "status": "firing",
    "labels": {
        "alertname": "KubePodCrashLooping",
        "namespace": "bank",
        "pod": "desk-0",
        "severity": "warning",
    },
    "annotations": {"summary": "Pod is crash looping."},
    "startsAt": "2026-11-22T11:30:00Z",
    "fingerprint": "1a30ba71cca2921f",
}


class Answers:
    """A source that answers from a table and says "not found" to everything else."""

    name = "table"

    def __init__(self, table: dict[str, Any] | None = None, delay: float = 0.0) -> None:
        self.table = table or {}
        self.delay = delay
        self.asked: list[str] = []

    async def answer(self, query: Query) -> Answer:
        self.asked.append(str(query))
        await asyncio.sleep(self.delay)
        if str(query) not in self.table:
            return Answer("not-found", message=f"{query.name} not found")
        found = self.table[str(query)]
        return found if isinstance(found, Answer) else Answer(data=found, at=NOW)


def incident(alert: dict[str, Any] | str = CRASH) -> Incident:
    """The one incident of an alert."""
    raw = alert if isinstance(alert, str) else json.dumps(alert)
    return incidents(parse_alerts(raw.encode()).alerts)[0]


def investigation(
    source: Answers, alert: dict[str, Any] | str = CRASH, read_seconds: float = 5.0
) -> Investigation:
    """An investigation of an alert over a table of answers."""
    found = incident(alert)
    ledger = Ledger(lambda query: source, Redactor(), read_seconds=read_seconds)
    return Investigation(found.alert, found.subject, ledger, NOW)


def alert_file(folder: Path, *alerts: dict[str, Any]) -> str:
    """A file with these alerts, by default the one about a crash; its path."""
    path = folder / "alert.json"
    path.write_text(json.dumps(alerts or [CRASH]))
    return str(path)


def replayed(folder: Path, entries: list[dict[str, Any]] | None = None) -> list[str]:
    """The arguments with which the alert about a crash is investigated on a recording with these entries."""
    recording = empty_recording(folder / "recording", entries)
    return ["investigate", alert_file(folder), "--replay", str(recording)]


def empty_recording(directory: Path, entries: list[dict[str, Any]] | None = None) -> Path:
    """A recording with these entries, by default none."""
    directory.mkdir(parents=True, exist_ok=True)
    manifest = {"version": 1, "recorded_at": "2026-11-22T12:00:00Z", "entries": entries or []}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory
