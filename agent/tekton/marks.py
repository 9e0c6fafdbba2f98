"""Marks on PipelineRuns of which people were told, so that they are told once."""

from typing import Any

from agent.errors import UserError
from agent.evidence.kube_api import KubeApi

TOLD = "incident-agent/told"
"""Annotation of a run without an outcome that people were told of: why it has none."""
NOT_YET = "not yet"
"""What stands there while it is told, and shows that it can be marked."""
_SECONDS = 20.0


class MarkError(UserError):
    """A run cannot be marked; the message is for people."""


class Marks:
    """Writes the annotation TOLD, which is all that this account may change. Raises MarkError."""

    def __init__(self, api: "_Api") -> None:
        self._api = api

    @classmethod
    def here(cls) -> "Marks":
        """With the account of the pod, or the kubeconfig's."""
        return cls(_Api.connect(None, None, _SECONDS))

    def mark(self, run: dict[str, Any], value: str) -> None:
        """Mark a run; one that is gone already is no error."""
        import urllib3.exceptions as transport

        name, namespace = run["metadata"]["name"], run["metadata"]["namespace"]
        path = f"/apis/tekton.dev/v1/namespaces/{namespace}/pipelineruns/{name}"
        try:
            status = self._api.patch(path, {"metadata": {"annotations": {TOLD: value}}})
        except (transport.HTTPError, OSError) as error:
            raise MarkError(f"cannot mark the PipelineRun {name}: {error}") from None
        if status not in (200, 404):
            raise MarkError(f"cannot mark the PipelineRun {name}: the API server answered HTTP {status}")


class _Api(KubeApi):
    """The API with the one verb that this needs."""

    def patch(self, path: str, change: dict[str, Any]) -> int:
        """Merge a change into the object at a path; the HTTP status."""
        client = self._client
        headers = {**client.default_headers, "Accept": "application/json"}
        headers["Content-Type"] = "application/merge-patch+json"
        client.update_params_for_auth(headers, [], ["BearerToken"], path, "PATCH", None)
        url = client.configuration.host + path
        response = client.call_api("PATCH", url, headers, change, _request_timeout=self._timeout).response
        response.release_conn()
        return int(response.status)
