"""Fields: values of untrusted JSON, read leniently, and made harmless for messages, logs and terminals."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from agent.times import parse_time

MAX_VALUE = 64 * 1024  # characters of one text
MAX_LINE = 200  # characters of one line

Note = Callable[[str], None]
"""Takes a remark on what was accepted leniently."""

_NOT_A_CHARACTER = re.compile("[\ud800-\udfff]")  # half of a surrogate pair: JSON can say it, UTF-8 cannot
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def texts(value: Any, where: str, note: Note) -> dict[str, str]:
    """A map of texts from what should be one: numbers and booleans become text, everything else is left out."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        note(f"{where} is ignored: {kind(value)}, expected an object")
        return {}
    read = {}
    for key, content in value.items():
        name = clean(key)[:256]
        if isinstance(content, bool | int | float):
            content = json.dumps(content)
            note(f"{where}.{shown(name)} is not text; it is read as {content[:20]}")
        if isinstance(content, str):
            read[name] = clip(clean(content), f"{where}.{shown(name)}", note)
        elif content is not None:
            note(f"{where}.{shown(name)} is ignored: {kind(content)}, expected text")
    return read


def time(value: Any, where: str, note: Note) -> datetime | None:
    """An RFC 3339 time in UTC; None for Go's zero time (year 1), which means "not known"."""
    if value is None or value == "":
        return None
    moment = parse_time(value)
    if moment is None:
        note(f"{where} is ignored: not an RFC 3339 time such as 2026-01-31T12:00:00Z")
    elif datetime.fromisoformat(value).tzinfo is None:
        note(f"{where} has no time zone; it is read as UTC")
    return moment if moment and moment.year >= 1970 else None


def clean(text: str) -> str:
    """The text without control characters except tabs and line ends; half a surrogate pair becomes a "?"."""
    return _CONTROL.sub("", _NOT_A_CHARACTER.sub("?", _LINE_END.sub("\n", text)))


def clip(text: str, where: str, note: Note) -> str:
    """The text, cut at MAX_VALUE characters."""
    if len(text) <= MAX_VALUE:
        return text
    note(f"{where} has {len(text):,} characters; only the first {MAX_VALUE:,} are kept")
    return text[:MAX_VALUE]


def one_line(text: str) -> str:
    """The text on one line of at most MAX_LINE characters."""
    line = " ".join(text[: 4 * MAX_LINE].split())
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 3].rstrip() + "..."


def shown(text: str) -> str:
    """Foreign text, made safe for a message."""
    return one_line(clean(text[:40]))


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
