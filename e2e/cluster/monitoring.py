"""What measures the cluster: metrics-server, kube-state-metrics, Prometheus and Alertmanager."""

from pathlib import Path

import yaml

from e2e.cluster import go_programs as go
from e2e.cluster.images import NOBODY, PREFIX, Program, dockerfile_stage, programs_stage
from e2e.cluster.shell import Shell

METRICS_SERVER, STATE_METRICS = "v0.7.2", "v2.15.0"
IMAGES = [
    Program(f"{PREFIX}metrics-server:{METRICS_SERVER}", go.METRICS_SERVER_PROGRAM, "metrics-server",
            "/metrics-server", user=NOBODY),
    Program(f"{PREFIX}kube-state-metrics:{STATE_METRICS}", go.STATE_METRICS_PROGRAM, "kube-state-metrics",
            "/kube-state-metrics", user=NOBODY),
]  # fmt: skip
MONITORING_IMAGES = programs_stage(
    "images-monitoring", "images of metrics-server and kube-state-metrics", 5, IMAGES
)


SERVER_MODULE, STATE_MODULE = "sigs.k8s.io/metrics-server", "k8s.io/kube-state-metrics/v2"


def manifest_folders(shell: Shell) -> tuple[Path, Path]:
    """Where the modules of metrics-server and kube-state-metrics keep what `kubectl kustomize` reads."""
    server = go.module_folder("metrics-server", SERVER_MODULE, shell) / "manifests" / "base"
    state = go.module_folder("kube-state-metrics", STATE_MODULE, shell) / "examples" / "standard"
    return server, state


def for_kind(published: str) -> str:
    """metrics-server's manifest for a kind node, whose kubelet's certificate nobody signed."""
    documents = [document for document in yaml.safe_load_all(published) if document]
    for document in documents:
        if document["kind"] == "Deployment":
            container = document["spec"]["template"]["spec"]["containers"][0]
            container["image"] = f"registry.k8s.io/metrics-server/metrics-server:{METRICS_SERVER}"
            container["args"] = [argument for argument in container["args"] if "resolution" not in argument]
            # A busy kubelet needs more than the default ten seconds, and one lost answer loses two intervals.
            container["args"] += [
                "--kubelet-insecure-tls",
                "--metric-resolution=20s",
                "--kubelet-request-timeout=15s",
            ]
            container["readinessProbe"].update(initialDelaySeconds=0, periodSeconds=2)
    return yaml.safe_dump_all(documents)


PROMETHEUS, ALERTMANAGER = f"{PREFIX}prometheus:2.42.0", f"{PREFIX}alertmanager:0.25.0"
SERVERS_IMAGE = dockerfile_stage("monitoring", "Prometheus and Alertmanager", 20,
                                 {"prometheus": PROMETHEUS, "alertmanager": ALERTMANAGER})  # fmt: skip
