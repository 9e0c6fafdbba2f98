"""The Job: one investigation to its end; bad input fails it at once and says why."""

from typing import Any

from e2e.k8s.agent_pods import BLOCK
from e2e.k8s.manifests import Document, moved
from e2e.support.namespace import Namespace

FILES = ("deployment.yaml", "job.yaml")
LIMIT = "--timeout=180s"
JOB_LABEL = "app=autogen-agent-job"


def job_with_alert(namespace: str, alert: str | None = None) -> str:
    """The Job with what it reads, without the Deployment; `alert` replaces the alert that ships."""

    def change(item: Document) -> None:
        if alert is not None and item["metadata"]["name"] == "autogen-alert":
            item["data"]["alert"] = alert
        if item["kind"] == "Deployment":
            item["spec"]["replicas"] = 0

    return moved(namespace, *FILES, change=change)


def conditions(namespace: Namespace) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in namespace.get("job", "autogen-agent")["status"]["conditions"]}


def test_the_job_completes_with_the_four_lines(namespace: Namespace, shipped_image: str) -> None:
    namespace.apply(job_with_alert(namespace.name))
    namespace.kubectl("wait", "--for=condition=complete", "job/autogen-agent", LIMIT)
    assert namespace.kubectl("logs", "job/autogen-agent").endswith(f"\n{BLOCK}")


def test_a_poisoned_alert_fails_the_job_at_once_with_one_clear_line(
    namespace: Namespace, shipped_image: str
) -> None:
    namespace.apply(job_with_alert(namespace.name, alert='{"version": "4", "alerts": [{"labels": '))
    namespace.kubectl("wait", "--for=condition=failed", "job/autogen-agent", LIMIT)
    assert conditions(namespace)["Failed"]["reason"] == "PodFailurePolicy"
    (pod,) = namespace.objects("pods", JOB_LABEL)
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 2
    (line,) = namespace.logs(pod["metadata"]["name"]).splitlines()
    assert line.startswith("incident-agent: not JSON: ")
