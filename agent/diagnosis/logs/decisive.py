"""Decisive: which line of a log shows why the container ended, or what is wrong with it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent.diagnosis.logs import noise
from agent.diagnosis.logs.classes import classify, is_crash, is_exception
from agent.diagnosis.logs.entries import Entry, join, telling
from agent.diagnosis.logs.finding import Kind, LogFinding
from agent.diagnosis.logs.hints import HINTS
from agent.diagnosis.logs.lines import Line, last_segment, parse, parts, plain, split_time
from agent.diagnosis.logs.pattern import OTHER
from agent.diagnosis.logs.targets import find_targets

MOST_FINDINGS = 12
_MOST_TEMPLATES = 500
_LONGEST_LINE = 4096
_LEAST_WEIGHT = 0.12
SAME_MOMENT = 0.5  # seconds
_ELSEWHERE = 0.6  # of its certainty is left to a line that sends its reader to other lines
ROUTINE = 10  # occurrences of a template
_NEAR = 30  # lines
_LEVEL = {"fatal": 0.30, "error": 0.17, "": 0.12, "warn": 0.05, "info": 0.0}
_GENERIC = frozenset({"app-exception", "fatal-other"})
_OUTWARD = frozenset(
    {
        "dns-failure",
        "connection-refused",
        "connection-timeout",
        "connection-reset",
        "tls-protocol",
        "auth-failed",
        "upstream-error",
        "rate-limited",
        "too-many-connections",
        "pool-exhausted",
        "waiting-for",
        "deadlock",
        "schema-missing",
        "database-missing",
    }
)
_FIELD = re.compile(r"[A-Za-z_][\w.]*")
_NUMBER = re.compile(r"\d+")
_LEADING = re.compile(r"(?i)\b(?:connect|dial|call|open|us|load|read|fetch|contact)ing\b|\bconnect to\b")


@dataclass
class _Hit:
    """A message that states trouble, with how often similar ones occurred."""

    entry: Entry
    order: int
    position: int
    kind: Kind
    certainty: float
    line: Line
    crash: bool
    count: int
    first: int
    weight: float = 0.0


class _Log:
    """The lines of a log, taken apart."""

    def __init__(self, text: str) -> None:
        pairs = [split_time(line.rstrip("\r")) for line in text.split("\n")]
        self.stamps = [stamp for stamp, _ in pairs]
        self.raws = [last_segment(raw)[:_LONGEST_LINE] for _, raw in pairs]
        self.texts = [plain(raw) for raw in self.raws] if "\x1b" in text else list(self.raws)
        while self.texts and not self.texts[-1].strip():
            self.texts.pop()
        self.entries = list(join(self.texts))

    def line(self, position: int) -> Line:
        """One line, read; a field's error includes the field's name, which is on the line above it."""
        text = self.texts[position]
        if (
            position
            and text.lstrip().startswith("Field required")
            and _FIELD.fullmatch(self.texts[position - 1])
        ):
            text = f"{self.texts[position - 1].strip()}: {text.strip()}"
        return parse(text, self.stamps[position])


def read_log(text: str, *, exited: bool) -> list[LogFinding]:
    """The lines that matter, best first; empty if the log has only routine lines.

    `exited`: the container ended, so the last trouble before its end counts most; otherwise what still recurs
    counts, and what was overcome does not.
    """
    if not text.strip():
        return []
    log = _Log(text)
    hits = _hits(log)
    recoveries = _recoveries(log) if any(hit.kind in _OUTWARD for hit in hits) else []
    for hit in hits:
        hit.weight = _weigh(hit, log, exited, recoveries)
    kept = sorted(
        (hit for hit in hits if hit.weight >= _LEAST_WEIGHT), key=lambda hit: (-hit.weight, -hit.order)
    )
    findings: list[LogFinding] = []
    for hit in kept:
        finding = _with_peer(_finding(hit, log), hit, hits, log)
        if not any(f.kind == finding.kind and f.message == finding.message for f in findings):
            findings.append(finding)
        if len(findings) == MOST_FINDINGS:
            break
    return findings


# -- finding what states trouble -----------------------------------------------------------------------------


def _hits(log: _Log) -> list[_Hit]:
    groups = _groups(log)
    if len(groups) > _MOST_TEMPLATES:  # the newest matter most, then the oldest
        half = _MOST_TEMPLATES // 3
        groups = groups[:half] + groups[-(_MOST_TEMPLATES - half) :]
    return [hit for orders in groups if (hit := _hit(log, orders))]


def _groups(log: _Log) -> list[list[int]]:
    """The entries that may state trouble by template, as lists of their places; by last occurrence."""
    lowered = [text.lower() for text in log.texts]
    whole = "\n".join(lowered)
    hints = [hint for hint in HINTS if hint in whole]
    groups: dict[str, list[int]] = {}
    for order, entry in enumerate(log.entries):
        if any(hint in lowered[p] for p in range(entry.start, entry.end) for hint in hints):
            template = (
                _NUMBER.sub("#", log.texts[entry.start])[:300] if entry.end - entry.start == 1 else f"{order}"
            )
            groups.setdefault(template, []).append(order)
    return sorted(groups.values(), key=lambda orders: orders[-1])


def _hit(log: _Log, orders: Sequence[int]) -> _Hit | None:
    entry = log.entries[orders[-1]]
    head = log.line(entry.start)
    if _in_advice(log.texts, entry.start) or noise.is_never(head.text):
        return None
    best: _Hit | None = None
    for position, line in _candidates(log, entry, head):
        text = noise.without_zero_counts(line.text)
        if noise.gives_orders(text):
            continue
        exception = entry.style != "" or is_exception(line.message) or _thrown(log, entry, text)
        found = classify(text, "" if text != line.text and line.level == "" else line.level, exception)
        if found is None or (found[0] in _GENERIC and _is_beside_the_point(text, line)):
            continue
        if (
            line.level == "info"
            and not exception
            and (found[0] in _GENERIC or found[1] < 0.35)
            and found[0] != "waiting-for"
        ):
            continue
        kind, certainty = found[0], found[1] * (_ELSEWHERE if noise.refers_elsewhere(text) else 1)
        if best is None or certainty > best.certainty:
            crash = entry.style != "" or is_crash(text)
            best = _Hit(entry, orders[-1], position, kind, certainty, line, crash, len(orders), orders[0])
    return _as_a_whole(log, best) if best and best.kind in _GENERIC else best


def _is_beside_the_point(text: str, line: Line) -> bool:
    return noise.is_epilogue(text) or (noise.is_routine(text) and line.level in ("", "warn", "info"))


def _as_a_whole(log: _Log, hit: _Hit) -> _Hit:
    """A report over several lines may state its kind only as a whole, as lists of complaints in JSON do."""
    positions = sorted(telling(log.texts, hit.entry)[:30])
    if len(positions) > 2 and hit.entry.style == "":
        found = classify(" ".join(log.texts[p].strip() for p in positions), hit.line.level, exception=True)
        if found and found[0] not in _GENERIC and found[1] > hit.certainty:
            return replace(hit, kind=found[0], certainty=found[1])
    return hit


def _thrown(log: _Log, entry: Entry, text: str) -> bool:
    """Whether a bare "Error: ..." is an exception: a stack trace follows."""
    return (
        text.startswith(("Error: ", "Error ["))
        and entry.end - entry.start > 1
        and "    at " in log.texts[entry.start + 1]
    )


def _candidates(log: _Log, entry: Entry, head: Line) -> Iterator[tuple[int, Line]]:
    """The lines of an entry that may state its trouble, most telling first, at the level of their head."""
    for position in telling(log.texts, entry)[:30]:
        if position == entry.start:
            yield position, head
            if head.structured and "\n" in head.text:
                for part in _deepest_first(head.text):
                    yield position, replace(head, text=part)
        else:
            line = log.line(position)
            yield position, replace(line, level=line.level or head.level)


def _deepest_first(text: str) -> list[str]:
    lines = [
        line.strip()
        for line in text.split("\n")
        if line.strip() and not line.lstrip().startswith(("at ", "File "))
    ]
    causes = [line for line in lines if line.startswith("Caused by")]
    return (causes[::-1] + [line for line in lines if line not in causes])[:12]


def _in_advice(texts: Sequence[str], position: int) -> bool:
    """Whether a line is under the heading "Action:" of a failure report: advice, not what happened."""
    for above in range(position - 1, max(-1, position - 6), -1):
        if texts[above].strip() == "Action:":
            return True
        if texts[above].strip() in ("Description:", "***************************"):
            return False
    return False


# -- weighing ------------------------------------------------------------------------------------------------


def _recoveries(log: _Log) -> list[int]:
    return [order for order, entry in enumerate(log.entries) if noise.tells_recovery(log.texts[entry.start])]


def _weigh(hit: _Hit, log: _Log, exited: bool, recoveries: Sequence[int]) -> float:
    level = "fatal" if hit.crash and (exited or hit.line.level == "") else hit.line.level
    loudness = _LEVEL[level] if hit.certainty >= OTHER else min(_LEVEL[level], _LEVEL["error"])
    strength = hit.certainty + loudness  # what only wraps another trouble gains nothing by being fatal
    after = len(log.entries) - 1 - hit.order
    if exited and hit.crash and _seconds_before_end(hit, log) <= SAME_MOMENT:
        after = min(after, 2)  # standard output and error come by separate pipes, in no strict order
    nearness = 1 / (1 + after / (10 if exited or hit.count == 1 else 60))
    if exited and _seconds_before_end(hit, log) > 120:
        nearness *= 0.5
    weight = strength * (0.3 + 0.7 * nearness) / 0.7
    if hit.kind in _OUTWARD and any(order > hit.order for order in recoveries):
        weight *= 0.3
    if level == "info":
        weight *= 0.5
    retries = noise.tells_retry(hit.line.text)
    if retries and after > 3:
        weight *= 0.8
    if exited and hit.count >= ROUTINE and not hit.crash and not (retries and after <= 3):
        weight *= 0.6  # it lived with this all the while
    if not exited and hit.kind == "fatal-other":
        weight *= 0.7  # programs live with errors of their own
    if not exited:
        weight *= 0.85 if hit.count > 1 or hit.crash or level in ("error", "fatal") else 0.7
    return round(min(1.0, weight), 3)


def _seconds_before_end(hit: _Hit, log: _Log) -> float:
    at, end = log.line(hit.entry.start).at, _last_time(log)
    return (end - at).total_seconds() if at and end else 0.0


def _last_time(log: _Log) -> datetime | None:
    last = range(len(log.texts) - 1, max(-1, len(log.texts) - 20), -1)
    return next((at for position in last if (at := log.line(position).at)), None)


# -- telling -------------------------------------------------------------------------------------------


def _finding(hit: _Hit, log: _Log) -> LogFinding:
    chain = [p for p in telling(log.texts, hit.entry) if p != hit.position][:8]
    lead = [log.line(p).text for p in range(max(0, hit.entry.start - 2), hit.entry.start) if _leads(log, p)]
    position, line = _most_named(hit, chain, log)
    around = sorted({hit.entry.start, hit.position, *chain} - {position})
    shown = around or range(hit.entry.end, min(len(log.texts), hit.entry.end + 3))
    return LogFinding(
        kind=hit.kind,
        line=_verbatim(log, position),
        message=line.message[:300],
        at=line.at or log.line(hit.entry.start).at,
        index=position,
        weight=hit.weight,
        targets=find_targets([line.text, line.facts, *(log.line(p).text for p in around), *lead]),
        context=tuple(_verbatim(log, p) for p in shown[:8] if log.texts[p].strip()),
    )


def _with_peer(finding: LogFinding, hit: _Hit, hits: Sequence[_Hit], log: _Log) -> LogFinding:
    """A failed call that names no peer: if the complaints just before it name exactly one, it is meant."""
    if hit.kind not in _OUTWARD or finding.targets.hosts:
        return finding
    before = [
        other
        for other in hits
        if other.kind in _OUTWARD and other.entry.start < hit.entry.start <= other.entry.start + _NEAR
    ]
    named = {other.entry.start: _finding(other, log) for other in before}
    peers = {host for found in named.values() for host, _ in found.targets.hosts}
    if len(peers) != 1:
        return finding
    told = next(found for _, found in sorted(named.items(), reverse=True) if found.targets.hosts)
    targets = replace(finding.targets, hosts=told.targets.hosts)
    return replace(finding, targets=targets, context=(*finding.context[:7], told.line))


def _most_named(hit: _Hit, chain: Sequence[int], log: _Log) -> tuple[int, Line]:
    """The line to quote: of several in a chain that state the same kind, one that names its object."""
    if not _names(hit.line.text):
        for position in chain:
            line = log.line(position)
            found = classify(line.text, "error", exception=True)
            if found and found[0] == hit.kind and _names(line.text):
                return position, line
    return hit.position, hit.line


def _names(text: str) -> bool:
    targets = find_targets([text])
    return bool(targets.hosts or targets.urls or targets.paths or targets.variables)


def _leads(log: _Log, position: int) -> bool:
    """Whether a line says what was about to be done when the trouble came: it may name the peer."""
    return bool(_LEADING.search(log.texts[position]))


def _verbatim(log: _Log, position: int) -> str:
    """The line as it is in the log; for a coloured one, the longest stretch of one colour."""
    return max(parts(log.raws[position]), key=len).strip()
