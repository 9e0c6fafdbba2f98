"""Alerts on objects, with the labels that what reported them adds."""

from agent.intake.alert import Alert
from agent.intake.subject import Subject, route
from agent.ref import Ref

BANK = {"namespace": "bank"}

# What a ServiceMonitor adds when kube-state-metrics or the node exporter is scraped.
STATE_EXPORTER = {
    "container": "kube-state-metrics",
    "endpoint": "http",
    "instance": "10.42.1.7:8080",
    "job": "kube-state-metrics",
    "namespace": "monitoring",
    "pod": "kps-kube-state-metrics-7d4f8b6c9d-q2zxw",
    "prometheus": "monitoring/k8s",
    "service": "kps-kube-state-metrics",
}
HOST_EXPORTER = {
    "container": "node-exporter",
    "endpoint": "http-metrics",
    "instance": "10.0.0.5:9100",
    "job": "node-exporter",
    "namespace": "monitoring",
    "pod": "kps-prometheus-node-exporter-x2x4z",
    "service": "kps-prometheus-node-exporter",
}
KUBELET = {
    "endpoint": "https-metrics",
    "instance": "10.0.0.5:10250",
    "job": "kubelet",
    "metrics_path": "/metrics",
    "service": "kube-prometheus-stack-kubelet",
}


def alert(name: str, labels: dict[str, str] | None = None, **annotations: str) -> Alert:
    return Alert(
        name=name,
        status="firing",
        labels={"alertname": name, "severity": "warning"} | (labels or {}),
        annotations=annotations,
        starts_at=None,
        fingerprint="0" * 16,
        title=name,
    )


def routed(name: str, labels: dict[str, str] | None = None, **annotations: str) -> Subject:
    return route(alert(name, labels, **annotations))


def ref(text: str) -> Ref:
    return Ref.parse(text)
