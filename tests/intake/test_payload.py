"""Alerts are read leniently: from webhooks, lists, objects and words, with a note of what was odd."""

import json
from datetime import UTC, datetime

import pytest

from agent.intake.alert import (
    MAX_ALERTS,
    MAX_NOTES,
    parse_alerts,
)
from agent.intake.fields import MAX_VALUE
from tests.intake.payloads import PROBE, only, parse, text_alert, webhook


def test_a_webhook_alert_is_read_with_all_it_says():
    alert = only(webhook(PROBE))
    assert alert.name == "ProbeFailure"
    assert alert.status == "firing"
    assert alert.labels == PROBE["labels"]
    assert alert.annotations == PROBE["annotations"]
    assert alert.starts_at == datetime(2023, 2, 6, 13, 8, 45, 828123, tzinfo=UTC)
    assert alert.fingerprint == "1a30ba71cca2921f"
    assert alert.title == "Probe failure: https://shop.example.org"
    assert alert.severity == "critical"
    assert alert.runbook_url == "https://runbooks.example.org/probe"
    assert alert.text == "ProbeFailure\nProbe failure: https://shop.example.org\nDown for over 5m."


def test_year_1_is_how_go_writes_no_time():
    assert only(PROBE | {"startsAt": "0001-01-01T00:00:00Z"}).starts_at is None


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


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"version": None}, "no version"),
        ({"version": 4}, "version is a number"),
        ({"version": "1", "orgId": 1}, "Grafana"),
        ({"truncatedAlerts": 3}, "left out 3 more alerts"),
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
        ({"labels": {"alertname": "A", "code": 500}}, "alerts[0].labels.code is not text; it is read as 500"),
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
        "alerts[0] is ignored: text is not an alert",
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
