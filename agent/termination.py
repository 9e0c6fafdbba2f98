"""Termination: what SIGTERM does, from the first line of the program to its last. Imports next to nothing."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_requested = False
_react: Callable[[], object] | None = None


class Terminated(BaseException):
    """The run is told to end while it waits for something that may never come."""


def listen() -> None:
    """From now on remember the request to end instead of dying of it; SIGINT stays as Python has it."""
    signal.signal(signal.SIGTERM, _remember)


@contextmanager
def listening() -> Iterator[None]:
    """Listen, and leave everything as it was found."""
    global _requested
    before = {number: signal.getsignal(number) for number in SIGNALS}
    if before[signal.SIGTERM] is not _remember:
        listen()
        _requested = False
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def reacting(react: Callable[[], object]) -> Iterator[None]:
    """Within this block a request to end, SIGINT too, calls `react` at once; so does one that came before."""
    global _react
    before, interrupt = _react, signal.getsignal(signal.SIGINT)
    _react = react
    signal.signal(signal.SIGINT, _remember)
    try:
        if _requested:
            react()
        yield
    finally:
        _react = before
        signal.signal(signal.SIGINT, interrupt)


def interruptible() -> AbstractContextManager[None]:
    """Within this block a request to end raises Terminated."""
    return reacting(_raise)


def _raise() -> None:
    raise Terminated


def _remember(*_: object) -> None:
    global _requested
    _requested = True
    if _react:
        _react()
