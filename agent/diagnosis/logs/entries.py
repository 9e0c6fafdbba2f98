"""Entries: the lines of one message joined, among them the stack traces of the common languages."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_LONGEST = 600  # lines
_CONTINUED = (
    "at ",
    "Caused by",
    "Suppressed:",
    "... ",
    "goroutine ",
    "created by ",
    "Stack trace:",
    "[SQL:",
    "[parameters:",
    "(Background on",
    "stack backtrace:",
    "note: run with",
    "Require stack:",
    "--- End of",
)
_PYTHON = "Traceback (most recent call last)"
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:: |:?$)")
_STRANGERS = 3  # lines
_CHAINED = ("During handling of", "The above exception was", _PYTHON)
_GO_START = re.compile(r"(?:panic|fatal error|runtime): ")
_GO_REST = re.compile(
    r"\s|$|goroutine \d|\[signal|created by |exit status|panic: |[\w./\-*()\[\]{}%·]+\(.*\)$|r\w\d? "
    r"+0x|\w+ +0x"
)
_FRAME = re.compile(
    r"\s+at |\s*at .+\(.*\)$|\s+File \"|#\d+ |\s+from |\s*\d+: |\t(?!(?:[\w$]+\.)+\w*(?:Error|Exception)\b)"
    r"|\s{2,}\w[\w.]+\(.*\)$|- /"
)
_POINTER = re.compile(r"\s*[\^~]+\s*")
_FIELD = re.compile(r"[\w.\[\]]+$|\s")


@dataclass(frozen=True)
class Entry:
    """One message: `start` to `end` (exclusive) are positions of lines; `style` says who wrote its trace."""

    start: int
    end: int
    style: str = ""


def join(texts: Sequence[str]) -> Iterator[Entry]:
    """Group lines (without time stamps) into entries, in order; blank lines belong to what is before them."""
    position = 0
    while position < len(texts):
        text = texts[position]
        if text.lstrip().startswith(_PYTHON):
            end, style = _python(texts, position), "python"
        elif _GO_START.match(text):
            end, style = _while(texts, position + 1, lambda t: bool(_GO_REST.match(t))), "go"
        elif "panicked at" in text and text.rstrip().endswith(":") and position + 1 < len(texts):
            end, style = _plain(texts, position + 1), "rust"
        else:
            end, style = _plain(texts, position), ""
        yield Entry(position, end, style)
        position = end


def _continues(text: str) -> bool:
    return (
        not text
        or text[0] in " \t})]"
        or text.startswith(_CONTINUED)
        or (text[0] == "#" and text[1:2].isdigit())
    )


def _while(texts: Sequence[str], position: int, accepts: Callable[[str], bool]) -> int:
    stop = min(len(texts), position + _LONGEST)
    while position < stop and accepts(texts[position]):
        position += 1
    return position


def _plain(texts: Sequence[str], position: int) -> int:
    return _while(texts, position + 1, lambda t: _continues(t) and not t.lstrip().startswith(_PYTHON))


def _python(texts: Sequence[str], position: int) -> int:
    """The end of a Python traceback with all that is chained to it."""
    while True:
        position = _end_of_frames(texts, position + 1)
        if position >= len(texts):
            return position
        message = texts[position]
        position = _while(texts, position + 1, lambda t: t[:1] in (" ", "\t") or t.startswith(_CONTINUED))
        if "validation error" in message:
            position = _while(texts, position, lambda t: bool(_FIELD.match(t)))
        following = _while(texts, position, lambda t: not t.strip())
        if following >= len(texts) or not texts[following].lstrip().startswith(_CHAINED):
            return position
        position = _while(texts, following, lambda t: not t.strip() or t.lstrip().startswith(_CHAINED[:2]))
        if position >= len(texts) or not texts[position].startswith(_PYTHON):
            return position


def _end_of_frames(texts: Sequence[str], position: int) -> int:
    """Where a traceback's exception is; lines of the other output stream may be in between."""
    end = beyond = _while(texts, position, _is_indented)
    for _ in range(_STRANGERS):
        if beyond >= len(texts) or _EXCEPTION.match(texts[beyond]):
            break
        beyond = _while(texts, beyond + 1, _is_indented)
    return beyond if beyond < len(texts) and _EXCEPTION.match(texts[beyond]) else end


def _is_indented(text: str) -> bool:
    return text[:1] in (" ", "\t")


def telling(texts: Sequence[str], entry: Entry) -> list[int]:
    """The positions in an entry that may state the trouble, the most telling first.

    Python: the last exception first, back to the root. Java and .NET: the deepest cause first. Else in order.
    """
    if entry.style == "python":
        heads = [p for p in range(entry.start + 1, entry.end) if texts[p][:1] not in ("", " ", "\t")]
        heads = [p for p in heads if not texts[p].startswith(_CHAINED)]
        inner = [
            p for p in range(entry.start + 1, entry.end) if p not in heads and "Field required" in texts[p]
        ]
        return inner + heads[::-1]
    if entry.style == "go":
        return [
            p
            for p in range(entry.start, min(entry.end, entry.start + 3))
            if texts[p].strip() and texts[p][0] != "["
        ]
    if entry.style == "rust":
        return [entry.start + 1, entry.start] if entry.end > entry.start + 1 else [entry.start]
    skipped = {p for p in range(entry.start, entry.end) if _FRAME.match(texts[p]) or not texts[p].strip()}
    skipped |= {
        p for p in range(entry.start, entry.end - 1) if _POINTER.fullmatch(texts[p + 1])
    }  # source code
    positions = [p for p in range(entry.start, entry.end) if p == entry.start or p not in skipped]
    causes = [p for p in range(entry.start, entry.end) if _is_cause(texts[p])]
    return causes[::-1] + [p for p in positions[:25] if p not in causes]


def _is_cause(text: str) -> bool:
    text = text.lstrip()
    return text.startswith(("Caused by: ", "---> ", "[cause]: "))
