"""Runs that go wrong: each ends in the documented state, and the report has run and says so."""

import json
from typing import Any

from e2e.support.waiting import wait_for
from e2e.tekton.installation import Installation, pipeline_run, results, state

ALERT = "Pod nowhere/absent-3 is crash looping"
NEVER_STARTS: dict[str, Any] = {"workspaces": [{"name": "recording", "configMap": {"name": "there-is-none"}}]}


def ended(installation: Installation, **spec: Any) -> tuple[dict[str, Any], str, str]:
    """A run that has ended: itself, its name, what its report says."""
    name = installation.start(pipeline_run(ALERT, **spec))
    run = installation.ended(name)
    return run, name, installation.log(name, "report")


def test_when_the_agents_deadline_passes_it_ends_with_what_it_has(installation: Installation):
    run, _, report = ended(installation, params={"deadline": "0.01"})
    assert state(run)["status"] == "True"
    assert results(run)["outcome"] == "inconclusive"
    assert report.startswith("The investigation reached an outcome.")


def test_when_the_task_takes_too_long_the_report_still_runs(installation: Installation):
    run, _, report = ended(
        installation, timeouts={"pipeline": "5m", "tasks": "8s", "finally": "4m"}, **NEVER_STARTS
    )
    assert state(run)["status"] == "False"
    assert state(run)["reason"] == "PipelineRunTimeout"
    assert "its time was up" in report
    assert results(run)["conclusion"].startswith("No verdict")


def test_when_the_image_is_missing_the_report_says_so(installation: Installation):
    run, _, report = ended(installation, params={"image": "docker.io/library/there-is-no-such-image:1.0"})
    assert state(run)["status"] == "False"
    assert "its image cannot be pulled" in report


def test_when_the_workspace_is_full_the_verdict_is_in_log_and_results(installation: Installation):
    full = [{"name": "output", "emptyDir": {"medium": "Memory", "sizeLimit": "4Ki"}}]
    run, name, report = ended(installation, workspaces=full)
    assert state(run)["status"] == "False"
    log = installation.log(name)
    assert "=== INCIDENT WORKFLOW RESULT ===" in log
    assert "incident-agent: cannot write into /workspace/output" in log.splitlines()[-1]
    assert results(installation.task_runs(name)["investigate"])["outcome"] == "not-actionable"
    assert report.startswith("No verdict: the investigation failed")


def test_when_the_api_server_forbids_reading_the_outcome_is_inconclusive(installation: Installation):
    powerless = {"serviceAccountName": "default", "podTemplate": {"securityContext": {"fsGroup": 65532}}}
    run, name, report = ended(installation, taskRunTemplate=powerless)
    assert state(run)["status"] == "True"
    assert results(run)["outcome"] == "inconclusive"
    assert "forbidden" in installation.log(name)
    assert report.startswith("The investigation reached an outcome.")


def test_a_cancelled_run_ends_cancelled_and_is_reported(installation: Installation):
    name = installation.start(pipeline_run(ALERT, **NEVER_STARTS))
    wait_for(lambda: "investigate" in installation.task_runs(name), 60, "the investigation to begin")
    done = installation.tkn("pipelinerun", "cancel", name, "--grace", "CancelledRunFinally")
    assert done.returncode == 0, done.stderr
    run = installation.ended(name)
    assert state(run)["reason"] == "Cancelled"
    assert installation.log(name, "report").startswith("No verdict")


def test_a_verdict_is_posted_where_a_person_should_look_and_only_then(installation: Installation):
    space = installation.space
    space.apply(CHAT.replace("IMAGE", installation.image))
    space.kubectl("wait", "--for=condition=Ready", "pod/chat", "--timeout=120s")
    space.kubectl(
        "create", "secret", "generic", "chat", f"--from-literal=url=http://chat.{space.name}.svc:8000/hook"
    )
    powerless = {"serviceAccountName": "default", "podTemplate": {"securityContext": {"fsGroup": 65532}}}
    run, name, _ = ended(installation, params={"notify-secret": "chat"}, taskRunTemplate=powerless)
    assert state(run)["status"] == "True", state(run)
    quiet, other, _ = ended(installation, params={"notify-secret": "chat"})
    assert results(quiet)["outcome"] == "not-actionable"
    assert "notify" not in installation.task_runs(other)
    (posted,) = [json.loads(line) for line in space.logs("chat").splitlines() if line.startswith("{")]
    assert posted["text"].startswith("`inconclusive (0.")
    assert posted["text"].endswith(f"[{space.name}/{name}]`")


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
