"""The manifests of k8s/ as data: as shipped, or moved into a namespace of a test's own."""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import paths
from e2e.cluster.cluster import Cluster

FOLDER = paths.PROJECT / "k8s"
SAMPLES = paths.PROJECT / "agent" / "samples"
IMAGE = "incident-agent:0.1.0"
LABEL = "app=autogen-agent"
Document = dict[str, Any]


def name_as_shipped(cluster: Cluster, image: str) -> None:
    """Give an image that the node has the name that the manifests use."""
    names = [f"docker.io/library/{name}" for name in (image, IMAGE)]
    tag = ["docker", "exec", cluster.node, "ctr", "--namespace", "k8s.io", "images", "tag", "--force", *names]
    subprocess.run(tag, check=True, capture_output=True)


def documents(*names: str) -> list[Document]:
    """The objects of files of k8s/."""
    return [each for name in names for each in yaml.safe_load_all((FOLDER / name).read_text()) if each]


def moved(namespace: str, *names: str, change: Callable[[Document], None] = lambda each: None) -> str:
    """Files of k8s/ as one manifest, in another namespace, each object passed through `change`."""
    items = documents(*names)
    for item in items:
        if "namespace" in item["metadata"]:
            item["metadata"]["namespace"] = namespace
        for subject in item.get("subjects", []):
            subject["namespace"] = namespace
        change(item)
    return as_list(items)


def as_list(items: list[Document]) -> str:
    """Objects as one manifest that kubectl takes."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def container_of(workload: Document) -> Document:
    """The one container of a Deployment or a Job."""
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return container


def live_job(name: str, alert: Document) -> str:
    """The shipped Job, made to work `alert` on the cluster itself and to print its result as JSON."""
    (job,) = documents("job.yaml")
    job["metadata"]["name"] = name
    text = base64.b64encode(json.dumps(alert).encode()).decode()
    container = container_of(job)
    container["command"][-1] = "exec incident-agent investigate 2>&1"
    container["env"] = [
        {"name": "INCIDENT_ALERT_BASE64", "value": text}, {"name": "INCIDENT_FORMAT", "value": "json"},
    ]  # fmt: skip
    del container["volumeMounts"], job["spec"]["template"]["spec"]["volumes"]
    return as_list([job])


def recording_flag(sample: str) -> str:
    """The flag that makes a ConfigMap of a sample's recording."""
    return f"--from-file={SAMPLES / sample / 'recording'}"


def every_file() -> list[Path]:
    """All manifests, the namespaced variant of the rights among them."""
    return sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
