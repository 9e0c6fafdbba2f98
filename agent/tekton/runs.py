"""PipelineRuns of this installation, as the API server shows them to a run's own ServiceAccount."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.evidence.kube_api import KubeApi, Refusal

PART_OF = "app.kubernetes.io/part-of=incident-agent"
EPISODES = "incident-agent/episodes"
"""Annotation of a batch: what its alerts would be called as runs of their own, separated by spaces."""
BATCH = "incident-agent/batch"
"""Label of a batch, with the value "true"."""

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_SECONDS = 20.0
_PAGE = 100


class RunsError(ValueError):
    """The PipelineRuns cannot be read; the message is for people."""


class Runs:
    """Reads PipelineRuns of one namespace. Raises RunsError."""

    def __init__(self, api: KubeApi, namespace: str) -> None:
        self._api = api
        self._path = f"/apis/tekton.dev/v1/namespaces/{namespace}/pipelineruns"

    @classmethod
    def here(cls) -> "Runs":
        """In the pod's own namespace; outside of a pod INCIDENT_NAMESPACE of the kubeconfig's cluster."""
        namespace = (
            _NAMESPACE.read_text().strip() if _NAMESPACE.is_file() else os.environ.get("INCIDENT_NAMESPACE")
        )
        return cls(KubeApi.connect(None, None, _SECONDS), namespace or "default")

    def get(self, name: str) -> dict[str, Any]:
        """One PipelineRun."""
        return self._read(f"{self._path}/{name}")

    def all(self) -> Iterator[dict[str, Any]]:
        """Every PipelineRun of this installation, metadata and status alike, page by page."""
        more: dict[str, str | int] = {}
        while True:
            page = self._read(self._path, labelSelector=PART_OF, limit=_PAGE, **more)
            yield from page.get("items") or []
            more = {"continue": token} if (token := page.get("metadata", {}).get("continue")) else {}
            if not more:
                return

    def _read(self, path: str, **parameters: str | int) -> dict[str, Any]:
        try:
            return self._api.get(path, **parameters)
        except Refusal as refusal:
            raise RunsError(f"cannot read the PipelineRuns of this namespace: {refusal.message}") from None


def failed(run: dict[str, Any]) -> bool:
    """Whether the run has ended without success."""
    conditions = run.get("status", {}).get("conditions") or []
    return any(c.get("type") == "Succeeded" and c.get("status") == "False" for c in conditions)
