"""Progress: lines on stderr that a run can do without, so that no state of stderr costs or delays its verdict."""

import select
import sys
from contextlib import suppress

from agent.line import printable

LONGEST = 1000
"""Characters of a line: at most 4 bytes each, together what a pipe that is ready takes without waiting."""


def say(words: str, *, patience: float = 0.0) -> None:
    """Print one line on stderr; it is dropped where stderr is full, closed or not read for `patience` seconds."""
    with suppress(OSError, ValueError):
        if _ready(patience):
            print(printable(words)[:LONGEST], file=sys.stderr, flush=True)


def _ready(patience: float) -> bool:
    """Whether a line can be written without waiting; a stream without a file, as tests have it, always can."""
    try:
        number = sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        return True
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return bool(poll.poll(int(patience * 1000)))
