"""Things of a cluster as analyzers see them: objects, events, logs and series, each able to quote itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from agent.diagnosis.logs import LogFinding, read_log
from agent.diagnosis.read.quote import Quote
from agent.evidence.ledger import Evidence
from agent.evidence.rendering import lines
from agent.ref import Ref
from agent.times import parse_time

QUOTE_LENGTH = 400


def cut(text: str) -> str:
    """The first line of a text, short enough to quote."""
    return text.split("\n", 1)[0][:QUOTE_LENGTH]


_STEPS = re.compile(r"\[[^\]]*\]|[^.\[]+")  # a name in brackets may hold dots


def dig(data: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path; `a[b]` picks the list element with that name, type or place.

    The last step may be a key with dots of its own: `data.app.yaml`, `metadata.labels.app.kubernetes.io/name`.
    """
    steps = _STEPS.findall(path)
    for place, step in enumerate(steps):
        if step.startswith("["):
            data = _pick(data, step[1:-1])
        elif not isinstance(data, dict):
            return default
        elif step not in data and (rest := ".".join(steps[place:])) in data:
            return data[rest]
        else:
            data = data.get(step)
        if data is None:
            return default
    return data


def _pick(data: Any, label: str) -> Any:
    if not isinstance(data, list):
        return None
    for item in data:
        if isinstance(item, dict) and label in (item.get("name"), item.get("type")):
            return item
    return data[int(label)] if label.isdigit() and int(label) < len(data) else None


@dataclass(frozen=True, eq=False)
class Obj:
    """One object of the cluster, read alone or as an item of a list (then `prefix` is `[name]`)."""

    ref: Ref
    data: dict[str, Any]
    evidence: Evidence
    prefix: str = ""

    def at(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path such as `spec.template.spec.containers[main].image`."""
        return dig(self.data, path, default)

    def items(self, path: str) -> list[dict[str, Any]]:
        """The list of objects at a path, empty when absent."""
        value = self.at(path)
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def time(self, path: str) -> datetime | None:
        """The time at a path, or None."""
        return parse_time(self.at(path))

    def quote(self, *paths: str) -> tuple[Quote, ...]:
        """One quote for each path that exists; a path to a map or list quotes its first line."""
        found = []
        for path in paths:
            value = self.at(path)
            where = f"{self.prefix}.{path}" if self.prefix else path
            line = next(iter(lines(value, where)), None) if value is not None else None
            if line:
                found.append(Quote(self.evidence.id, cut(f"{line[0]}: {line[1]}")))
        return tuple(found)

    def quote_key(self, path: str, key: str) -> tuple[Quote, ...]:
        """The quote of one entry of a map whose keys hold dots, such as labels and allocatable."""
        values = self.at(path)
        if not isinstance(values, dict) or values.get(key) is None:
            return ()
        where = f"{self.prefix}.{path}" if self.prefix else path
        line = next(iter(lines(values[key], f"{where}.{key}")), None)
        return (Quote(self.evidence.id, cut(f"{line[0]}: {line[1]}")),) if line else ()

    def condition(self, kind: str) -> dict[str, Any]:
        """The status condition of that type, empty when absent."""
        return next((c for c in self.items("status.conditions") if c.get("type") == kind), {})

    def quote_condition(self, kind: str, *fields: str) -> tuple[Quote, ...]:
        """Quotes of a condition's fields, by default its status, reason and message."""
        names = fields or ("status", "reason", "message")
        return self.quote(*(f"status.conditions[{kind}].{name}" for name in names))

    @property
    def labels(self) -> dict[str, str]:
        """metadata.labels."""
        return self.at("metadata.labels") or {}

    @property
    def created(self) -> datetime | None:
        """metadata.creationTimestamp."""
        return self.time("metadata.creationTimestamp")

    @property
    def uid(self) -> str:
        """metadata.uid, empty when absent."""
        return str(self.at("metadata.uid") or "")


@dataclass(frozen=True)
class Event:
    """One event. `count` is a lower bound; `last` is the newest time it was seen."""

    reason: str
    message: str
    type: str
    count: int
    first: datetime | None
    last: datetime | None
    about: Ref
    uid: str
    field_path: str
    quote: Quote

    @classmethod
    def read(cls, data: dict[str, Any], position: int, evidence: Evidence) -> "Event":
        """An event as core/v1 or the events API states it (scheduler events have only eventTime)."""
        about = data.get("involvedObject") or data.get("regarding") or {}
        series = data.get("series") or {}
        message = str(data.get("message") or data.get("note") or "")
        field = "message" if data.get("message") else "note"
        first = parse_time(data.get("firstTimestamp")) or parse_time(data.get("eventTime"))
        last = parse_time(series.get("lastObservedTime")) or parse_time(data.get("lastTimestamp")) or first
        return cls(
            reason=str(data.get("reason") or ""),
            message=message,
            type=str(data.get("type") or ""),
            count=int(series.get("count") or data.get("count") or 1),
            first=first,
            last=last or parse_time((data.get("metadata") or {}).get("creationTimestamp")),
            about=Ref(
                str(about.get("kind", "")), str(about.get("namespace", "")), str(about.get("name", ""))
            ),
            uid=str(about.get("uid") or ""),
            field_path=str(about.get("fieldPath") or ""),
            quote=Quote(evidence.id, cut(f"[{position}].{field}: {message}")),
        )


@lru_cache(maxsize=256)
def _read(text: str, exited: bool) -> tuple[LogFinding, ...]:
    return tuple(read_log(text, exited=exited))


@dataclass(frozen=True, eq=False)
class Log:
    """The collected lines of one container."""

    evidence: Evidence

    @property
    def text(self) -> str:
        """The lines, redacted and folded."""
        return str(self.evidence.data or "")

    @property
    def began(self) -> datetime | None:
        """When the first line was written, by the time that the kubelet puts before each."""
        return parse_time(self.text.partition(" ")[0])

    def read(self, *, exited: bool) -> tuple[LogFinding, ...]:
        """What decided the exit or is the trouble, best first."""
        return _read(self.text, exited)

    def quote(self, found: LogFinding | str) -> Quote:
        """The quote of a finding's line."""
        line = found if isinstance(found, str) else found.line
        return Quote(self.evidence.id, cut(line))


@dataclass(frozen=True, eq=False)
class Series:
    """One series of Prometheus: points are (unix seconds, value)."""

    labels: dict[str, str]
    points: list[tuple[float, float]]
    evidence: Evidence
    position: int

    def mean(self, start: float, end: float) -> float | None:
        """The mean between two times, or None without points there."""
        values = [value for time, value in self.points if start <= time <= end]
        return sum(values) / len(values) if values else None

    def quote(self) -> Quote:
        """The line of its values."""
        line = next((f"{p}: {v}" for p, v in self._lines() if "points" in p), "")
        return Quote(self.evidence.id, cut(line))

    def quote_between(self, start: float, end: float) -> Quote:
        """The values between two times, as they stand in the line of values."""
        values = [f"{value:.6g}" for time, value in self.points if start <= time <= end]
        return Quote(self.evidence.id, " ".join(values)[:QUOTE_LENGTH]) if values else self.quote()

    def _lines(self) -> Iterator[tuple[str, str]]:
        item = self.evidence.data[self.position]
        return lines(item, f"[{self.position}]")
