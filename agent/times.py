"""Times: moments as RFC 3339 writes them, `2026-01-31T12:00:00Z`."""

from datetime import UTC, datetime


def parse_time(text: object) -> datetime | None:
    """Read a time, as UTC where it names no zone; None for what is none, or lies outside the calendar in UTC."""
    try:
        at = datetime.fromisoformat(text)  # type: ignore[arg-type]
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def format_time(at: datetime, precision: str = "seconds") -> str:
    """Write a time in UTC, to the given precision ("seconds", "milliseconds")."""
    return at.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
