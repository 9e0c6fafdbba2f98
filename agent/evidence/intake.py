"""Intake: bodies from servers that may send anything, read within bounds of time and of memory.

The bounds are those of the process, so every read of every source shares them.
"""

import threading
import time
from collections.abc import Callable, Generator

from agent.evidence.reading import Refusal

SHARE = 256 << 10
"""Bytes that each of the parallel reads may take at any time; one of them at a time may take more."""
MAX_BODY = 64 << 20
_CHUNK = 1 << 16
_more_than_share = threading.Lock()


def chunks(
    read: Callable[[int], bytes], seconds: float, max_bytes: int | None = MAX_BODY
) -> Generator[bytes]:
    """The body that `read(size)` gives piece by piece, unpacked; close it when it is not read to its end.

    Raises TimeoutError for a body that takes longer as a whole, and Refusal for a larger one.
    """
    deadline = time.monotonic() + seconds
    size, is_large = 0, False
    try:
        while chunk := read(_CHUNK):
            size += len(chunk)
            if max_bytes is not None and size > max_bytes:
                raise Refusal("error", f"the answer is larger than {max_bytes >> 20} MiB")
            if size > SHARE and not is_large:
                is_large = _more_than_share.acquire(timeout=max(0.0, deadline - time.monotonic()))
            if time.monotonic() > deadline or (size > SHARE and not is_large):
                raise TimeoutError
            yield chunk
    finally:
        if is_large:
            _more_than_share.release()
