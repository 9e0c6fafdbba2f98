"""Listening: on which ports a program says it listens, from its log."""

import re
from dataclasses import dataclass

from agent.diagnosis.logs.lines import split_time
from agent.diagnosis.read.thing import Log

_SAYS = re.compile(
    r"\b(?:listen(?:ing|s)?|serving|running|started|starting|bound|accepting)\b", re.IGNORECASE
)
_PORT = re.compile(r"(?:\bport\b(?:\(s\))?[ =:\"]{0,3}|[\w.\]*\[]:|[\s@]:)(\d{2,5})\b", re.IGNORECASE)
_LOOPBACK = re.compile(r"\b127\.0\.0\.1\b|\blocalhost\b|\[::1\]", re.IGNORECASE)
MAX_LINE = 400


@dataclass(frozen=True)
class Listening:
    """A port that a log line mentions; `loopback` if the line names only the pod's own host."""

    port: int
    line: str
    loopback: bool


def listening(log: Log | None) -> list[Listening]:
    """The ports a log says its program listens on, in order of appearance."""
    found: list[Listening] = []
    for raw in log.text.splitlines() if log else ():
        line = split_time(raw[:MAX_LINE])[1]
        said = _SAYS.search(line)
        if said is None or "connect" in line.lower():
            continue
        ports = [int(match[1]) for match in _PORT.finditer(line, said.start())]
        found += [Listening(port, line, bool(_LOOPBACK.search(line))) for port in ports if 0 < port < 65536]
    return found
