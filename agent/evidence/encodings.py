"""Encodings: base64 and hexadecimal text that hides a secret only from human readers."""

import base64
import binascii
import contextlib
import re
from collections.abc import Callable

from agent.evidence.mark import MARK

_RUN = re.compile(r"(?<![A-Za-z0-9+/_\-])(?:[A-Za-z0-9+/_\-]{12,}={0,2})")
_HEX = re.compile(r"(?:[0-9a-f]{2}){10,}|(?:[0-9A-F]{2}){10,}")  # apart: digits are in both
_WRAPPED = re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?:[A-Za-z0-9+/]{40,120}\r?\n[ \t]*){1,200}[A-Za-z0-9+/]{1,120}={0,2}[ \t]*$"
)
_ACCOUNT = re.compile(r"[\w.@\-]{1,64}:[\x21-\x7e]{4,200}")
_MOST_ACCOUNT = 280


def drop_encoded(text: str, holds_secret: Callable[[str], bool]) -> str:
    """The text without the runs that decode to a text of which `holds_secret` is true."""
    if "\n" in text:
        text = _WRAPPED.sub(lambda match: _wrapped(match, holds_secret), text)
    return _RUN.sub(lambda run: MARK if _hides(run[0], holds_secret) else run[0], text)


def _wrapped(match: re.Match[str], holds_secret: Callable[[str], bool]) -> str:
    return match["indent"] + MARK if _hides("".join(match[0].split()), holds_secret) else match[0]


def _hides(run: str, holds_secret: Callable[[str], bool]) -> bool:
    return any(holds_secret(decoded) for decoded in decodings(run))


def decodings(run: str) -> list[str]:
    """The texts that a run of base64 or hexadecimal digits encodes; none if it encodes no text."""
    found = []
    if _HEX.fullmatch(run):
        found.append(_printable(bytes.fromhex(run)))
    plain = run.rstrip("=").translate(_STANDARD)
    with contextlib.suppress(binascii.Error, ValueError):
        found.append(_printable(base64.b64decode(plain[: len(plain) // 4 * 4] + _padded(plain))))
    return [text for text in found if text]


_STANDARD = str.maketrans("-_", "+/")
_BREAKS = str.maketrans("", "", "\r\n\t")


def _padded(plain: str) -> str:
    """The last letters of a run, which fill no group of four, as such a group."""
    rest = plain[len(plain) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def _printable(data: bytes) -> str:
    """The data as text; empty if it is not text. Its last letter may be cut."""
    text = data.decode("utf-8", "replace").rstrip("\ufffd")
    if "\ufffd" in text:  # most bytes end here, and looking for one character is quickest
        return ""
    return text if text.translate(_BREAKS).isprintable() else ""


def is_account(run: str) -> bool:
    """Whether the run is base64 of `user:password`, as in Authorization headers and Docker's configuration."""
    return len(run) <= _MOST_ACCOUNT and any(_ACCOUNT.fullmatch(text) for text in decodings(run))
