"""Folding: long or repetitive logs shrunk to the lines worth reading, every kept line word for word."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

LINE_LIMIT = 2048
_FEW = {True: 4, False: 2}  # examples kept from the start, of error-like templates and of others
_LONG_TRACE, _TRACE_ENDS = 40, 12

_TIME = re.compile(r"\s*\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+\-]\d\d:?\d\d)? ?")
_CONTINUED = re.compile(
    r"[ \t]+\S|at \S|Caused by[: ]|Suppressed: |Traceback |During handling|The above exception|goroutine \d"
    r"|\.\.\. \d+ more|[)}\]]+[,;]?\s*$|\s*$|created by "
)
_ERROR = re.compile(
    r"(?i)error|exception|fatal|panic|fail|critical|emerg|traceback|refused|denied|time[d ]?-?out|unable"
    r"|cannot|can't|could not|not found|no such|missing|invalid|unknown|kill|segmentation|abort|out of memory"
    r"|exhaust|forbidden"
)
_VARIABLE = re.compile(
    r"\"[^\"]*\"|'[^']*'|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b0x[0-9a-fA-F]+|\b(?=[a-f]*\d)[0-9a-f]{6,}\b|\d+"
)


@dataclass
class _Entry:
    """One message with the lines that continue it; `start` and `end` are positions of lines."""

    start: int
    end: int
    template: str
    error: bool


def template(text: str) -> str:
    """What a message has in common with its like: no numbers, ids, or quoted words."""
    return _VARIABLE.sub("#", text)


def last_lines(content: bytes, most: int) -> bytes:
    """The last whole lines within a number of bytes: the end of a line could begin within a secret."""
    if len(content) <= most:
        return content
    return content[-most:].partition(b"\n")[2] or b"(a line of more than %d bytes)" % most


def fold(text: str, keep_head: int = 20, keep_tail: int = 120, limit_lines: int = 400) -> tuple[str, int]:
    """Shrink a log to at most `limit_lines` lines; return it with the number of lines left out.

    The first and the last lines stay whole. Between them each template (a line without its times,
    numbers, ids and quoted strings) keeps its first examples and its last, errors and their stack
    traces before the rest; a marker line stands for what was left out. Lines are cut at 2 KiB.
    """
    lines = [_cut(line) for line in text.split("\n")]
    ends = keep_head + keep_tail
    if len(lines) <= ends:
        return "\n".join(lines), 0
    body = range(keep_head, len(lines) - keep_tail)
    # Each kept entry may need a marker before it, hence half of what is left.
    kept = set(_choose(lines, body, (limit_lines - ends) // 2))
    out = lines[:keep_head]
    dropped = folded = 0
    for position in body:
        if position in kept:
            if dropped:
                out.append(_marker(dropped))
                dropped = 0
            out.append(lines[position])
        else:
            dropped, folded = dropped + 1, folded + 1
    if dropped:
        out.append(_marker(dropped))
    return "\n".join(out + lines[len(lines) - keep_tail :]), folded


def _cut(line: str) -> str:
    return (
        line
        if len(line) <= LINE_LIMIT
        else f"{line[:LINE_LIMIT]} ... {len(line) - LINE_LIMIT} characters cut"
    )


def _marker(dropped: int) -> str:
    return (
        f"... {dropped} similar lines folded: examples are kept around ..."
        if dropped > 1
        else "... 1 line folded ..."
    )


def _choose(lines: list[str], body: range, room: int) -> Iterator[int]:
    """The positions worth keeping, at most `room`: errors before others, the rarer template first."""
    entries = list(_entries(lines, body))
    count = Counter(entry.template for entry in entries)
    last = {entry.template: entry.start for entry in entries}
    seen: Counter[str] = Counter()
    ranked: list[tuple[tuple[int, int, int], _Entry]] = []
    for entry in entries:
        seen[entry.template] += 1
        example = seen[entry.template]
        if example <= _FEW[entry.error] or entry.start == last[entry.template]:
            ranked.append(((0 if entry.error else 1, min(example, 3), count[entry.template]), entry))
    for _, entry in sorted(ranked, key=lambda pair: pair[0]):
        positions = _worth(lines, entry)
        if len(positions) <= room:
            room -= len(positions)
            yield from positions


def _entries(lines: list[str], body: range) -> Iterator[_Entry]:
    start = body.start
    for position in body:
        following = position + 1
        if following == body.stop or not _CONTINUED.match(_text(lines[following])):
            head = _text(lines[start])
            error = bool(_ERROR.search(head)) or following - start > 1
            yield _Entry(start, following, template(head), error)
            start = following


def _worth(lines: list[str], entry: _Entry) -> list[int]:
    """The lines of an entry to keep: all, or of a very long trace its ends and the lines not indented."""
    positions = range(entry.start, entry.end)
    if len(positions) <= _LONG_TRACE:
        return list(positions)
    inner = positions[_TRACE_ENDS:-_TRACE_ENDS]
    named = [p for p in inner if _text(lines[p])[:1].strip()]
    return [*positions[:_TRACE_ENDS], *named[:_TRACE_ENDS], *positions[-_TRACE_ENDS:]]


def _text(line: str) -> str:
    """The line without the time stamp that Kubernetes puts before it."""
    time = _TIME.match(line)
    return line[time.end() :] if time else line
