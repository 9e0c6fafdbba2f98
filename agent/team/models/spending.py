"""The budget file: US dollars spent on language models per UTC day, shared by all runs that name it."""

import asyncio
import fcntl
import json
import math
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.errors import UserError
from agent.files import OutputError, read_file, write_whole

KEPT_DAYS = 31
LOCK_SECONDS = 5.0
LOCK_PAUSE = 0.02
MOST_BYTES = 64 * 1024
SKEW = timedelta(days=1)  # at midnight the clocks of two machines differ by a day
ROUNDING = 1e-6


class SpendingError(UserError):
    """The budget file cannot be used, or the day's cap is reached; the message is for people."""


@dataclass(frozen=True)
class Held:
    """Dollars that a request was counted with, and the day they stand on."""

    day: str
    usd: float


def _today() -> date:
    return datetime.now(UTC).date()


class Spending:
    """Spending in a JSON object of days and dollars: {"2026-11-22": 0.0421}.

    Written whole, under a lock on the file NAME.lock beside it: the file itself is replaced by each write.
    A day only ever falls by what a request of this run was counted with and did not use. A file that is damaged,
    or has lost what was written, is refused: it cannot tell what is left.
    """

    def __init__(self, path: Path, max_usd: float, today: Callable[[], date] = _today) -> None:
        self._path = Path(os.path.realpath(path))  # one lock for all the names of a file
        self._max_usd = max_usd
        self._today = today
        self._own: dict[str, float] = {}

    async def reserve(self, usd: float) -> Held:
        """Add to the day's spending unless that would pass the cap; raises SpendingError."""
        async with self._locked():
            days = self.read()
            day = self._day(days)
            spent = self._spent(days, day)
            if self._max_usd and spent + usd > self._max_usd:
                raise SpendingError(
                    f"the next request could pass --max-usd-per-day {self._max_usd:g}: ${spent:.4f} are spent today"
                )
            self._write(days, day, spent + usd)
            self._own[day] = self._own.get(day, 0.0) + usd
        return Held(day, usd)

    async def release(self, held: Held, unused: float) -> None:
        """Take off the day what of a reservation was not used; raises SpendingError."""
        unused = min(max(unused, 0.0), held.usd)
        async with self._locked():
            days = self.read()
            self._write(days, held.day, max(0.0, self._spent(days, held.day) - unused))
            self._own[held.day] -= unused

    def read(self) -> dict[str, float]:
        """Dollars per day; raises SpendingError for a file that is something else."""
        try:
            text = read_file(self._path, MOST_BYTES)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SpendingError(
                f"cannot read --budget-file {self._path}: {error.strerror or error}"
            ) from None
        try:
            return _days(text)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise SpendingError(
                f"--budget-file {self._path} is no JSON object of days and dollars; expected like "
                '{"2026-11-22": 0.05}, or no file yet'
            ) from None

    def _day(self, days: dict[str, float]) -> str:
        """Today, or the day after where another run has begun it: days never go back."""
        today = self._today()
        newest = max(days, default=today.isoformat())
        if newest > (today + SKEW).isoformat():
            raise SpendingError(
                f"--budget-file {self._path} knows the day {newest}, and today is {today}; expected no later day: "
                "set the clock right, or take that day out"
            )
        return max(newest, today.isoformat())

    def _spent(self, days: dict[str, float], day: str) -> float:
        """The dollars of a day; raises SpendingError where not even those of this run are among them."""
        spent = days.get(day, 0.0)
        if spent < self._own.get(day, 0.0) - ROUNDING:
            raise SpendingError(
                f"--budget-file {self._path} has lost what this run spent on {day}; expected a day never to fall"
            )
        return spent

    def _write(self, days: dict[str, float], day: str, spent: float) -> None:
        days[day] = round(spent, 9)
        kept = dict(sorted(days.items())[-KEPT_DAYS:])
        try:
            write_whole(self._path, json.dumps(kept, indent=2) + "\n")
        except OutputError as error:
            raise SpendingError(str(error)) from None

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Alone with the file; whoever holds it longer than a few seconds is broken, and that is said."""
        place = self._path.with_name(self._path.name + ".lock")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        except OSError as error:
            raise SpendingError(
                f"cannot lock --budget-file {self._path}: {error.strerror or error}"
            ) from None
        try:
            await _lock(handle, self._path)
            yield
        finally:
            os.close(handle)  # ends the lock, too


def _days(text: bytes) -> dict[str, float]:
    """Days and dollars; raises ValueError and its like for everything else, a day that stands there twice as well."""

    def checked(pairs: list[tuple[str, Any]]) -> dict[str, float]:
        days = {date.fromisoformat(day).isoformat(): usd for day, usd in pairs}
        if len(days) < len(pairs) or not all(type(usd) in (int, float) for usd in days.values()):
            raise ValueError("no days and dollars")
        return {day: float(usd) for day, usd in days.items()}

    days = json.loads(text, object_pairs_hook=checked)
    if not isinstance(days, dict) or not all(math.isfinite(usd) and usd >= 0 for usd in days.values()):
        raise ValueError("no days and dollars")
    return days


async def _lock(handle: int, path: Path) -> None:
    for _ in range(int(LOCK_SECONDS / LOCK_PAUSE)):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(LOCK_PAUSE)
        except OSError as error:
            raise SpendingError(f"cannot lock --budget-file {path}: {error.strerror or error}") from None
        else:
            return
    raise SpendingError(f"cannot lock --budget-file {path}: another run held it for {LOCK_SECONDS:g} s")
