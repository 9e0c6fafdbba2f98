"""The heap: how the process holds memory, so that what was read and let go is not kept for the next thread."""

import ctypes
import gc
from contextlib import suppress

GARBAGE = 50_000  # objects; plain JSON has no cycles, and to look for them costs more than to parse it
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def keep_small() -> None:
    """Let all threads share one arena, where the C library has several: each keeps what was freed in it.

    Reads have a thread each, and one interpreter lock: they would not allocate at the same time anyway.
    """
    gc.set_threshold(GARBAGE)
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
