"""PipelineRuns of this installation, as the API server shows them to a run's own ServiceAccount."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import UserError
from agent.evidence.kube_api import KubeApi
from agent.evidence.reading import Refusal
from agent.files import MAX_SMALL, read_file

if TYPE_CHECKING:
    from agent.evidence.decoding import Each

PART_OF = "app.kubernetes.io/part-of=incident-agent"
EPISODES = "incident-agent/episodes"
"""Annotation of a batch: what its alerts would be called as runs of their own, separated by spaces."""
BATCH = "incident-agent/batch"
"""Label of a batch, with the value "true"."""
PLACE = "incident-agent/worked-by"
"""Label of a run that never ran: it keeps the name of an alert that the batch of this name works."""

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_SECONDS = 20.0
_PAGE = 40  # a batch has up to a megabyte, and one answer is read up to 64 MiB
_SINGLE = re.compile(r"(incident-[0-9a-f]{16}-\d+)(-[2-9])?")


class RunsError(UserError):
    """The PipelineRuns cannot be read; the message is for people."""


class Refused(RunsError):
    """The API server answered that it will not have one PipelineRun; others may be created."""


class _Api(KubeApi):
    """The API with the two verbs that change anything: the pruner's account may delete, the sweep's create."""

    def create(self, path: str, manifest: dict[str, Any]) -> tuple[int, str]:
        """Post an object to a collection; the HTTP status, and the beginning of what the API says."""
        client = self._client
        headers = {**client.default_headers, "Accept": "application/json", "Content-Type": "application/json"}
        client.update_params_for_auth(headers, [], ["BearerToken"], path, "POST", None)
        url = client.configuration.host + path
        response = client.call_api("POST", url, headers, manifest, _request_timeout=self._timeout).response
        try:
            return int(response.status), self._beginning(response).decode("utf-8", "replace")
        finally:
            response.close()

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
        """Every PipelineRun of this installation, whole, page by page."""
        return self._listed(lambda run, _: run)

    def traces(self) -> Iterator[dict[str, Any]]:
        """Every PipelineRun of this installation without what it was given, which may be large."""
        return self._listed(_trace)

    def _listed(self, each: "Each") -> Iterator[dict[str, Any]]:
        """The items of each page, decoded one by one: a page of batches is larger than any value may be."""
        more: dict[str, str | int] = {}
        while True:
            page = self._read(self._path, "PipelineRunList", each, labelSelector=PART_OF, limit=_PAGE, **more)
            yield from page.get("items") or []
            more = {"continue": token} if (token := page.get("metadata", {}).get("continue")) else {}
            if not more:
                return

    def create(self, manifest: dict[str, Any]) -> bool:
        """Create one PipelineRun; False where its name is taken. Raises Refused where the API will not have it."""
        import urllib3.exceptions as transport

        name = manifest["metadata"]["name"]
        try:
            status, said = self._api.create(self._path, manifest)
        except (transport.HTTPError, OSError) as error:
            raise RunsError(f"cannot create the PipelineRun {name}: {error}") from None
        if status == 409 and _reason(said) == "AlreadyExists":
            return False
        if status not in (200, 201, 202):
            raise Refused(f"cannot create the PipelineRun {name}: HTTP {status} {_message(said)}".strip())
        return True

    def delete(self, name: str) -> None:
        """Delete one PipelineRun; one that is gone already is no error."""
        import urllib3.exceptions as transport

        try:
            status = self._api.delete(f"{self._path}/{name}")
        except (transport.HTTPError, OSError) as error:
            raise RunsError(f"cannot delete the PipelineRun {name}: {error}") from None
        if status not in (200, 202, 404):
            raise RunsError(f"cannot delete the PipelineRun {name}: the API server answered HTTP {status}")

    def _read(
        self, path: str, kind: str, each: "Each | None" = None, /, **parameters: str | int
    ) -> dict[str, Any]:
        try:
            return self._api.get(path, kind, each, **parameters)
        except Refusal as refusal:
            raise RunsError(f"cannot read the PipelineRuns of this namespace: {refusal.message}") from None


def failed(run: dict[str, Any]) -> bool:
    """Whether the run has ended without success."""
    conditions = run.get("status", {}).get("conditions") or []
    return any(c.get("type") == "Succeeded" and c.get("status") == "False" for c in conditions)


def ended(run: dict[str, Any]) -> bool:
    """Whether the run has ended, well or not."""
    conditions = run.get("status", {}).get("conditions") or []
    return any(c.get("type") == "Succeeded" and c.get("status") in ("True", "False") for c in conditions)


def reached_verdict(run: dict[str, Any]) -> bool:
    """Whether the run has ended with an outcome, in its results or by its success."""
    results = run.get("status", {}).get("results") or []
    return ended(run) and (not failed(run) or any(each.get("name") == "outcome" for each in results))


def is_batch(run: dict[str, Any]) -> bool:
    """Whether the run carries several alerts."""
    return bool(run["metadata"].get("labels", {}).get(BATCH) == "true")


def is_place(run: dict[str, Any]) -> bool:
    """Whether the run only keeps a name, and never ran."""
    return PLACE in (run["metadata"].get("labels") or {})


def episodes(run: dict[str, Any]) -> list[str]:
    """The alerts that a run was started for, each as the name of the run it has or would have alone."""
    if is_batch(run):
        return str(run["metadata"].get("annotations", {}).get(EPISODES, "")).split()
    part = _SINGLE.fullmatch(run["metadata"]["name"])
    return [part[1]] if part and not is_place(run) else []


def place_in_order(run: dict[str, Any]) -> tuple[str, str]:
    """The order of batches: by creation, then by name."""
    return run["metadata"].get("creationTimestamp", ""), run["metadata"]["name"]


def _trace(run: Any, _: int) -> Any:
    """A run without its spec, its manager's notes and what its Pipeline was."""
    metadata, status = run["metadata"], run.get("status") or {}
    kept = ("name", "creationTimestamp", "labels", "annotations")
    told = ("conditions", "startTime", "completionTime", "results")
    return {
        "metadata": {key: metadata[key] for key in kept if metadata.get(key)},
        "status": {key: status[key] for key in told if status.get(key)},
    }


def _reason(said: str) -> str:
    return str(_status(said).get("reason"))


def _message(said: str) -> str:
    return " ".join(str(_status(said).get("message", "")).split())[:300]


def _status(said: str) -> dict[str, Any]:
    try:
        status = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return status if isinstance(status, dict) else {}
