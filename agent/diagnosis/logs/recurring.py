"""Recurring: the troubles a log tells of, each once, with how often and when it was told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agent.diagnosis.logs import noise
from agent.diagnosis.logs.classes import classify
from agent.diagnosis.logs.entries import join
from agent.diagnosis.logs.hints import HINTS
from agent.diagnosis.logs.lines import Level, parse, split_time
from agent.evidence.folding import LINE_LIMIT, template

_MOST_KINDS = 200
_LOUDNESS: dict[Level, int] = {"fatal": 3, "error": 2, "": 1, "warn": 1, "info": 0}


@dataclass(frozen=True)
class Trouble:
    """Messages that differ in numbers and names only. `line` is the last one, verbatim; `kind` as of a LogFinding.

    `count` is a lower bound, since a long log is folded.
    """

    line: str
    message: str
    kind: str
    level: Level
    count: int
    first: datetime | None
    last: datetime | None

    @property
    def weight(self) -> tuple[int, int, int]:
        """What tells most: how loud it is, whether it names a kind of trouble, how often it was told."""
        return _LOUDNESS[self.level], self.kind not in ("app-exception", "fatal-other"), self.count


def troubles(text: str) -> list[Trouble]:
    """The troubles of a log, the most telling first."""
    found: dict[str, Trouble] = {}
    for like, told in _told(text):
        known = found.get(like)
        if known is None and len(found) < _MOST_KINDS:
            found[like] = told
        elif known is not None:
            found[like] = Trouble(
                told.line, told.message, told.kind, told.level, known.count + 1, known.first, told.last
            )
    return sorted(found.values(), key=lambda each: each.weight, reverse=True)


def _told(text: str) -> Iterator[tuple[str, Trouble]]:
    """Each message that states trouble, with what it has in common with its like."""
    raw, whole = text.split("\n"), text.lower()
    hints = [hint for hint in HINTS if hint in whole]
    split = [split_time(line) for line in raw]
    for entry in join([rest for _, rest in split]):
        stamp, rest = split[entry.start]
        if len(rest) > LINE_LIMIT or not any(hint in rest.lower() for hint in hints):
            continue
        line = parse(rest, stamp)
        words = noise.without_zero_counts(line.text)
        level = "" if line.level == "warn" else line.level  # a warning in strong words is worth a look
        stated = classify(words, level) if level != "info" else None
        if stated is None or noise.is_never(words) or noise.is_routine(words) or noise.gives_orders(words):
            continue
        yield (
            f"{line.level} {template(line.message[:300])}",
            Trouble(raw[entry.start], line.message, stated[0], line.level, 1, line.at, line.at),
        )
