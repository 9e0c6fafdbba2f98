"""PipelineRuns of this installation, as the API server shows them to a run's own ServiceAccount."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.errors import UserError
from agent.evidence.kube_api import KubeApi
from agent.evidence.reading import Refusal
from agent.files import MAX_SMALL, read_file

PART_OF = "app.kubernetes.io/part-of=incident-agent"
EPISODES = "incident-agent/episodes"
"""Annotation of a batch: what its alerts would be called as runs of their own, separated by spaces."""
BATCH = "incident-agent/batch"
"""Label of a batch, with the value "true"."""

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_SECONDS = 20.0
_PAGE = 100


class RunsError(UserError):
    """The PipelineRuns cannot be read; the message is for people."""


class _Api(KubeApi):
    """The API with the one verb that changes anything; only the pruner's account may use it."""

    def delete(self, path: str) -> int:
        """Delete the object at a path; the HTTP status."""
        client = self._client
        headers = {**client.default_headers, "Accept": "application/json"}
        client.update_params_for_auth(headers, [], ["BearerToken"], path, "DELETE", None)
        url = client.configuration.host + path
        response = client.call_api("DELETE", url, headers, _request_timeout=self._timeout).response
        response.release_conn()
        return int(response.status)


class Runs:
    """The PipelineRuns of one namespace. Raises RunsError."""

    def __init__(self, api: _Api, namespace: str) -> None:
        self._api = api
        self._path = f"/apis/tekton.dev/v1/namespaces/{namespace}/pipelineruns"

    @classmethod
    def here(cls) -> "Runs":
        """In the pod's own namespace; outside of a pod POD_NAMESPACE of the kubeconfig's cluster."""
        namespace = (
            read_file(_NAMESPACE, MAX_SMALL).decode().strip()
            if _NAMESPACE.is_file()
            else os.environ.get("POD_NAMESPACE")
        )
        return cls(_Api.connect(None, None, _SECONDS), namespace or "default")

    def get(self, name: str) -> dict[str, Any]:
        """One PipelineRun."""
        return self._read(f"{self._path}/{name}", "PipelineRun")

    def all(self) -> Iterator[dict[str, Any]]:
        """Every PipelineRun of this installation, metadata and status alike, page by page."""
        more: dict[str, str | int] = {}
        while True:
            page = self._read(self._path, "PipelineRunList", labelSelector=PART_OF, limit=_PAGE, **more)
            yield from page.get("items") or []
            more = {"continue": token} if (token := page.get("metadata", {}).get("continue")) else {}
            if not more:
                return

    def delete(self, name: str) -> None:
        """Delete one PipelineRun; one that is gone already is no error."""
        import urllib3.exceptions as transport

        try:
            status = self._api.delete(f"{self._path}/{name}")
        except (transport.HTTPError, OSError) as error:
            raise RunsError(f"cannot delete the PipelineRun {name}: {error}") from None
        if status not in (200, 202, 404):
            raise RunsError(f"cannot delete the PipelineRun {name}: the API server answered HTTP {status}")

    def _read(self, path: str, kind: str, **parameters: str | int) -> dict[str, Any]:
        try:
            return self._api.get(path, kind, **parameters)
        except Refusal as refusal:
            raise RunsError(f"cannot read the PipelineRuns of this namespace: {refusal.message}") from None


def failed(run: dict[str, Any]) -> bool:
    """Whether the run has ended without success."""
    conditions = run.get("status", {}).get("conditions") or []
    return any(c.get("type") == "Succeeded" and c.get("status") == "False" for c in conditions)
