"""What is installed into a cluster on request: Tekton, metrics-server, Prometheus, Alertmanager."""

import json
from pathlib import Path

from e2e.cluster import monitoring, paths, tekton
from e2e.cluster.cluster import Cluster
from e2e.cluster.source import Source
from e2e.support.waiting import wait_for

AVAILABLE_SECONDS = 300
MANIFESTS = paths.HERE / "manifests"
RELEASES = "https://github.com/tektoncd/{project}/releases/download/{version}/{file}"


def apply(cluster: Cluster, manifest: str | Path) -> None:
    """Apply a file or an address on the server's side, so that large definitions need no annotation."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", manifest)


def apply_text(cluster: Cluster, manifest: str) -> None:
    """Apply the text of a manifest on the server's side."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=manifest)


def await_available(cluster: Cluster, namespace: str, *deployments: str) -> None:
    """Wait until the deployments of a namespace (all, if none is named) are Available."""
    chosen = [f"deployment/{name}" for name in deployments] or ["deployment", "--all"]
    cluster.kubectl(
        "wait", "-n", namespace, "--for=condition=Available", *chosen, f"--timeout={AVAILABLE_SECONDS}s"
    )


def await_endpoint(cluster: Cluster, namespace: str, service: str) -> None:
    """Wait until a Service has a ready address: an Available Deployment alone does not answer a webhook yet."""

    def ready() -> bool:
        found = cluster.kubectl("get", "endpointslices", "-n", namespace, "-o", "json",
                                "-l", f"kubernetes.io/service-name={service}")  # fmt: skip
        endpoints = [one for piece in json.loads(found)["items"] for one in piece.get("endpoints") or []]
        return any(one["conditions"].get("ready") for one in endpoints)

    wait_for(ready, AVAILABLE_SECONDS, f"a ready address behind {namespace}/{service}")


def tekton_manifests(source: Source) -> dict[str, str | Path]:
    """Where the manifests of Pipelines, Triggers and its interceptors are: rendered here, or published."""
    if source is Source.PACKAGES:
        return {
            name: tekton.MANIFESTS.output / f"{name}.yaml"
            for name in ("pipelines", "triggers", "interceptors")
        }
    triggers = {"project": "triggers", "version": tekton.TRIGGERS}
    return {
        "pipelines": RELEASES.format(project="pipeline", version=tekton.PIPELINES, file="release.yaml"),
        "triggers": RELEASES.format(**triggers, file="release.yaml"),
        "interceptors": RELEASES.format(**triggers, file="interceptors.yaml"),
    }


def install_tekton(cluster: Cluster, source: Source) -> None:
    """Tekton Pipelines and Triggers, Available, their webhooks answering."""
    manifests = tekton_manifests(source)
    apply(cluster, manifests["pipelines"])
    apply(cluster, manifests["triggers"])
    cluster.kubectl(
        "wait", "--for=condition=Established", "crd/clusterinterceptors.triggers.tekton.dev", "--timeout=60s"
    )
    apply(cluster, manifests["interceptors"])
    await_available(cluster, "tekton-pipelines")
    await_available(cluster, "tekton-pipelines-resolvers")
    for service in (
        "tekton-pipelines-webhook",
        "tekton-triggers-webhook",
        "tekton-triggers-core-interceptors",
    ):
        await_endpoint(cluster, "tekton-pipelines", service)


def install_metrics(cluster: Cluster) -> None:
    """metrics-server, answering `kubectl top`."""
    server, _ = monitoring.manifest_folders(cluster.shell)
    apply_text(cluster, monitoring.for_kind(cluster.kubectl("kustomize", server)))
    await_available(cluster, "kube-system", "metrics-server")
    cluster.kubectl(
        "wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=120s"
    )


def install_prometheus(cluster: Cluster) -> None:
    """Prometheus, with kube-state-metrics to scrape."""
    _, state = monitoring.manifest_folders(cluster.shell)
    apply_text(cluster, cluster.kubectl("kustomize", state))
    apply(cluster, MANIFESTS / "prometheus.yaml")
    await_available(cluster, "kube-system", "kube-state-metrics")
    await_available(cluster, "monitoring", "prometheus")


def install_alertmanager(cluster: Cluster) -> None:
    """Alertmanager, which notifies nobody until it is configured."""
    apply(cluster, MANIFESTS / "alertmanager.yaml")
    await_available(cluster, "monitoring", "alertmanager")
