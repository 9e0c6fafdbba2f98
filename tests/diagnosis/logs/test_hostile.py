"""Whatever stands in a log, reading it ends, and what is found is in it."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.diagnosis.logs import KINDS, read_log
from tests.diagnosis.logs.spoken import ROUTINE, SPOKEN

PIECES = [line for logs in [*SPOKEN.values(), ROUTINE] for log in logs for line in log.split("\n")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(PIECES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(
    st.sampled_from(
        ["level", "severity", "msg", "message", "error", "err", "stack", "time", "log", "ctx", "s", "attr"]
    ),
    JSON,
    max_size=5,
).map(lambda record: json.dumps(record, default=str))
LINES = st.sampled_from(PIECES) | st.text(max_size=60) | RECORDS
STAMPS = st.sampled_from(["", "2026-11-22T18:00:01.123456789Z ", "2026-13-77T99:00:01Z ", "\x1b[31m", "\t"])


@given(st.lists(st.tuples(STAMPS, LINES), max_size=30), st.booleans())
def test_every_finding_quotes_its_own_line(pieces: list[tuple[str, str]], exited: bool) -> None:
    text = "\n".join(stamp + line for stamp, line in pieces)
    lines = text.split("\n")
    for found in read_log(text, exited=exited):
        assert found.kind in KINDS
        assert 0 < found.weight <= 1
        assert found.line in lines[found.index]
        assert "\n" not in found.line + found.message
        assert all(any(each in line for line in lines) for each in found.context)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read_log(text, exited=True)


@pytest.mark.parametrize(
    "text",
    ["ERROR " + "a" * 2_000_000, "ERROR " + "a_B." * 500_000, "[" * 2_000_000, '{"a":' * 200_000, "A_B " * 500_000,
     "Traceback (most recent call last):\n" * 50_000, "\tat x.y(z)\n" * 150_000, "waiting for " * 160_000,
     "Caused by: x\n" * 100_000, "panic: \n" * 200_000, "error: \x1b[31m" * 150_000, "\r" * 2_000_000],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_two_megabytes_of_hostile_text_cost_little(text: str) -> None:
    start = time.process_time()
    read_log(text, exited=True)
    assert time.process_time() - start < 5
