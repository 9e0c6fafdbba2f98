"""Runs that go wrong: each ends in the documented state, and people are told once, by the webhook of verdicts."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.cluster.errors import ClusterError
from e2e.support.waiting import wait_for
from e2e.tekton.installation import Installation, pipeline_run, results, state

ALERT = "Pod nowhere/absent-3 is crash looping"
NEVER_STARTS: dict[str, Any] = {"workspaces": [{"name": "recording", "configMap": {"name": "there-is-none"}}]}
POWERLESS = {"serviceAccountName": "default", "podTemplate": {"securityContext": {"fsGroup": 65532}}}
REACHED = "The investigation reached an outcome"


class Chat:
    """A chat webhook in the cluster, and what it was told."""

    def __init__(self, installation: Installation) -> None:
        self._space = installation.space

    def about(self, run: str) -> list[str]:
        """The messages that name a run."""
        told = [json.loads(line)["text"] for line in self._space.logs("chat").splitlines() if line[:1] == "{"]
        return [text for text in told if f"/{run}]" in text or f" {run} " in text]


@pytest.fixture(scope="module")
def chat(installation: Installation) -> Iterator[Chat]:
    """The webhook of this installation. What ended untold is told when a test says so, and not meanwhile."""
    space = installation.space
    space.apply(CHAT.replace("IMAGE", installation.image))
    space.kubectl("wait", "--for=condition=Ready", "pod/chat", "--timeout=120s")
    address = f"--from-literal=url=http://chat.{space.name}.svc:8000/hook"
    space.kubectl("create", "secret", "generic", "incident-notify", address)
    space.kubectl("patch", "cronjob", "incident-teller", "-p", '{"spec":{"suspend":true}}')
    yield Chat(installation)
    space.kubectl("delete", "secret", "incident-notify")


def ended(installation: Installation, **spec: Any) -> tuple[dict[str, Any], str]:
    """A run that has ended, and its name."""
    name = installation.start(pipeline_run(ALERT, **spec))
    return installation.ended(name), name


def told_once(chat: Chat, run: str) -> str:
    """The one message there is about a run."""
    (message,) = chat.about(run)
    assert message.startswith("`NOT investigated: Pod nowhere/absent-3 is crash looping")
    assert f"tkn pipeline start incident-response -n {chat._space.name} --use-pipelinerun {run} " in message
    return message


def test_when_the_agents_deadline_passes_it_ends_with_what_it_has(installation: Installation):
    run, _ = ended(installation, params={"deadline": "0.01"})
    assert state(run)["status"] == "True"
    assert results(run)["outcome"] == "inconclusive"
    assert results(run)["conclusion"].startswith(REACHED)


def test_a_run_with_an_outcome_is_one_pod(installation: Installation):
    run, name = ended(installation)
    assert state(run)["status"] == "True", state(run)
    pods = installation.space.objects("pods", f"tekton.dev/pipelineRun={name}")
    assert [pod["metadata"]["name"] for pod in pods] == [f"{name}-investigate-pod"]
    containers = [each["name"] for each in pods[0]["spec"]["containers"]]
    assert containers == ["step-investigate"]
    assert "not-investigated" not in results(run)


def test_a_run_whose_process_is_killed_each_time_is_told_of_once(installation: Installation, chat: Chat):
    name = installation.start(pipeline_run(ALERT))
    for pod in (f"{name}-investigate-pod", f"{name}-investigate-pod-retry1"):
        wait_for(lambda: killed(installation, pod), 120, f"a process to kill in {pod}", every=0.1)  # noqa: B023
    run = installation.ended(name)
    assert state(run)["status"] == "False"
    assert results(run) == {"not-investigated": "killed by a signal, exit 255, 2 tries"}
    assert "killed by a signal, exit 255, 2 tries" in told_once(chat, name)


def killed(installation: Installation, pod: str) -> bool:
    """Whether the agent was killed in a pod of a run, as the kernel does it, and Tekton's own process was not."""
    try:
        installation.space.kubectl("exec", pod, "-c", "step-investigate", "--", "python3", "-Sc", KILL)
    except ClusterError as error:
        raise AssertionError(str(error)) from error
    return True


KILL = """
import os, pathlib, signal
def says(pid):
    try: return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError: return b""
found = [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) not in (1, os.getpid())]
(agent,) = [p for p in found if b"incident-agent" in says(p)]
os.kill(agent, signal.SIGKILL)
"""


def test_a_run_out_of_time_is_told_of_in_words(installation: Installation, chat: Chat):
    run, name = ended(
        installation, timeouts={"pipeline": "5m", "tasks": "8s", "finally": "4m"}, **NEVER_STARTS
    )
    assert state(run)["status"] == "False"
    assert state(run)["reason"] == "PipelineRunTimeout"
    assert results(run)["not-investigated"].startswith("timed out after ")
    assert ", with the whole run, its container never started; to see more: " in told_once(chat, name)


def test_when_the_image_is_missing_the_message_names_it(installation: Installation, chat: Chat):
    run, name = ended(installation, params={"image": "docker.io/library/there-is-no-such-image:1.0"})
    assert state(run)["status"] == "False"
    said = "its image cannot be pulled: docker.io/library/there-is-no-such-image:1.0, 2 tries"
    assert results(run)["not-investigated"] == said
    assert said in told_once(chat, name)


def test_a_run_that_is_cancelled_gracefully_is_told_of_by_itself(installation: Installation, chat: Chat):
    name = cancelled(installation, "--grace", "CancelledRunFinally")
    assert results(installation.space.get("pipelinerun.tekton.dev", name)) == {
        "not-investigated": "the run was cancelled"
    }
    assert "the run was cancelled" in told_once(chat, name)


def test_a_run_that_is_cancelled_at_once_is_told_of_soon(installation: Installation, chat: Chat):
    name = cancelled(installation)
    assert "report" not in installation.task_runs(name)
    for _ in range(2):
        tell(installation)
    assert "the run was cancelled" in told_once(chat, name)


def test_a_run_whose_pipeline_is_missing_is_told_of_soon(installation: Installation, chat: Chat):
    _, name = ended(installation, pipelineRef={"name": "there-is-none"})
    tell(installation)
    (message,) = chat.about(name)
    assert "the Pipeline cannot be found" in message


def cancelled(installation: Installation, *how: str) -> str:
    """A run that was cancelled while it was investigated, and has ended."""
    name = installation.start(pipeline_run(ALERT, **NEVER_STARTS))
    wait_for(lambda: "investigate" in installation.task_runs(name), 60, "the investigation to begin")
    done = installation.tkn("pipelinerun", "cancel", name, *how)
    assert done.returncode == 0, done.stderr
    assert state(installation.ended(name))["reason"] == "Cancelled"
    return name


def tell(installation: Installation) -> None:
    """Let the CronJob do its work now."""
    job = f"tell-{secrets.token_hex(3)}"
    installation.space.kubectl("create", "job", job, "--from=cronjob/incident-teller")
    installation.space.kubectl("wait", "--for=condition=Complete", f"job/{job}", "--timeout=120s")


def test_when_the_workspace_is_full_the_verdict_is_in_log_and_results(installation: Installation):
    full = [{"name": "output", "emptyDir": {"medium": "Memory", "sizeLimit": "4Ki"}}]
    run, name = ended(installation, workspaces=full)
    assert state(run)["status"] == "True"
    assert results(run)["outcome"] == "not-actionable"
    assert results(run)["conclusion"].startswith(f"{REACHED}; cannot write into /workspace/output")
    log = installation.log(name)
    assert "=== INCIDENT WORKFLOW RESULT ===" in log
    assert "note: cannot write into /workspace/output" in log.splitlines()[-1]


def test_when_the_api_server_forbids_reading_the_outcome_is_inconclusive(installation: Installation):
    run, name = ended(installation, taskRunTemplate=POWERLESS)
    assert state(run)["status"] == "True"
    assert results(run)["outcome"] == "inconclusive"
    assert "forbidden" in installation.log(name)


def test_a_verdict_is_posted_where_a_person_should_look_and_only_then(installation: Installation, chat: Chat):
    run, name = ended(installation, taskRunTemplate=POWERLESS)
    assert results(run)["conclusion"] == f"{REACHED}; the verdict is posted."
    quiet, other = ended(installation)
    assert results(quiet)["outcome"] == "not-actionable"
    (posted,) = chat.about(name)
    assert posted.startswith("`inconclusive (0.")
    assert posted.endswith(f"[{installation.space.name}/{name}]`")
    assert chat.about(other) == []


def test_a_webhook_that_is_down_costs_no_verdict(installation: Installation):
    space, address = installation.space, "--from-literal=url=http://chat.nowhere.svc:8000/hook"
    space.kubectl("create", "secret", "generic", "chat-that-is-down", address)
    run, _ = ended(installation, params={"notify-secret": "chat-that-is-down"}, taskRunTemplate=POWERLESS)
    assert state(run)["status"] == "True", state(run)
    assert results(run)["conclusion"].startswith(
        f"{REACHED}; the verdict is not posted: the webhook cannot be "
    )


CHAT = """
apiVersion: v1
kind: Pod
metadata: {name: chat, labels: {app: chat}}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: chat
    image: IMAGE
    command: [python3, -uc]
    args:
    - |
      from http.server import BaseHTTPRequestHandler, HTTPServer
      class Hook(BaseHTTPRequestHandler):
          def do_POST(self):
              print(self.rfile.read(int(self.headers["Content-Length"])).decode())
              self.send_response(200)
              self.end_headers()
      HTTPServer(("", 8000), Hook).serve_forever()
    readinessProbe: {tcpSocket: {port: 8000}, periodSeconds: 1}
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: chat}
spec: {selector: {app: chat}, ports: [{port: 8000}]}
"""
