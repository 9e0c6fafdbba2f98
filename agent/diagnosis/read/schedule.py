"""Schedules: when a cron expression was last due. Five fields, UTC; what it cannot read it does not guess."""

import re
from datetime import UTC, datetime, timedelta

_NAMED = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0"}
_MONTHS = {
    "jan": "1",
    "feb": "2",
    "mar": "3",
    "apr": "4",
    "may": "5",
    "jun": "6",
    "jul": "7",
    "aug": "8",
    "sep": "9",
    "oct": "10",
    "nov": "11",
    "dec": "12",
}
_DAYS = {"sun": "0", "mon": "1", "tue": "2", "wed": "3", "thu": "4", "fri": "5", "sat": "6"}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(?:(\*|\?)|(\d+)(?:-(\d+))?)(?:/(\d+))?")
LOOK_BACK = timedelta(days=8)


def last_due(expression: str, now: datetime) -> datetime | None:
    """The last time a schedule was due, looking back a week; None when it was not, or is not understood."""
    fields = _fields(expression)
    if fields is None:
        return None
    minutes, hours, days, months, weekdays, either = fields
    at = now.astimezone(UTC).replace(second=0, microsecond=0)
    first = at - LOOK_BACK
    while at >= first:
        day, weekday = at.day in days, at.isoweekday() % 7 in weekdays
        if at.month not in months or not ((day or weekday) if either else (day and weekday)):
            at = at.replace(hour=0, minute=0) - timedelta(minutes=1)
        elif at.hour not in hours:
            at = at.replace(minute=0) - timedelta(minutes=1)
        elif at.minute not in minutes:
            at -= timedelta(minutes=1)
        else:
            return at
    return None


def _fields(expression: str) -> tuple[set[int], set[int], set[int], set[int], set[int], bool] | None:
    """The allowed values of each field; `either`: with both day fields restricted, one of them suffices."""
    words = _NAMED.get(expression.strip(), expression).lower().split()
    if len(words) != 5:
        return None
    named = [*words[:3], _numbered(words[3], _MONTHS), _numbered(words[4], _DAYS)]
    sets = [_values(word, low, high) for word, (low, high) in zip(named, _RANGES, strict=True)]
    if any(not values for values in sets):
        return None
    minutes, hours, days, months, weekdays = (values or set() for values in sets)
    either = not words[2].startswith(("*", "?")) and not words[4].startswith(("*", "?"))
    return minutes, hours, days, months, {day % 7 for day in weekdays}, either


def _numbered(word: str, names: dict[str, str]) -> str:
    return re.sub(r"[a-z]+", lambda match: names.get(match[0][:3], match[0]), word)


def _values(word: str, low: int, high: int) -> set[int] | None:
    values: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        every, first, last, step = match.groups()
        start = low if every else int(first)
        stop = high if every or (step and not last) else int(last or first)
        if not low <= start <= stop <= high or step == "0":
            return None
        values.update(range(start, stop + 1, int(step or 1)))
    return values
