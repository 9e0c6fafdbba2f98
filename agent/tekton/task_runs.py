"""TaskRuns: what Tekton knows of the tasks of a PipelineRun."""

from typing import Any

from agent.evidence.kube_api import KubeApi
from agent.evidence.reading import Refusal
from agent.tekton.runs import RunsError

INVESTIGATE = "investigate"
"""The task that investigates, in the Pipeline."""
_API = "/apis/tekton.dev/v1/namespaces"
_SECONDS = 20.0


class TaskRuns:
    """The TaskRuns of PipelineRuns. Raises RunsError."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    @classmethod
    def here(cls) -> "TaskRuns":
        """With the account of the pod, or the kubeconfig's."""
        return cls(KubeApi.connect(None, None, _SECONDS))

    def pipeline_run(self, name: str, namespace: str) -> dict[str, Any]:
        """One PipelineRun."""
        return self._read(f"{_API}/{namespace}/pipelineruns/{name}", "PipelineRun")

    def of(self, run: dict[str, Any], task: str = INVESTIGATE) -> dict[str, Any] | None:
        """The TaskRun of a task of the Pipeline; None where it has none."""
        selector = f"tekton.dev/pipelineRun={run['metadata']['name']},tekton.dev/pipelineTask={task}"
        path = f"{_API}/{run['metadata']['namespace']}/taskruns"
        found = self._read(path, "TaskRunList", labelSelector=selector).get("items") or []
        return found[0] if found else None

    def _read(self, path: str, kind: str, **parameters: str | int) -> dict[str, Any]:
        try:
            return self._api.get(path, kind, **parameters)
        except Refusal as refusal:
            raise RunsError(f"cannot read what Tekton knows of the run: {refusal.message}") from None
