"""Whatever comes in, it is alerts that can be written anywhere, or a refusal of one line."""

import json
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from agent.intake.alert import (
    AlertError,
    not_actionable,
    parse_alerts,
)
from agent.intake.fields import MAX_LINE
from tests.intake.payloads import PROBE, is_one_line

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
FIELDS = [*PROBE, "version", "alerts", "truncatedAlerts", "commonLabels", "commonAnnotations", "orgId"]
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)
ALMOST_ALERTS = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.dictionaries(st.text(max_size=8), JSON), max_size=8
)


def check(data: bytes) -> None:
    """Either a refusal of one line, or alerts that can be written anywhere."""
    try:
        payload = parse_alerts(data)
    except AlertError as error:
        assert is_one_line(str(error))
        return
    assert payload.alerts
    assert all(is_one_line(note) for note in payload.notes)
    for alert in payload.alerts:
        assert is_one_line(alert.title)
        assert 0 < len(alert.title) <= MAX_LINE
        assert len(bytes.fromhex(alert.fingerprint)) == 8
        str([alert, payload.notes, not_actionable(alert)]).encode()
        assert alert.starts_at is None or alert.starts_at.tzinfo is UTC


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_alerts_or_refused(data):
    check(data)


@given(st.text(max_size=200))
def test_arbitrary_text_is_an_alert_or_refused(text):
    check(text.encode("utf-8", "surrogatepass"))


@given(JSON)
def test_arbitrary_json_is_alerts_or_refused(document):
    check(json.dumps(document).encode())


@given(ALMOST_ALERTS | st.lists(ALMOST_ALERTS, max_size=2))
def test_almost_alerts_are_alerts_or_refused(document):
    check(json.dumps(document).encode())


@given(st.lists(ALMOST_ALERTS, max_size=2), st.sampled_from(["4", None, 4]))
def test_webhooks_with_anything_in_them_are_alerts_or_refused(alerts, version):
    check(json.dumps({"version": version, "alerts": alerts}).encode())
