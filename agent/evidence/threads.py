"""Threads that can be abandoned: a blocking read must not keep a process from ending."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """Run a blocking function in a daemon thread of its own and await what it returns or raises.

    `asyncio.to_thread` would join its threads when the process ends; a thread cancelled here is left
    behind and ends with the process.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from here on a cancelled waiter leaves the thread alone

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as err:  # whatever it is, the awaiting caller handles it
            future.set_exception(err)

    threading.Thread(target=run, daemon=True, name="read").start()
    return await asyncio.wrap_future(future)
