"""Alerts are read leniently, refused clearly, and never trusted."""

import json
from datetime import UTC, datetime
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alert import (
    MAX_ALERTS,
    MAX_BYTES,
    MAX_NOTES,
    Alert,
    AlertError,
    Payload,
    decode_base64,
    encode_base64,
    not_actionable,
    parse_alerts,
)
from agent.fields import MAX_LINE, MAX_VALUE

PROBE: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "ProbeFailure", "instance": "https://shop.example.org", "severity": "critical"},
    "annotations": {
        "summary": "Probe failure: https://shop.example.org",
        "description": "Down for over 5m.",
        "runbook_url": "https://runbooks.example.org/probe",
    },
    "startsAt": "2023-02-06T13:08:45.828123456Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example.org:9090/graph?g0.tab=1",
    "fingerprint": "1a30ba71cca2921f",
}


def webhook(*alerts: Any, **changes: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="ProbeFailure"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "incident-agent",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org:9093",
        "alerts": list(alerts),
    } | changes


def parse(document: Any) -> Payload:
    return parse_alerts(json.dumps(document).encode())


def only(document: Any) -> Alert:
    (alert,) = parse(document).alerts
    return alert


def text_alert(text: str) -> Alert:
    (alert,) = parse_alerts(text.encode()).alerts
    return alert


def refusal(data: bytes) -> str:
    with pytest.raises(AlertError) as caught:
        parse_alerts(data)
    message = str(caught.value)
    assert len(message) < 300
    assert is_one_line(message)
    return message


# What is accepted.


def test_a_webhook_alert_is_read_with_all_it_says():
    alert = only(webhook(PROBE))
    assert alert.name == "ProbeFailure"
    assert alert.status == "firing"
    assert alert.labels == PROBE["labels"]
    assert alert.annotations == PROBE["annotations"]
    assert alert.starts_at == datetime(2023, 2, 6, 13, 8, 45, 828123, tzinfo=UTC)
    assert alert.ends_at is None, "year 1 is how Go writes no time"
    assert alert.fingerprint == "1a30ba71cca2921f"
    assert alert.generator_url == PROBE["generatorURL"]
    assert alert.title == "Probe failure: https://shop.example.org"
    assert alert.severity == "critical"
    assert alert.runbook_url == "https://runbooks.example.org/probe"
    assert alert.text == "ProbeFailure\nProbe failure: https://shop.example.org\nDown for over 5m."


@pytest.mark.parametrize("wrap", [webhook, lambda *alerts: list(alerts)], ids=["webhook", "list"])
def test_every_alert_of_a_payload_is_read_in_its_order(wrap):
    resolved = PROBE | {"status": "resolved", "labels": {"alertname": "Other"}}
    payload = parse(wrap(PROBE, resolved))
    assert [(alert.name, alert.status) for alert in payload.alerts] == [
        ("ProbeFailure", "firing"),
        ("Other", "resolved"),
    ]
    assert payload.notes == []


def test_one_alert_object_is_an_alert():
    assert only(PROBE) == only(webhook(PROBE))


def test_fields_of_newer_servers_are_ignored():
    document = webhook(PROBE, notification_reason="first notification", routeLabels={"team": "a"})
    assert parse(document) == parse(webhook(PROBE))


@pytest.mark.parametrize(
    ("state", "suppressed"), [("active", False), ("unprocessed", False), ("suppressed", True)]
)
def test_alerts_of_the_api_and_of_amtool_are_read(state, suppressed):
    status = {"inhibitedBy": [], "silencedBy": ["6b1d"] if suppressed else [], "state": state}
    alert = only(
        [PROBE | {"status": status, "receivers": [{"name": "x"}], "updatedAt": "2023-02-06T13:09:00Z"}]
    )
    assert alert.status == "firing"
    assert alert.suppressed is suppressed


def test_plain_text_is_an_alert():
    alert = text_alert("High CPU alert on payment-service\n")
    assert alert.title == alert.text == "High CPU alert on payment-service"
    assert (alert.name, alert.labels, alert.status, alert.starts_at) == ("", {}, "firing", None)


def test_plain_text_of_several_lines_is_one_alert_titled_by_its_first_line():
    alert = text_alert("\n  High CPU alert on payment-service\r\n\nnamespace: bank\n")
    assert alert.title == "High CPU alert on payment-service"
    assert alert.text == "High CPU alert on payment-service\n\nnamespace: bank"


@pytest.mark.parametrize("text", ["[RESOLVED] checkout is down", "Resolved: checkout is down"])
def test_plain_text_may_say_that_it_is_resolved(text):
    assert text_alert(text).status == "resolved"


@pytest.mark.parametrize(
    "text",
    [
        "[FIRING:1] HighCPU checkout",
        "[critical] checkout is down",
        "[test] checkout",
        '"checkout" is down',
        "12 pods",
    ],
)
def test_text_that_starts_like_json_is_still_text(text):
    assert text_alert(text).title == text


def test_a_json_string_is_plain_text():
    assert (
        text_alert(json.dumps("High CPU alert on payment-service")).title
        == "High CPU alert on payment-service"
    )


def test_json_that_was_quoted_once_too_often_is_read():
    assert only(json.dumps(PROBE)) == only(PROBE)


def test_text_in_quotes_that_is_no_json_is_plain_text():
    assert text_alert('"cart" and "desk"').title == '"cart" and "desk"'


def test_a_byte_order_mark_is_ignored():
    assert only(webhook(PROBE)) == parse_alerts(b"\xef\xbb\xbf" + json.dumps(PROBE).encode()).alerts[0]


def test_the_last_of_duplicate_keys_counts():
    (alert,) = parse_alerts(b'{"labels": {"alertname": "A", "alertname": "B"}}').alerts
    assert alert.name == "B"


# What is accepted with a note.


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"version": None}, "no version"),
        ({"version": 4}, "version is a number"),
        ({"version": "1", "orgId": 1}, "Grafana"),
        ({"truncatedAlerts": 3}, "left 3 more alerts out"),
    ],
)
def test_odd_but_usable_payloads_are_noted(change, note):
    payload = parse(webhook(PROBE, **change))
    assert len(payload.alerts) == 1
    assert [text for text in payload.notes if note in text]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"startsAt": 1700000000}, "alerts[0].startsAt is ignored"),
        ({"startsAt": "yesterday"}, "alerts[0].startsAt is ignored"),
        ({"startsAt": "2023-02-06T13:08:45"}, "no time zone"),
        ({"status": "burning"}, "neither firing nor resolved"),
        ({"status": ["firing"]}, "neither firing nor resolved"),
        ({"annotations": "text"}, "alerts[0].annotations is ignored: text"),
        ({"labels": {"alertname": "A", "pod": ["x"]}}, "alerts[0].labels.pod is ignored: a list"),
        ({"labels": {"alertname": "A", "code": 500}}, "alerts[0].labels.code is no text; it is read as 500"),
        ({"labels": {"severity": "critical"}}, "no label alertname"),
    ],
)
def test_a_wrong_type_of_an_optional_field_costs_only_that_field(change, note):
    payload = parse(webhook(PROBE | change))
    assert len(payload.alerts) == 1
    assert [text for text in payload.notes if note in text]


def test_an_entry_that_is_no_alert_is_left_out_and_noted():
    payload = parse(webhook("text", {}, PROBE))
    assert [alert.name for alert in payload.alerts] == ["ProbeFailure"]
    assert payload.notes == [
        "alerts[0] is ignored: text is no alert",
        "alerts[1] is ignored: it has no labels",
    ]


def test_labels_that_only_the_group_states_count_for_its_alerts():
    alert = only(webhook({"status": "firing"}, commonLabels={"alertname": "A", "namespace": "bank"}))
    assert alert.labels == {"alertname": "A", "namespace": "bank"}


@pytest.mark.parametrize(
    "field", ["fingerprint", "startsAt", "endsAt", "generatorURL", "annotations", "status"]
)
def test_every_optional_field_may_be_missing(field):
    alert = only({key: value for key, value in PROBE.items() if key != field})
    assert alert.name == "ProbeFailure"


def test_long_values_are_cut_with_a_note():
    payload = parse({"labels": {"alertname": "A"}, "annotations": {"description": "x" * (MAX_VALUE + 1)}})
    assert len(payload.alerts[0].annotations["description"]) == MAX_VALUE
    assert "alert[0].annotations.description" in payload.notes[0]


def test_more_alerts_than_the_limit_are_cut_with_a_note():
    payload = parse([{"labels": {"alertname": f"A{number}"}} for number in range(MAX_ALERTS + 5)])
    assert len(payload.alerts) == MAX_ALERTS
    assert payload.notes == [f"{MAX_ALERTS + 5} alerts; only the first {MAX_ALERTS} are read"]


def test_the_notes_of_a_bad_sender_stay_few():
    assert len(parse([1] * 500 + [PROBE]).notes) == MAX_NOTES


# What is refused.


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"???", "no word"),
        (b"null", "no word"),
        (b"12.5", "no word"),
        (b"\x7fELF\x02\0\0", "binary (a NUL byte at offset 5)"),
        ("über".encode("utf-16"), "binary"),
        (b"\x1f\x8b\x08 gzip", "not UTF-8 text (byte 0x8b at offset 1)"),
        (b'{"alerts":\n [{"labels":', "line 2, column 13; is it cut short?"),
        (b'{"alerts": [{"labels": {"a": "b', "line 1, column 30; is it cut short?"),
        (b"[", "is it cut short?"),
        (b'{"labels": {"a": b}}', "not JSON: Expecting value at line 1, column 18"),
        (b'{"labels": {"a": NaN}}', "NaN is no JSON value"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"labels":' * 90_000, "nested too deep"),
        (b"[" + b"1" * 5000 + b"]", "number in the JSON is too long"),
        (b"{}", "it has no labels (found nothing)"),
        (b'{"kind": "Pod", "metadata": {}}', "it has no labels (found kind, metadata)"),
        (b'{"labels": "alertname"}', "it has no labels"),
        (b'{"labels": {}}', "no alert in the input"),
        (b"[]", "no alert in the input"),
        (b"[1, 2]", "a number is no alert"),
        (b'{"version": "4", "alerts": []}', "no alert in the input"),
        (b'{"version": "4", "alerts": {}}', "alerts is an object; expected a list"),
        (b'{"version": "3", "alerts": []}', 'version "3" is not known; expected "version": "4"'),
        (b'{"version": [[]], "alerts": []}', "version a list is not known"),
    ],
)
def test_input_that_is_no_alert_is_refused_with_the_reason(data, said):
    assert said in refusal(data)


def test_ten_megabytes_are_refused_with_the_size_and_the_limit():
    data = json.dumps(webhook(*[PROBE] * 25_000)).encode()
    assert len(data) > 10_000_000
    assert f"{len(data):,} bytes or more; the limit is {MAX_BYTES:,} bytes" in refusal(data)


def test_a_refusal_shows_no_control_characters_of_the_input():
    assert "(found [31mred tape)" in refusal(json.dumps({"\x1b[31mred\ntape": 1}).encode())


# Titles.


def test_without_a_summary_the_title_is_the_name_and_the_subject():
    labels = {"alertname": "KubePodNotReady", "namespace": "bank", "pod": "desk-0"}
    assert only({"labels": labels}).title == "KubePodNotReady on bank/Pod/desk-0"


def test_without_a_summary_and_a_subject_the_title_is_the_name():
    assert only({"labels": {"alertname": "KubeCPUOvercommit"}}).title == "KubeCPUOvercommit"


def test_the_title_is_one_line_without_control_characters():
    alert = only(
        {
            "labels": {"alertname": "A"},
            "annotations": {"summary": "a\n\x1b[2Jb\u202ec\u2028d\te " + "x" * 500},
        }
    )
    assert alert.title.startswith("a [2Jbc d e xxx")
    assert len(alert.title) == MAX_LINE
    assert alert.title.endswith("...")


def test_text_that_utf8_cannot_hold_is_made_harmless():
    alert = only({"labels": {"alertname": "A", "half": "\ud800"}, "annotations": {"summary": "x\udfffy"}})
    assert alert.labels["half"] == "?"
    assert alert.title.encode() == b"x?y"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "runbooks/pod.md", "https://a b", ""])
def test_a_runbook_address_that_is_no_web_address_is_dropped(url):
    assert only({"labels": {"alertname": "A"}, "annotations": {"runbook_url": url}}).runbook_url == ""


# Identity.


@pytest.mark.parametrize("given", [None, "", "1a30", "z" * 16, 12, "../../etc/passwd"])
def test_a_fingerprint_that_is_none_is_computed_from_name_and_labels(given):
    computed = only(PROBE | {"fingerprint": given}).fingerprint
    assert computed == only(PROBE | {"fingerprint": given, "annotations": {}, "startsAt": ""}).fingerprint
    assert (
        computed != only(PROBE | {"fingerprint": given, "labels": {"alertname": "ProbeFailure"}}).fingerprint
    )
    assert len(bytes.fromhex(computed)) == 8


def test_the_order_of_labels_does_not_change_a_computed_fingerprint():
    one, other = {"alertname": "A", "pod": "p"}, {"pod": "p", "alertname": "A"}
    assert only({"labels": one}).fingerprint == only({"labels": other}).fingerprint


def test_different_texts_have_different_fingerprints():
    assert text_alert("cart is down").fingerprint != text_alert("desk is down").fingerprint


# What must not be investigated.


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "resolved"}, "resolved"),
        ({"labels": {"alertname": "Watchdog", "severity": "none"}}, "Watchdog is a meta alert"),
        ({"labels": {"alertname": "InfoInhibitor"}}, "InfoInhibitor is a meta alert"),
        ({"labels": {"alertname": "A", "severity": "None"}}, "severity none"),
        ({"status": {"state": "suppressed"}}, "silenced or inhibited"),
    ],
)
def test_alerts_that_must_not_be_investigated_say_why(change, reason):
    assert reason in not_actionable(only(PROBE | change))


@pytest.mark.parametrize("severity", ["critical", "info", ""])
def test_firing_alerts_of_any_other_severity_are_investigated(severity):
    assert not_actionable(only(PROBE | {"labels": {"alertname": "A", "severity": severity}})) == ""


# Base64.


@given(st.binary(max_size=500))
def test_base64_brings_every_byte_back(data):
    assert decode_base64(encode_base64(data)) == data


def test_base64_takes_both_alphabets_white_space_and_no_padding():
    assert decode_base64("+/+_\n -w") == decode_base64("-_-_+w==") == b"\xfb\xff\xbf\xfb"


@pytest.mark.parametrize("text", ["a", "a$b=", "ab=cd", "grün", "{}"])
def test_text_that_is_no_base64_is_refused(text):
    with pytest.raises(AlertError, match="not base64"):
        decode_base64(text)


def test_base64_beyond_the_limit_is_refused_before_it_is_decoded():
    with pytest.raises(AlertError, match="the limit is"):
        decode_base64("A" * (2 * MAX_BYTES + 1))


# Whatever comes in.

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


def is_one_line(text: str) -> bool:
    return not {"Cc", "Cs", "Zl", "Zp"} & {category(character) for character in text}


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
