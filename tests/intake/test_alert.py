"""An alert has a title, an identity, and perhaps a reason not to be investigated."""

import pytest

from agent.intake.alert import not_actionable
from agent.intake.fields import MAX_LINE
from tests.intake.payloads import PROBE, only, text_alert


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
