"""Alerts about one owner are one incident; alerts that must not be worked stand alone."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from agent.intake.alert import Alert, parse_alerts
from agent.intake.incident import Incident, incidents
from agent.intake.subject import route

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HASH = "7d4f8b6c9d"


def alert(name: str, *, minute: int | None = 0, status: str = "firing", **labels: str) -> Alert:
    return Alert(
        name=name,
        status="resolved" if status == "resolved" else "firing",
        labels={"alertname": name} | labels,
        annotations={},
        starts_at=None if minute is None else NOON + timedelta(minutes=minute),
        fingerprint=sha256(repr((name, labels)).encode()).hexdigest()[:16],
        title=name,
    )


def pod(name: str, namespace: str = "bank", **more: str) -> Alert:
    return alert("KubePodNotReady", minute=0, namespace=namespace, pod=name, **more)


def names(found: list[Incident]) -> list[list[str]]:
    """Per incident, what its alerts are about."""
    labels = ("pod", "deployment", "statefulset", "job_name", "node", "service", "horizontalpodautoscaler")
    return [
        [next(item.labels[label] for label in labels if label in item.labels) for item in incident.alerts]
        for incident in found
    ]


def test_pods_of_one_deployment_are_one_incident():
    pods = [pod(f"desk-{HASH}-q2zxw"), pod(f"desk-{HASH}-x2x4z"), pod("desk-5f7d8c9b6d-bbbbb")]
    assert len(incidents(pods)) == 1


def test_pods_of_one_stateful_set_are_one_incident():
    assert len(incidents([pod("db-0"), pod("db-1"), pod("db-10")])) == 1


def test_pods_of_one_daemon_set_or_job_are_one_incident():
    assert len(incidents([pod("log-q2zxw"), pod("log-x2x4z")])) == 1


def test_runs_of_one_cron_job_are_one_incident():
    failed = [
        alert("KubeJobFailed", namespace="bank", job_name="nightly-29000000"),
        alert("KubeJobFailed", namespace="bank", job_name="nightly-29001440"),
        pod("nightly-29001440-q2zxw"),
    ]
    assert len(incidents(failed)) == 1


def test_a_workload_and_its_pods_are_one_incident():
    about_desk = [
        alert("KubeDeploymentReplicasMismatch", namespace="bank", deployment="desk"),
        pod(f"desk-{HASH}-q2zxw"),
        alert("KubeHpaMaxedOut", namespace="bank", horizontalpodautoscaler="desk"),
        alert("ErrorRateHigh", namespace="bank", service="desk"),
    ]
    assert names(incidents(about_desk)) == [["desk", f"desk-{HASH}-q2zxw", "desk", "desk"]]


def test_workloads_with_similar_names_are_incidents_of_their_own():
    similar = [pod(f"desk-{HASH}-q2zxw"), pod(f"desk-api-{HASH}-q2zxw"), pod("desk2-0"), pod("desk-cache")]
    assert len(incidents(similar)) == 4


def test_namespaces_never_merge():
    assert len(incidents([pod("db-0", "bank"), pod("db-0", "shop"), alert("Custom", service="db")])) == 3


def test_alerts_about_one_node_are_one_incident():
    about_nodes = [
        alert("KubeNodeNotReady", node="worker-1"),
        alert("NodeFilesystemAlmostOutOfSpace", instance="worker-1:9100", node=""),
        alert("KubeNodeNotReady", node="worker-2"),
    ]
    assert [len(incident.alerts) for incident in incidents(about_nodes)] == [2, 1]


def test_a_namespace_named_like_a_node_is_not_that_node():
    found = incidents([alert("KubeNodeNotReady", node="worker-1"), pod("node", namespace="worker-1")])
    assert len(found) == 2


def test_alerts_without_a_subject_stay_apart():
    assert len(incidents([alert("KubeCPUOvercommit"), alert("KubeMemoryOvercommit")])) == 2


def test_plain_texts_about_one_service_are_one_incident():
    texts = [b"High CPU alert on payment-service", b"payment-service is down", b"cart is down"]
    alerts = [parse_alerts(text).alerts[0] for text in texts]
    assert [incident.subject.service for incident in incidents(alerts)] == ["payment-service", "cart"]


def test_the_same_alert_twice_counts_once():
    (incident,) = incidents([pod("db-0"), pod("db-0")])
    assert len(incident.alerts) == 1


def test_alerts_stand_in_order_of_their_age():
    older = alert("A", minute=-9, namespace="bank", pod="db-1")
    ageless = alert("B", minute=None, namespace="bank", pod="db-2")
    (incident,) = incidents([ageless, pod("db-0"), older])
    assert names([incident]) == [["db-1", "db-0", "db-2"]]


def test_incidents_stand_in_the_order_of_the_input():
    found = incidents([pod("b-0"), pod("a-0"), alert("Watchdog"), pod("b-1"), pod("c-0")])
    assert [incident.subject.ref and incident.subject.ref.name for incident in found] == [
        "b-0",
        "a-0",
        None,
        "c-0",
    ]


# Which alert leads.


def test_the_most_severe_alert_leads():
    labels = {"namespace": "bank", "deployment": "desk", "severity": "critical"}
    mismatch = alert("KubeDeploymentReplicasMismatch", minute=9, status="firing", **labels)
    (incident,) = incidents([pod(f"desk-{HASH}-q2zxw", severity="warning"), mismatch])
    assert incident.alert is mismatch
    assert str(incident.subject.ref) == "bank/Deployment/desk"


def test_among_equals_the_most_specific_subject_leads():
    mismatch = alert("KubeDeploymentReplicasMismatch", minute=-9, namespace="bank", deployment="desk")
    crash = pod(f"desk-{HASH}-q2zxw")
    container = pod(f"desk-{HASH}-x2x4z", container="main")
    (incident,) = incidents([mismatch, crash, container])
    assert incident.alert is container
    assert incident.subject.container == "main"


def test_among_equals_the_oldest_leads():
    (incident,) = incidents([pod("db-0"), alert("KubePodNotReady", minute=-1, namespace="bank", pod="db-1")])
    assert incident.alert.labels["pod"] == "db-1"


# What is skipped.


def test_alerts_not_to_be_worked_stand_alone_with_the_reason():
    resolved = alert("KubePodNotReady", status="resolved", namespace="bank", pod="db-0")
    found = incidents([pod("db-0"), pod("db-1", severity="none"), alert("Watchdog"), resolved])
    assert [len(incident.alerts) for incident in found] == [1, 1, 1, 1]
    assert found[0].skipped == ""
    assert "severity none" in found[1].skipped
    assert "Watchdog" in found[2].skipped
    assert "resolved" in found[3].skipped


def test_of_a_mixed_payload_only_the_firing_alerts_are_worked():
    resolved = alert("KubePodNotReady", status="resolved", namespace="bank", pod="db-1")
    found = incidents([pod("db-0"), resolved, pod("db-2")])
    assert names([incident for incident in found if not incident.skipped]) == [["db-0", "db-2"]]


def test_no_alerts_are_no_incidents():
    assert incidents([]) == []


# Identity.


def test_the_id_is_the_fingerprint_and_the_start_of_the_oldest_alert():
    young = alert("A", minute=5, namespace="bank", pod="db-0")
    old = alert("B", namespace="bank", pod="db-1")
    (incident,) = incidents([young, old])
    assert incident.id == f"{old.fingerprint}-1769860800"


def test_without_a_start_the_id_is_the_fingerprint():
    (incident,) = incidents([alert("A", minute=None)])
    assert incident.id == incident.alert.fingerprint


def test_a_repeat_of_an_alert_is_the_same_incident():
    first, repeat = pod("db-0"), replace(pod("db-0"), annotations={"value": "7"})
    assert incidents([first])[0].id == incidents([repeat])[0].id


def test_a_fingerprint_given_to_two_alerts_does_not_merge_their_results():
    found = incidents([replace(pod(name), fingerprint="a" * 16) for name in ("a-0", "b-0")])
    assert [incident.id for incident in found] == [f"{'a' * 16}-1769860800", f"{'a' * 16}-1769860800-2"]


LABELS = st.dictionaries(
    st.sampled_from(["namespace", "pod", "deployment", "node", "service", "severity", "instance"]),
    st.sampled_from(["a", "a-0", "a-1", f"a-{HASH}-q2zxw", "B!", "none", "critical", ""]),
)
ALERTS = st.builds(
    lambda name, minute, status, labels: alert(name, minute=minute, status=status, **labels),
    st.sampled_from(["A", "KubeNodeNotReady", "Watchdog"]),
    st.none() | st.integers(-5, 5),
    st.sampled_from(["firing", "resolved"]),
    LABELS,
)


@given(st.lists(ALERTS, max_size=8))
def test_every_alert_is_in_one_incident_and_every_id_is_unique(alerts):
    found = incidents(alerts)
    assert len({incident.id for incident in found}) == len(found)
    assert all(re.fullmatch(r"[0-9a-f]{16}(-\d+)*", incident.id) for incident in found)
    for item in alerts:
        assert any(item in incident.alerts for incident in found)
    for incident in found:
        assert len({route(item).namespace for item in incident.alerts}) == 1
