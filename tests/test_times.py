from datetime import UTC, datetime, timedelta, timezone

import pytest

from agent.times import format_time, parse_time

MOMENT = datetime(2026, 11, 22, 18, 0, 1, 123456, tzinfo=UTC)


@pytest.mark.parametrize("text", [
    "2026-11-22T18:00:01.123456Z", "2026-11-22T18:00:01.123456789Z", "2026-11-22T19:00:01.123456+01:00",
    "2026-11-22T18:00:01.123456",
])  # fmt: skip
def test_a_time_is_read_in_utc_to_the_microsecond(text: str) -> None:
    time = parse_time(text)
    assert time == MOMENT
    assert time and time.tzinfo is UTC


@pytest.mark.parametrize(
    "value", ["", "yesterday", "2026-02-30T12:00:00Z", "9999-12-31T23:59:59-05:00", 7, None]
)
def test_what_is_no_time_in_utc_is_none(value: object) -> None:
    assert parse_time(value) is None


def test_a_time_is_written_in_utc_to_the_precision_asked_for() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=2)))
    assert format_time(elsewhere) == "2026-11-22T18:00:01Z"
    assert format_time(elsewhere, "milliseconds") == "2026-11-22T18:00:01.123Z"
