"""A server that answers with more than anybody can hold, and a run of the program that is measured."""

import gzip
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests import loopback
from tests.evidence.fake_api import absent, resource_at

MIB = 1 << 20
Answer = tuple[dict[str, str], Iterable[bytes]]
"""Headers, and the pieces of a body, which may have no end."""


@dataclass
class Measured:
    """How a run ended: `peak` is its largest resident memory in MiB, `seconds` its duration."""

    code: int
    out: str
    err: str
    seconds: float
    peak: float

    @property
    def result(self) -> dict[str, Any]:
        """The result it printed as JSON."""
        return dict(json.loads(self.out))


@contextmanager
def flooding(answer: Callable[[str], Answer | None]) -> Iterator[str]:
    """A server that answers a path as `answer` says, else as an API without objects; its address."""

    class Handler(loopback.Handler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            found = answer(path)
            try:
                self.send_response(200 if found or not absent(path) else 404)
                for name, value in (found[0] if found else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in found[1] if found else [_nothing(path)]:
                    self.wfile.write(piece)
            except OSError:  # the client had heard enough
                pass
            self.close_connection = True

    with loopback.serving(Handler) as url:
        yield url


def _nothing(path: str) -> bytes:
    if missing := absent(path):
        return missing if isinstance(missing, bytes) else json.dumps(missing).encode()
    resource, _ = resource_at(path)
    return json.dumps({"kind": resource.list_kind if resource else "", "metadata": {}, "items": []}).encode()


def endless(beginning: bytes, piece: bytes) -> Iterator[bytes]:
    """A body that goes on for ever."""
    yield beginning
    while True:
        yield piece


def bomb(beginning: bytes, piece: bytes) -> Iterator[bytes]:
    """The same, packed: a member of gzip after the other."""
    yield gzip.compress(beginning)
    packed = gzip.compress(piece * (MIB // len(piece)))
    while True:
        yield packed


def measured(*arguments: str, end_at: threading.Event | None = None) -> Measured:
    """Run `incident-agent investigate` in a process of its own; at an event, which begins the time, tell it to end.

    Between the two stands a small process, since a process inherits the peak of the one that starts it.
    """
    with tempfile.NamedTemporaryFile("r") as peak:
        command = [
            sys.executable,
            "-S",
            "-c",
            _BETWEEN,
            peak.name,
            sys.executable,
            "-m",
            "agent",
            "investigate",
        ]
        begun = time.monotonic()
        process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if end_at:
            assert end_at.wait(60)
            begun = time.monotonic()
            process.terminate()
        out, err = process.communicate(timeout=120)
        seconds = time.monotonic() - begun
        return Measured(process.returncode, out, err, seconds, int(peak.read()) / 1024)


_BETWEEN = """
import os, signal, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss))
os._exit(os.waitstatus_to_exitcode(status) % 256)
"""
