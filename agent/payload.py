"""Where an alert comes from: a file, standard input, base64 text, or words on the command line."""

import os
import sys
from pathlib import Path

from agent.alert import MAX_BYTES, AlertError, decode_base64
from agent.settings import Settings

EXPECTED = "expected a file with an alert, - for stdin, or --alert-base64"


def read_alert(source: str, settings: Settings) -> bytes:
    """The bytes of the alert a run is started with; raises AlertError."""
    if settings.alert_base64 and source:
        raise AlertError(f"both {source!r} and --alert-base64 are given; expected one alert")
    if settings.alert_base64:
        return decode_base64(settings.alert_base64)
    if not source:
        raise AlertError(f"no alert is given; {EXPECTED}")
    return _read_stdin() if source == "-" else _read_file(Path(source))


def read_text(source: str) -> bytes:
    """The bytes of a file, of stdin, or, where no such file exists, of the words themselves."""
    if source == "-":
        return _read_stdin()
    is_file = len(source) < 4096 and "\0" not in source and Path(source).is_file()
    return _read_file(Path(source)) if is_file else os.fsencode(source)


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _read_file(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a pipe or a device has no size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AlertError(f"cannot read {path}: {reason}; {EXPECTED}") from None
    if size > MAX_BYTES:
        raise AlertError(f"{path} has {size:,} bytes; the limit is {MAX_BYTES:,} bytes")
    return content
