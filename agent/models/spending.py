"""The budget file: US dollars spent on language models per UTC day, shared by all runs that name it."""

import asyncio
import fcntl
import json
import math
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from agent.files import MAX_SMALL, OutputError, read_file, write_whole

KEPT_DAYS = 31
LOCK_SECONDS = 5.0
LOCK_PAUSE = 0.02


class SpendingError(ValueError):
    """The budget file cannot be used, or the day's cap is reached; the message is for people."""


def _today() -> date:
    return datetime.now(UTC).date()


class Spending:
    """Spending in a JSON object of days and dollars: {"2026-11-22": 0.0421}.

    Written whole, under a lock on the file NAME.lock beside it: the file itself is replaced by each write.
    """

    def __init__(self, path: Path, max_usd: float, today: Callable[[], date] = _today) -> None:
        self._path = path
        self._max_usd = max_usd
        self._today = today

    async def reserve(self, usd: float) -> None:
        """Add to today's spending unless that would pass the cap; raises SpendingError."""
        async with self._locked():
            days = self.read()
            spent = days.get(self._day(), 0.0)
            if self._max_usd and spent + usd > self._max_usd:
                raise SpendingError(
                    f"the next request would pass --max-usd-per-day {self._max_usd:g}: ${spent:.4f} are spent today"
                )
            self._write(days, spent + usd)

    async def add(self, usd: float) -> None:
        """Add to today's spending, also what was used beyond the cap; raises SpendingError."""
        async with self._locked():
            days = self.read()
            self._write(days, max(0.0, days.get(self._day(), 0.0) + usd))

    def read(self) -> dict[str, float]:
        """Dollars per day; raises SpendingError for a file that is something else."""
        try:
            days = json.loads(read_file(self._path, MAX_SMALL))
            read = {date.fromisoformat(day).isoformat(): float(usd) for day, usd in days.items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SpendingError(
                f"cannot read --budget-file {self._path}: {error.strerror or error}"
            ) from None
        except (ValueError, TypeError, AttributeError):
            read = {"": math.nan}
        if not all(math.isfinite(usd) and usd >= 0 for usd in read.values()):
            raise SpendingError(
                f"--budget-file {self._path} is no JSON object of days and dollars; expected like "
                '{"2026-11-22": 0.05}, or no file yet'
            )
        return read

    def _day(self) -> str:
        return self._today().isoformat()

    def _write(self, days: dict[str, float], spent: float) -> None:
        days[self._day()] = round(spent, 9)
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
            handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise SpendingError(
                f"cannot lock --budget-file {self._path}: {error.strerror or error}"
            ) from None
        try:
            await _lock(handle, self._path)
            yield
        finally:
            os.close(handle)  # ends the lock, too


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
