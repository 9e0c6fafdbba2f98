"""Alerts and notifications for tests: each alert is of its own, so that tests do not see each other's runs."""

import secrets
from datetime import UTC, datetime
from typing import Any

from agent.times import format_time

STARTED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def alert(name: str = "KubePodCrashLooping", **more: Any) -> dict[str, Any]:
    """A firing alert about a pod that does not exist; keys given replace or add what it says."""
    fingerprint = secrets.token_hex(8)
    return {
        "status": "firing",
        "labels": {
            "alertname": name,
            "namespace": "nowhere",
            "pod": f"absent-{fingerprint}",
            "severity": "warning",
        },
        "annotations": {"summary": "A pod is crash looping."},
        "startsAt": format_time(STARTED),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
        "fingerprint": fingerprint,
    } | more


def notification(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What Alertmanager posts for one group."""
    firing = any(each.get("status") == "firing" for each in alerts)
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "incident-agent",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "alerts": list(alerts),
    } | more


def run_name(alert: dict[str, Any]) -> str:
    """The PipelineRun that an alert starts."""
    started = int(datetime.fromisoformat(alert["startsAt"]).timestamp())
    return f"incident-{alert['fingerprint']}-{started}"
