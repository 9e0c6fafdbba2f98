"""Payloads as they come in, and what is read from them."""

import json
from typing import Any
from unicodedata import category

from agent.intake.alert import (
    Alert,
    Payload,
    parse_alerts,
)

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


def is_one_line(text: str) -> bool:
    return not {"Cc", "Cs", "Zl", "Zp"} & {category(character) for character in text}
