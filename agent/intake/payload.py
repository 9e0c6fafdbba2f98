"""Where an alert comes from: a file, standard input, base64 text, or words on the command line."""

import os
import sys
from pathlib import Path

from agent.files import open_regular
from agent.intake.alert import MAX_BYTES, AlertError, decode_base64
from agent.settings import Settings
from agent.termination import interruptible

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
    """The bytes of a file, of stdin, or, if no such file exists, of the words themselves."""
    if source == "-":
        return _read_stdin()
    path = Path(source)
    is_place = len(source) < 4096 and "\0" not in source and path.exists() and not path.is_dir()
    return _read_file(path) if is_place else os.fsencode(source)


def _read_stdin() -> bytes:
    with interruptible():
        return sys.stdin.buffer.read(MAX_BYTES + 1)


def _read_file(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(MAX_BYTES + 1) or b""  # a special file may be longer than its stated size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AlertError(f"cannot read {path}: {reason}; {EXPECTED}") from None
    if size > MAX_BYTES:
        raise AlertError(f"{path} has {size:,} bytes; the limit is {MAX_BYTES:,} bytes")
    return content
