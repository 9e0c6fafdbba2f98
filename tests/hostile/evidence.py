"""The evidence of the recorded scenarios in memory, to be spoiled and diagnosed without a run."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from agent.diagnosis.case import Case
from agent.diagnosis.engine import Diagnosis, diagnose
from agent.diagnosis.search import find_subjects
from agent.evidence.ledger import Evidence
from agent.evidence.query import Query
from agent.evidence.recording import RecordingSource
from agent.evidence.rendering import render
from agent.intake.alert import Alert, parse_alerts
from agent.intake.runbook import choose
from agent.intake.subject import Subject, route
from e2e.score import scenario as scenarios

Change = Callable[[str, str], str]
"""Takes a field's path (`spec.containers.name`) and its text; returns the text that shall stand there."""


@dataclass(frozen=True)
class Recorded:
    """What one scenario's run read, with its alert and subject."""

    name: str
    alert: Alert
    subject: Subject
    at: datetime
    answers: tuple[tuple[Query, Any], ...]

    def diagnose(self, change: Change = lambda path, text: text, field: str | None = None) -> Diagnosis:
        """The diagnosis over all of it, every text changed, or with a field only its texts."""
        evidence = []
        for entry, paths in self._evidence:
            asked = _spelled(entry.query, lambda text: change("query", text))
            if field is None or field in paths:
                spoiled = _changed(entry.data, _root(entry.query, entry.data), change)
                entry = replace(entry, data=spoiled, text=render(spoiled))
            evidence.append(replace(entry, query=asked))
        subject = _spelled(self.subject, lambda text: change("query", text))
        if subject.ref is not None:
            subject = replace(subject, ref=_spelled(subject.ref, lambda text: change("query", text)))
        case = Case(evidence, alert=self.alert, subject=subject, runbook=choose(self.alert), now=self.at)
        return diagnose(case, find_subjects(case))

    @cached_property
    def _evidence(self) -> list[tuple[Evidence, frozenset[str]]]:
        """All of it as evidence, and the paths of its texts."""
        return [
            (
                Evidence(f"E{number}", "recording", query, "ok", self.at, render(data), data),
                frozenset(path for path, _ in _texts(data, _root(query, data))),
            )
            for number, (query, data) in enumerate(self.answers, 1)
        ]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Path and text of every text in it."""
        for query, data in self.answers:
            yield from _texts(data, _root(query, data))


def recorded_names() -> list[str]:
    """The names of all scenarios that were recorded, without reading one."""
    return sorted(path.parent.name for path in scenarios.SCENARIOS.glob("*/recording.tar.gz"))


@cache
def recorded(name: str) -> Recorded:
    """The scenario of that name."""
    scenario = scenarios.load(scenarios.SCENARIOS / name)
    source = RecordingSource(scenario.recording)

    async def answers() -> list[tuple[Query, Any]]:
        answered = [(query, await source.answer(query)) for query in source.queries]
        return [(query, answer.data) for query, answer in answered if answer.status == "ok"]

    alert = parse_alerts(scenario.recorded.alert.encode()).alerts[0]
    return Recorded(scenario.name, alert, route(alert), source.recorded_at, tuple(asyncio.run(answers())))


def _root(query: Query, data: Any) -> str:
    """The path of an answer's first level: a log has that of its verb."""
    return query.verb if isinstance(data, str) else ""


def _spelled(thing: Any, change: Callable[[str], str]) -> Any:
    """A dataclass with each of its texts changed."""
    values = {field.name: getattr(thing, field.name) for field in fields(thing)}
    return replace(thing, **{name: change(value) for name, value in values.items() if isinstance(value, str)})


def _changed(data: Any, path: str, change: Change) -> Any:
    if isinstance(data, dict):
        return {key: _changed(value, f"{path}.{key}".lstrip("."), change) for key, value in data.items()}
    if isinstance(data, list):
        return [_changed(item, path, change) for item in data]
    return change(path, data) if isinstance(data, str) else data


def _texts(data: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, f"{path}.{key}".lstrip("."))
    elif isinstance(data, list):
        for item in data:
            yield from _texts(item, path)
    elif isinstance(data, str):
        yield path, data
