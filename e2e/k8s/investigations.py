"""Investigations of a live cluster: an incident to look at, the Job that looks, and the result it prints."""

import json
from typing import Any

from e2e.k8s.agent_pods import container
from e2e.k8s.manifests import live_job
from e2e.support.namespace import Namespace
from e2e.support.waiting import wait_for

VARIABLE = "INVOICES_URL"
PROGRAM = f"import os; print('checkout 3.1 starting', flush=True); print(os.environ[{VARIABLE!r}])"
CRASHING = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "checkout"},
    "spec": {
        "selector": {"matchLabels": {"app": "checkout"}},
        "template": {
            "metadata": {"labels": {"app": "checkout"}},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [
                    {"name": "checkout", "image": "python:3.12-slim", "command": ["python3", "-c", PROGRAM]}
                ],
            },
        },
    },
}


def crash_loop(namespace: Namespace) -> dict[str, Any]:
    """A Deployment that lacks an environment variable, once its pod is in CrashLoopBackOff; the alert about it."""
    namespace.apply(json.dumps(CRASHING))

    def looping() -> str:
        pods = namespace.objects("pods", "app=checkout")
        assert pods, "no pod yet"
        state = container(pods[0])["state"]
        assert state.get("waiting", {}).get("reason") == "CrashLoopBackOff", f"the container is {state}"
        return pods[0]["metadata"]["name"]

    pod = wait_for(looping, 180, "a crash loop")
    return alert("KubePodCrashLooping", namespace=namespace.name, pod=pod, container="checkout")


def alert(name: str, **labels: str) -> dict[str, Any]:
    """An alert as Alertmanager's webhook sends it."""
    return {
        "version": "4",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": name, "severity": "warning", **labels},
                "annotations": {"summary": f"{name} in {labels['namespace']}"},
                "startsAt": "2026-11-22T12:00:00Z",
            }
        ],
    }


def start(namespace: Namespace, name: str, about: dict[str, Any]) -> None:
    """Start the Job `name` in `namespace`, with the ServiceAccount there."""
    namespace.apply(live_job(name, about).replace('"autogen"', f'"{namespace.name}"'))


def result_of(namespace: Namespace, name: str) -> dict[str, Any]:
    """The result of a Job, once it is complete."""
    namespace.kubectl("wait", "--for=condition=complete", f"job/{name}", "--timeout=180s")
    return result_in(namespace.kubectl("logs", f"job/{name}", "--tail=-1"))


def result_in(log: str) -> dict[str, Any]:
    """The JSON document that a log ends with; what stands before it is progress."""
    return json.loads(log[log.index("\n{\n") :])


def verdict(result: dict[str, Any]) -> dict[str, Any]:
    """What two results agree in when they say the same, whenever and wherever they were made."""
    same = (
        "outcome",
        "cause",
        "entity",
        "confidence",
        "investigator",
        "commander",
        "chain",
        "claims",
        "ruled_out",
    )
    return {key: result[key] for key in same}
