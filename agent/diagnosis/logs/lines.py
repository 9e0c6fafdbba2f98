"""Lines: one line of a log, whatever wrote it, as time, level and message."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from agent.times import parse_time

Level = Literal["fatal", "error", "warn", "info", ""]

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STREAM = re.compile(r"(?:stdout|stderr) [FP] ")
_NAMES: dict[Level, str] = {
    "fatal": "fatal panic emerg emergency crit critical severe dpanic fata pani",
    "error": "error err erro alert fail eror",
    "warn": "warn warning",
    "info": "info information notice debug trace verbose log fine finer config hint detail statement dbg inf debu trac",
}
_LEVELS: dict[str, Level] = {name: level for level, names in _NAMES.items() for name in names.split()}
_SHORT: dict[str, Level] = {"F": "fatal", "C": "fatal", "E": "error", "W": "warn", "I": "info", "D": "info"}
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d")
_LOGFMT = re.compile(r"\b(?:level|lvl|severity|loglevel)[=:]\"?(\w+)")
_JSON_LEVEL = re.compile(r"\"(?:level|severity|lvl|levelname|log\.level|@l)\"\s?:\s?\"?(\w+)")
_WORD = "|".join(sorted(_LEVELS, key=len, reverse=True))
# In brackets or before a colon in any case; bare only in capitals, as "error" is also a word.
_BRACKETED = re.compile(
    rf"(?i)[\[<(|](?:\w+:)?\s?({_WORD})\s{{0,4}}[\]>)|:]|^({_WORD}):|(?<=\s)({_WORD}):(?=\s)|\w\.({_WORD}):(?=\s)"
)
_BARE = re.compile(
    rf"(?<![\w/.\-=\"'])({_WORD.upper()})(?![\w/.\-='])|(?<=: )({_WORD.upper()})(?=/\w+\])"  # the latter: Celery
)
_REDIS = re.compile(r"\d+:[A-Z] \d\d? \w{3} \d{4} [\d:.]+ ([#*.\-]) ")
_LETTER = re.compile(r"^\[?([FCEWID])[\]/ ,|]|[|\]]\s?([FCEWID])\s?[|\[]|\b([EWID])! ")
_HEAD = 160

_LEVEL_KEYS = ("level", "severity", "lvl", "levelname", "log.level", "log_level", "Level", "@level", "@l")
_TIME_KEYS = ("time", "ts", "timestamp", "@timestamp", "@t")
_MESSAGE_KEYS = (
    "message",
    "msg",
    "event",
    "log",
    "text",
    "@m",
    "@mt",
    "Message",
    "short_message",
    "body",
    "textPayload",
)
_DETAIL_KEYS = (
    "error",
    "err",
    "exception",
    "exc_info",
    "cause",
    "reason",
    "stack",
    "stack_trace",
    "stacktrace",
    "code",
    "detail",
    "details",
    "error.message",
    "error.stack_trace",
    "errorVerbose",
    "exception.message",
    "errors",
    "@x",
    "Exception",
    "thrown",
    "panic",
    "attr",
    "body",
    "response",
    "responseBody",
    "response_body",
    "description",
    "error_description",
    "stderr",
    "output",
)
_TIMES = (
    r"\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d:\d\d[\d.,]*(?:Z|\s?[+\-]\d\d:?\d\d|\s?[A-Z]{3,4}(?= ))?"
    r"|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|\d{1,2}:\d\d(?::\d\d[\d.,]*)?(?:[AP]M\b)?"
    r"|\d{1,2}-\w{3}-\d{4} \d\d:\d\d:\d\d[\d.,]*"
)
_PREFIX = re.compile(
    rf"^(?:\s*(?:{_TIMES}|[FEWIDA], (?=\[)|\[[^\]]{{0,60}}\]|\{{\w+\.py:\d+\}}|\((?:\d+|main)\)"
    rf"|(?:{_WORD.upper()})(?=[\s:\]\[])[\s:]?|(?:{_WORD}):|[IWEF]\d{{4}} [\d:.]+ +\d+ [\w.\-]+:\d+\]"
    r"|-{1,3}(?= )|[|:](?= )|\d{1,7}(?:#\d+)?(?= |:):?|\*\d+(?= )|<\d+>"
    r"))+\s*[-:|]?\s*"
)


@dataclass(frozen=True)
class Line:
    """A line: `text` is what to match patterns against, `message` the part a person would repeat.

    `facts` are the other fields of a structured line, as `key=value`: they may name what the message does not.
    """

    level: Level
    text: str
    message: str
    at: datetime | None = None
    structured: bool = False
    facts: str = ""


def split_time(line: str) -> tuple[str, str]:
    """(time stamp, rest) of a line as Kubernetes gives it; the time stamp is empty when there is none."""
    if line[4:5] == "-" and line[10:11] == "T" and line[:4].isdigit():
        stamp, space, rest = line.partition(" ")
        if space and stamp[-1:].isalnum() and ":" in stamp:
            stream = _STREAM.match(rest)
            return stamp, rest[stream.end() :] if stream else rest
    return "", line


def last_segment(line: str) -> str:
    """What a terminal would still show of a line with carriage returns."""
    return next((part for part in reversed(line.split("\r")) if part.strip()), "") if "\r" in line else line


def plain(line: str) -> str:
    """The line without colours."""
    return _ANSI.sub("", line) if "\x1b" in line else line


def parts(line: str) -> list[str]:
    """The stretches of a line between colours: each is a verbatim part of the log."""
    return _ANSI.split(line) if "\x1b" in line else [line]


def parse(raw: str, stamp: str = "") -> Line:
    """Read one line (without Kubernetes' time stamp): JSON, logfmt, klog or any of the usual plain forms."""
    text = plain(raw).strip()
    at = parse_time(stamp)
    if text.startswith("{") and text.endswith("}"):
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        if isinstance(fields, dict):
            return _from_fields(fields, at)
    unescaped = text.replace('\\"', '"').replace("\\n", " ") if "\\" in text else text
    message = _PREFIX.sub("", unescaped, count=1) or unescaped
    if (said := re.search(r"\bmsg=(?:\"([^\"]*)\"|(\S+))", unescaped)) and "=" in unescaped[
        : said.start() + 4
    ]:
        failure = re.search(r"\b(?:err|error|cause|reason)=(?:\"(.*?)\"(?=\s|$)|(\S+))", unescaped)
        message = (said[1] or said[2] or "") + (f": {failure[1] or failure[2]}" if failure else "")
    return Line(_level(text), unescaped, message.strip(), at)


def _from_fields(fields: dict[str, Any], at: datetime | None) -> Line:
    message = next((str(fields[key]) for key in _MESSAGE_KEYS if isinstance(fields.get(key), str)), "")
    details = [text for key in _DETAIL_KEYS if key in fields and (text := _flat(fields[key]))]
    nested = fields["log"].get("level", "") if isinstance(fields.get("log"), dict) else ""
    level = _level_of(next((fields[key] for key in _LEVEL_KEYS if key in fields), nested))
    if not level and "ctx" in fields:  # MongoDB
        level = _SHORT.get(str(fields.get("s"))[:1], "")
    stamp = next((fields[key] for key in _TIME_KEYS if isinstance(fields.get(key), str)), "")
    shown = [_first(message), *(_first(detail) for detail in details[:1] if detail not in message)]
    everything = "\n".join([message, *details])
    told = {*_MESSAGE_KEYS, *_DETAIL_KEYS, *_LEVEL_KEYS, *_TIME_KEYS}
    facts = " ".join(
        f"{key}={value}" for key, value in fields.items() if key not in told and _plain_scalar(value)
    )
    return Line(
        level,
        everything,
        ": ".join(filter(None, shown)),
        at or parse_time(stamp),
        structured=True,
        facts=facts,
    )


def _plain_scalar(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and len(str(value)) <= 300


def _first(text: str) -> str:
    """The first line that is not empty."""
    return next(iter(text.strip().splitlines()), "")


def _flat(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and depth < 3:
        keys = [
            k
            for k in ("type", "name", "class", "message", "msg", "code", "cause", "stack", "stacktrace")
            if k in value
        ]
        return "\n".join(filter(None, (_flat(value[key], depth + 1) for key in keys or list(value)[:8])))
    if isinstance(value, list) and depth < 3:
        return "\n".join(filter(None, (_flat(item, depth + 1) for item in value[:8])))
    return ""


def _level_of(value: Any) -> Level:
    """A level by name, or by number: of pino and bunyan (30 info ... 60 fatal) or of syslog (0 ... 7)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    if isinstance(value, str) and not value.isdecimal():
        return _LEVELS.get(value.lower(), "")
    number = float(value)
    if number <= 7:
        return "fatal" if number <= 2 else "error" if number == 3 else "warn" if number == 4 else "info"
    return "fatal" if number >= 60 else "error" if number >= 50 else "warn" if number >= 40 else "info"


def _level(text: str) -> Level:
    head = text[:_HEAD]
    if klog := _KLOG.match(head):
        return _SHORT[klog[1]]
    if redis := _REDIS.match(head):
        return "warn" if redis[1] == "#" else "info"
    if head.startswith("{") and (named := _JSON_LEVEL.search(text)):
        return _level_of(named[1])
    if named := _LOGFMT.search(head):
        return _level_of(named[1])
    bracketed, bare = _BRACKETED.search(head), _BARE.search(head)
    first = min((m for m in (bracketed, bare) if m), key=lambda m: m.start(), default=None)
    if first:
        return _LEVELS[next(group for group in first.groups() if group).lower()]
    letter = _LETTER.search(head[:60])
    return _SHORT[letter[1] or letter[2] or letter[3]] if letter else ""
