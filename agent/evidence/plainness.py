"""Plainness: whether the value of an environment variable is plainly harmless to show."""

import re

from agent.evidence.credentials import looks_random
from agent.evidence.mark import MARK

_HOST = r"(?:[A-Za-z0-9](?:[\w\-]{0,62}\.){0,8}[\w\-]{0,62}\.?|\[[0-9a-fA-F:.]+\]|\*)"
_ADDRESS = re.compile(
    rf"{_HOST}(?::\d{{1,5}})?(?:/\d{{1,3}})?|:\d{{1,5}}|[0-9a-fA-F:]{{2,39}}(?:/\d{{1,3}})?"
)
_NUMBER = re.compile(
    r"[-+]?\d+(?:[._]\d+)*(?:e[-+]?\d+)?(?:%|[numµkKMGTPE]?i?[sSbB]?|ms|us|ns|min|h|d|w)?", re.IGNORECASE
)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w))+|P(?:T?\d+[YMWDHS])+", re.IGNORECASE)
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w.@%+:\-/*]*|[A-Za-z]:\\[\w.\\\-]*")
_URL = re.compile(
    r"[A-Za-z][\w+.\-]*://(?:\[redacted\]@)?[\w.\-\[\]:,()*$]*(?:/[\w.@%+:,\-/]*)?(?:\?[\w.\-=&%+:,/\[\]]*)?"
)
_WORD = re.compile(r"[A-Za-z_][\w.\-]{0,47}")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:[-+.](?:\w{1,12}))*")
_REFERENCE = re.compile(
    r"\$\([\w.\-]+\)|\$\{?\w+\}?|sha\d+:[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_IMAGE = re.compile(r"[a-z0-9.\-]+(?::\d+)?(?:/[a-z0-9._\-]+)+(?::[\w.\-]{1,60})?(?:@sha\d+:[0-9a-f]+)?")
_OPTION = re.compile(r"-{0,2}[A-Za-z][\w.\-]{0,60}(?:[=:](?P<value>\S*))?")
_SWITCH = re.compile(r"-[A-Za-z]{1,4}:[+\-]\w{1,60}")  # as for the Java virtual machine: a name, not a value
_SHIFTS = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_KINDS = (_SWITCH, _NUMBER, _DURATION, _PATH, _URL, _REFERENCE, _VERSION, _IMAGE)
_LONGEST = 1000
_MOST_PARTS = 40


def plain(value: str) -> bool:
    """Whether a value is a number, duration, size, host, URL, path, word, option, or a list of such.

    Secrets were taken out before: `[redacted]` counts as harmless. Everything else is not plain.
    """
    parts = re.split(r"[\s,;|]+", value.strip())
    if len(value) > _LONGEST or len(parts) > _MOST_PARTS:
        return False
    return all(_plain_part(part) or _plain_part(part.strip("\"'()[]{}")) for part in parts)


def _plain_part(part: str) -> bool:
    if part in ("", MARK):
        return True
    if looks_random(part):
        return False
    if any(kind.fullmatch(part) for kind in _KINDS) or _plain_word(part):
        return True
    option = _OPTION.fullmatch(part)
    if option is None or option["value"] is None:
        return bool(option) and part.startswith("-") and len(_SHIFTS.findall(part)) <= 2
    return _plain_part(option["value"])


def _plain_word(part: str) -> bool:
    """A word as people write them: digits are at the end of its parts, not mixed into them."""
    if _ADDRESS.fullmatch(part) is None and _WORD.fullmatch(part) is None:
        return False
    return all(len(_SHIFTS.findall(piece)) <= 1 for piece in re.split(r"[._:\-/]", part)) or bool(
        re.fullmatch(r"(?i)(?:utf8mb\d|k8s|i18n|l10n|s3a?|x86_64|amd64|arm64v\d|ec2|h2c?|b3|e2e|w3c)", part)
    )
