"""Reading: a blocking read that becomes an answer within its time, whatever goes wrong with it."""

import asyncio
from collections.abc import Callable

from agent.evidence.answer import Answer, Status
from agent.evidence.threads import in_daemon_thread


class Refusal(Exception):
    """A read that was not answered; `code` is the HTTP status, 0 if there was none.

    Where the Kubernetes API refused in its own words, `reason` is its word for why, `missing` the resource
    (`pods`) and the name of what it does not have, and `remainder` the token by which an expired list goes on.
    """

    def __init__(
        self,
        status: Status,
        message: str,
        code: int = 0,
        *,
        reason: str = "",
        missing: tuple[str, str] = ("", ""),
        remainder: str = "",
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.reason, self.missing, self.remainder = reason, missing, remainder


async def answered(read: Callable[[], Answer], seconds: float) -> Answer:
    """Run a read in its own thread and return its answer; never raises: the status says what went wrong."""
    try:
        return await asyncio.wait_for(in_daemon_thread(read), seconds)
    except TimeoutError:
        return Answer("timed-out", message=f"no answer within {seconds:g} s")
    except Refusal as refusal:
        return Answer(refusal.status, message=refusal.message)
    except Exception as err:  # a run survives any one read; the answer says which
        return Answer("error", message=f"{type(err).__name__}: {err}")
