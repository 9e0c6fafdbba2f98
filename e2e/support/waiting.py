"""Waiting on a condition, never on the clock."""

import time
from collections.abc import Callable
from typing import TypeVar

from e2e.cluster.errors import ClusterError

T = TypeVar("T")


def wait_for(condition: Callable[[], T], deadline: float = 60, what: str = "", every: float = 0.5) -> T:
    """The first truthy value of `condition`, tried every `every` seconds for at most `deadline` seconds.

    A ClusterError or an AssertionError raised by the condition means "not yet". Raises TimeoutError that says what was
    awaited, and the last state: the condition's last value, or its last error.
    """
    until = time.monotonic() + deadline
    while True:
        try:
            state = condition()
            if state:
                return state
            shown = repr(state)
        except (ClusterError, AssertionError) as error:
            shown = str(error)
        if time.monotonic() > until:
            awaited = what or getattr(condition, "__name__", "the condition")
            raise TimeoutError(f"{awaited}: not within {deadline:g} s; last state: {shown}")
        time.sleep(every)
