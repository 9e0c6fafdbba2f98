"""The CEL of the listeners, evaluated: no alert, however odd, makes it fail, since that costs the notification."""

from datetime import datetime
from functools import cache
from typing import Any

import pytest
from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from tekton.triggers.listener import ALERTNAME, FIRING, IDENTIFIED, STARTED, TRUNCATED

ENV = cel.NewEnv(variables={"a": cel.Type.DYN, "body": cel.Type.DYN})
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
TIMES = st.one_of(
    st.from_regex(r"([0-9]{2}){2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})",
                  fullmatch=True),
    st.builds("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format, st.integers(1968, 3001), st.integers(0, 13),
              st.integers(0, 32), st.integers(0, 24), st.integers(0, 60), st.integers(0, 60)),
)  # fmt: skip
ALERTS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.just("firing") | JSON,
        "labels": st.dictionaries(st.sampled_from(["alertname", "severity"]), JSON) | JSON,
        "startsAt": TIMES | JSON,
        "fingerprint": st.from_regex("[0-9a-f]{16}", fullmatch=True) | JSON,
    },
)


@cache
def compiled(expression: str) -> Any:
    return ENV.compile(expression)


def value(expression: str, **given_: Any) -> Any:
    """What the expression comes to; an error is no boolean, text, number or list."""
    return compiled(expression).eval(data=given_).plain_value()


@pytest.mark.parametrize("text", [
    "2026-01-31T", "2026-02-30T12:00:00Z", "2025-02-29T12:00:00Z", "2026-04-31T12:00:00Z", "2026-13-01T12:00:00Z",
    "2026-01-31T24:00:00Z", "2026-01-31T12:00:60Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00+24:00",
    "2026-01-31t12:00:00z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
    "2026-01-31T12:00:00Z\n", " 2026-01-31T12:00:00Z", "soon", "",
])  # fmt: skip
def test_a_start_that_is_no_time_is_none_and_the_alert_still_has_a_name(text: str) -> None:
    assert value(STARTED, a={"startsAt": text}) == "0"


@pytest.mark.parametrize("text", [
    "2026-01-31T12:00:00Z", "2024-02-29T23:59:59.123456789+14:00", "2000-02-29T00:00:00-00:00",
    "2026-12-31T00:00:00.5Z",
])  # fmt: skip
def test_a_start_that_is_a_time_names_its_second(text: str) -> None:
    whole = text.replace(".123456789", "")
    assert value(STARTED, a={"startsAt": text}) == str(int(datetime.fromisoformat(whole).timestamp()))


@settings(max_examples=200)
@given(TIMES)
def test_every_start_is_a_number_of_seconds(text: str) -> None:
    assert int(value(STARTED, a={"startsAt": text})) > -86_400


@settings(max_examples=100)
@given(st.lists(ALERTS | JSON, max_size=3), JSON)
def test_no_alert_makes_an_expression_fail(alerts: list[Any], truncated: Any) -> None:
    body = {"alerts": alerts, "truncatedAlerts": truncated}
    firing = value(FIRING, body=body)
    assert isinstance(firing, list)
    assert isinstance(value(TRUNCATED, body=body), float)
    for alert in firing:
        assert isinstance(value(STARTED, a=alert), str)
        assert isinstance(value(ALERTNAME, a=alert), str)
        assert isinstance(value(IDENTIFIED, a=alert), bool)
