"""What a failed test leaves to read: events, objects and logs of its namespace."""

import shutil
from pathlib import Path

from e2e.cluster.errors import ClusterError
from e2e.support.namespace import Namespace


def export(namespace: Namespace, folder: Path) -> None:
    """Write everything a person would ask for into `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _write(folder / "events.txt", namespace, "get", "events", "--sort-by=.lastTimestamp")
    _write(folder / "objects.txt", namespace, "get", "all,pvc,configmaps", "-o", "wide")
    _write(folder / "pods.yaml", namespace, "get", "pods", "-o", "yaml")
    _write(folder / "pods.txt", namespace, "describe", "pods")
    for pod in namespace.objects("pods"):
        name = pod["metadata"]["name"]
        for previous in (False, True):
            flags = ["--all-containers", "--prefix", "--tail=2000", *(["--previous"] if previous else [])]
            _write(folder / f"{name}{'.previous' if previous else ''}.log", namespace, "logs", name, *flags)


def _write(file: Path, namespace: Namespace, *arguments: str) -> None:
    try:
        text = namespace.kubectl(*arguments)
    except ClusterError as error:
        text = f"{error}\n"
    file.write_text(text)
