"""An installation of tekton/ in a namespace of its own, as tests use it: post alerts, start runs, read what became."""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from e2e.cluster import paths
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.support.namespace import Namespace
from e2e.support.waiting import wait_for
from e2e.tekton.payload import run_name

BATCH = "incident-agent/batch=true"
PORTS = {"alerts": 30880, "groups": 30801}  # of e2e/cluster/kind.yaml
MANY = 100
"""Pods of runs at once, where a test does not say otherwise."""
ENDED = 300
"""Seconds for a run to end: two pods, on a machine that may be busy."""


@dataclass(frozen=True)
class Installation:
    """What `python -m tekton.install` made in one namespace."""

    cluster: Cluster
    space: Namespace
    image: str
    token: str = field(repr=False)

    def post(
        self, payload: dict[str, Any] | bytes, *, token: str | None = None, listener: str = "alerts"
    ) -> int:
        """Post a notification as Alertmanager would; the HTTP status."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": self.token if token is None else token,
        }
        request = urllib.request.Request(self.cluster.address(PORTS[listener]), body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def runs(self, selector: str = "") -> dict[str, dict[str, Any]]:
        """The PipelineRuns by name."""
        return {
            run["metadata"]["name"]: run for run in self.space.objects("pipelineruns.tekton.dev", selector)
        }

    def ended(self, name: str) -> dict[str, Any]:
        """The PipelineRun of that name, once it has ended."""

        def condition() -> dict[str, Any]:
            run = self.space.get("pipelinerun.tekton.dev", name)
            assert state(run)["status"] != "Unknown", f"{state(run)}"
            return run

        return wait_for(condition, ENDED, f"the end of {name}", every=1)

    def started(self, *names: str) -> dict[str, dict[str, Any]]:
        """The runs of these names, once all are there."""

        def condition() -> dict[str, dict[str, Any]]:
            there = self.runs()
            assert set(names) <= set(there), f"not started: {sorted(set(names) - set(there))}"
            return {name: there[name] for name in names}

        return wait_for(condition, 60, "runs to start")

    def batch_of(self, *alerts: dict[str, Any]) -> str:
        """Name of the batch that carries exactly these alerts, once it is there."""

        def condition() -> str:
            found = self.batches(*alerts)
            assert found, f"{len(self.runs(BATCH))} batches, none of them with these {len(alerts)} alerts"
            return found[0]

        return wait_for(condition, 60, "the batch")

    def batches(self, *alerts: dict[str, Any]) -> list[str]:
        """Names of the batches that carry exactly these alerts."""
        wanted = set(map(run_name, alerts))
        return [name for name, run in self.runs(BATCH).items() if set(episodes(run)) == wanted]

    def worked(self, run: str) -> Counter[str]:
        """How often each alert was investigated in a run, by the name of the run it would have alone."""
        ids = re.findall(r"^Incident  (\S+), run", self.log(run), re.MULTILINE)
        return Counter(f"incident-{each}" for each in ids)

    def task_runs(self, run: str) -> dict[str, dict[str, Any]]:
        """The TaskRuns of a PipelineRun by the name of their task in the Pipeline."""
        found = self.space.objects("taskruns.tekton.dev", f"tekton.dev/pipelineRun={run}")
        return {each["metadata"]["labels"]["tekton.dev/pipelineTask"]: each for each in found}

    def log(self, run: str, task: str = "investigate") -> str:
        """The log of a task's step."""
        task_run = self.task_runs(run)[task]
        return self.space.logs(task_run["status"]["podName"], "-c", f"step-{task}")

    def listener_log(self, listener: str) -> str:
        """The log of a listener, of all its pods."""
        return self.space.kubectl("logs", "-l", f"eventlistener=incident-{listener}", "--tail=-1")

    def tkn(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run tkn in this namespace."""
        return program(self.cluster, str(self.cluster.tools.tkn), "-n", self.space.name, *arguments)

    def start(self, manifest: dict[str, Any]) -> str:
        """Create a PipelineRun; its name."""
        reply = self.space.kubectl("create", "-f", "-", "-o", "json", input=json.dumps(manifest))
        return str(json.loads(reply)["metadata"]["name"])


def state(run: dict[str, Any]) -> dict[str, str]:
    """Status, reason and message of the condition Succeeded."""
    found = [c for c in run.get("status", {}).get("conditions", []) if c["type"] == "Succeeded"]
    return (
        found[0]
        if found
        else {"status": "Unknown", "reason": "", "message": "not seen by the controller yet"}
    )


def episodes(batch: dict[str, Any]) -> list[str]:
    """What the alerts of a batch would be called as runs of their own."""
    return str(batch["metadata"]["annotations"]["incident-agent/episodes"]).split()


def results(run: dict[str, Any]) -> dict[str, Any]:
    """Results of a PipelineRun or a TaskRun by name."""
    return {each["name"]: each["value"] for each in run["status"].get("results", [])}


def pipeline_run(alert: str | bytes, **spec: Any) -> dict[str, Any]:
    """A PipelineRun of incident-response for an alert; `params` adds parameters, the rest goes into its spec."""
    data = alert.encode() if isinstance(alert, str) else alert
    given = {"alert": base64.b64encode(data).decode()} | spec.pop("params", {})
    pod = {"securityContext": {"fsGroup": 65532}, "enableServiceLinks": False}
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"generateName": "test-", "labels": {"app.kubernetes.io/part-of": "incident-agent"}},
        "spec": {
            "pipelineRef": {"name": "incident-response"},
            "params": [{"name": name, "value": value} for name, value in given.items()],
            "taskRunTemplate": {"serviceAccountName": "incident-agent", "podTemplate": pod},
        }
        | spec,
    }


def program(cluster: Cluster, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program as a user of this cluster would; nothing is raised when it fails."""
    path = f"{cluster.tools.kubectl.parent}:{cluster.tools.tkn.parent}:{os.environ['PATH']}"
    env = os.environ | {"KUBECONFIG": str(cluster.kubeconfig), "PATH": path}
    return subprocess.run(
        command, env=env, cwd=paths.PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def install(cluster: Cluster, namespace: str, image: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the installer."""
    return program(cluster, sys.executable, "-m", "tekton.install", "--image", image, namespace, *more)


@contextmanager
def installed(cluster: Cluster, name: str, image: str) -> Iterator[Installation]:
    """An installation under restricted pod security whose listeners answer; removed at the end."""
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    space = Namespace(cluster, name)
    try:
        wait_for(lambda: _made(cluster, name, image), 60, "the installation")
        for listener, port in PORTS.items():
            wait_for(lambda: _open(space, listener, port), 60, f"node port {port}")  # noqa: B023
        # What fires in this cluster is not what a test posts: the sweep starts when a test says so.
        space.kubectl("patch", "cronjob", "incident-sweep", "-p", '{"spec":{"suspend":true}}')
        cap(space, MANY)  # nor does a test wait for the pods of another
        space.kubectl("wait", "--for=condition=Ready", "eventlistener", "--all", "--timeout=180s")
        secret = space.get("secret", "alertmanager-webhook")
        token = base64.b64decode(secret["data"]["token"]).decode()
        installation = Installation(cluster, space, image, token)
        for listener in PORTS:
            wait_for(lambda: _answers(installation, listener), 120, f"the listener {listener}")  # noqa: B023
        yield installation
    finally:
        program(cluster, sys.executable, "-m", "tekton.install", "--delete", name)
        cluster.kubectl(
            "delete", "service", "-n", name, "--ignore-not-found", *(f"test-{each}" for each in PORTS)
        )
        cluster.kubectl("delete", "namespace", name, "--wait=false")


def cap(space: Namespace, pods: int) -> None:
    """Let there be so many pods of runs at once."""
    patch = json.dumps({"spec": {"hard": {"pods": str(pods)}}})
    space.kubectl("patch", "resourcequota", "incident-runs", "-p", patch)


def _made(cluster: Cluster, name: str, image: str) -> bool:
    """Install; refused for some seconds on a cluster whose webhooks have just come up."""
    done = install(cluster, name, image)
    if done.returncode:
        raise ClusterError(done.stderr)
    return True


def _open(space: Namespace, listener: str, port: int) -> bool:
    """Whether the port could be taken; that of an earlier session may still be in use."""
    space.apply(_node_port(listener, port))
    return True


def _answers(installation: Installation, listener: str) -> bool:
    try:
        return installation.post({"alerts": []}, listener=listener) == 202
    except OSError as error:
        raise AssertionError(str(error)) from error


def _node_port(listener: str, port: int) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"test-{listener}"},
            "spec": {
                "type": "NodePort",
                "selector": {"eventlistener": f"incident-{listener}"},
                "ports": [{"port": 8080, "nodePort": port}],
            },
        }
    )
