"""The cluster keeps what the other tests rely on: real pulls, real limits, real volumes, real names."""

import json
import secrets
import subprocess
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from pytest_kind import KindCluster

from e2e.cluster.cluster import Cluster
from e2e.cluster.registry import UNAUTHORISED, UNREACHABLE
from e2e.support.monitoring import Alertmanager, Prometheus
from e2e.support.namespace import Namespace
from e2e.support.ports import forward
from e2e.support.waiting import wait_for


def pod(name: str, image: str, *command: str, **spec: Any) -> str:
    container = {"name": "main", "image": image, **({"command": list(command)} if command else {})}
    container.update(spec.pop("container", {}))
    shape = {"containers": [container], "restartPolicy": "Never", "terminationGracePeriodSeconds": 1, **spec}
    metadata = {"name": name, "labels": {"app": name}}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": shape})


def phase(namespace: Namespace, name: str, wanted: str) -> Callable[[], bool]:
    def reached() -> bool:
        status = namespace.get("pod", name)["status"]
        assert status["phase"] == wanted, f"pod {name} is {status}"
        return True

    return reached


def failed_pull(namespace: Namespace, name: str) -> Callable[[], str]:
    return lambda: next(
        (event for event in namespace.events(name) if event.startswith("Failed: Failed to pull")), ""
    )


def test_the_node_is_ready_and_pytest_kind_reaches_it(kind_cluster: KindCluster) -> None:
    assert " Ready " in kind_cluster.kubectl("get", "nodes")
    assert kind_cluster.api is not None


@pytest.mark.parametrize(
    "image", ["nginx:alpine", "redis:7", "python:3.12-slim", "busybox:latest", "postgres:16"]
)
def test_a_public_image_is_pulled(namespace: Namespace, image: str) -> None:
    namespace.apply(pod("present", image, "sh", "-c", "exit 0", container={"imagePullPolicy": "Always"}))
    wait_for(phase(namespace, "present", "Succeeded"), 90)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("nginx:no-such-tag", "not found"),
        ("no-such-repository:1", "not found"),
        (f"{UNAUTHORISED}/team/app:1", "401 Unauthorized"),
        (f"{UNREACHABLE}/team/app:1", "connection refused"),
        ("absent.registry.test/team/app:1", "no such host"),
    ],
)
def test_an_image_that_cannot_be_pulled_says_why(namespace: Namespace, image: str, reason: str) -> None:
    namespace.apply(pod("absent", image))
    assert reason in wait_for(failed_pull(namespace, "absent"), 60)


def test_a_container_above_its_memory_limit_is_oom_killed(namespace: Namespace) -> None:
    namespace.apply(pod("hungry", "python:3.12-slim", "python3", "-c", "x = [bytes(b'x' * 10**7) for _ in range(100)]",
                        container={"resources": {"limits": {"memory": "64Mi"}}}, restartPolicy="Always"))  # fmt: skip

    def killed() -> bool:
        statuses = namespace.get("pod", "hungry")["status"].get("containerStatuses", [])
        states = [each[state] for each in statuses for state in ("state", "lastState")]
        reasons = [state.get("terminated", {}).get("reason") for state in states]
        assert "OOMKilled" in reasons, f"the container is {states}"
        return True

    # containerd can miss the kernel's word for it; then the reason is Error, and the next start tells.
    wait_for(killed, 120, "the OOM kill")


def test_a_claim_of_the_default_class_is_bound_and_keeps_what_is_written(namespace: Namespace) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
             "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}}}  # fmt: skip
    namespace.apply(json.dumps(claim))
    mounted = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
               "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}}  # fmt: skip
    namespace.apply(pod("writer", "busybox:1.35", "sh", "-c", "echo kept > /data/file", **mounted))
    wait_for(phase(namespace, "writer", "Succeeded"), 90)
    mounted["container"] = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    namespace.apply(pod("reader", "busybox:1.35", "cat", "/data/file", **mounted))
    wait_for(phase(namespace, "reader", "Succeeded"), 60)
    assert namespace.logs("reader") == "kept\n"


def test_a_service_answers_by_its_name_and_through_a_local_port(
    namespace: Namespace, cluster: Cluster
) -> None:
    namespace.apply(pod("web", "nginx:alpine", restartPolicy="Always"))
    namespace.kubectl("expose", "pod", "web", "--port=80")
    namespace.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    ask = ["curl", "-sS", "--retry", "10", "--retry-all-errors", "http://web"]
    namespace.apply(pod("client", "curlimages/curl:latest", *ask))
    wait_for(phase(namespace, "client", "Succeeded"), 60)
    assert "Welcome to nginx" in namespace.logs("client")
    with (
        forward(cluster, namespace.name, "svc/web", 80) as url,
        urllib.request.urlopen(url, timeout=10) as answer,
    ):
        assert b"Welcome to nginx" in answer.read()


def test_what_is_addressed_to_no_service_does_not_leave_the_node(cluster: Cluster) -> None:
    ask = ["docker", "exec", cluster.node, "curl", "-sSk", "--max-time", "20", "https://10.96.255.254"]
    done = subprocess.run(ask, capture_output=True, text=True)
    assert done.returncode == 7, f"curl did not fail to connect: {done.stderr}"


def test_the_usage_of_a_pod_is_measured(namespace: Namespace, metrics: None) -> None:
    namespace.apply(pod("busy", "busybox:1.35", "sh", "-c", "while :; do :; done",
                        container={"resources": {"limits": {"cpu": "200m"}}}))  # fmt: skip
    assert "busy" in wait_for(lambda: namespace.kubectl("top", "pod", "busy"), 240, "kubectl top pod busy")


def test_an_alert_of_prometheus_reaches_alertmanager(
    prometheus: Prometheus, alertmanager: Alertmanager
) -> None:
    name = f"Always{secrets.token_hex(4)}"
    prometheus.set_rules(name, f"groups: [{{name: {name}, rules: [{{alert: {name}, expr: vector(1)}}]}}]\n")

    def received() -> bool:
        known = [alert["labels"]["alertname"] for alert in alertmanager.alerts()]
        assert name in known, f"Alertmanager knows {known}"
        return True

    try:
        wait_for(received, 120, "the alert at Alertmanager")
    finally:
        prometheus.set_rules(name, "")


def test_tekton_runs_a_task_to_its_end(namespace: Namespace, tekton: str) -> None:
    step = {"name": "say", "image": "busybox:1.35", "script": "#!/bin/sh\necho hello\n"}
    run = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "hello"},
           "spec": {"taskSpec": {"steps": [step]}}}  # fmt: skip
    namespace.apply(json.dumps(run))

    def ended() -> bool:
        conditions = namespace.get("taskrun", "hello").get("status", {}).get("conditions", [])
        assert conditions and conditions[0]["status"] != "Unknown", f"the TaskRun is {conditions}"
        return True

    wait_for(ended, 120)
    assert namespace.get("taskrun", "hello")["status"]["conditions"][0]["status"] == "True"
    assert "hello" in namespace.logs("hello-pod", "-c", "step-say")
