"""Runs started with tkn: what a person sees, and the results they leave."""

import base64
import json
import re
from pathlib import Path

import pytest

from agent.tekton.telling import commands
from e2e.cluster import paths
from e2e.support.waiting import wait_for
from e2e.tekton.installation import Installation, pipeline_run, program, results, state

SAMPLE = paths.PROJECT / "agent" / "samples" / "high-cpu-traffic"
GOLDEN = Path(__file__).parent / "golden" / "pipeline-start.yaml"
RESULTS = {
    "incident-id": r"[0-9a-f]{16}(-\d+)?",
    "outcome": "diagnosed|self-resolved|not-actionable|inconclusive|failed",
    "cause": r"[a-z][a-z0-9-]*",
    "entity": r"[\w.-]+/[\w.-]+(/[\w.-]+)?",
    "confidence": r"[01]\.\d\d",
    "severity": r"[a-z]+",
    "summary": r"\S.*",
    "result-digest": r"sha256:[0-9a-f]{64}",
    "conclusion": r"The investigation reached an outcome; the verdict is posted nowhere: no webhook is set up\.",
}


@pytest.fixture(scope="module")
def recording(installation: Installation) -> str:
    """The ConfigMap that holds the sample's recording."""
    name = "sample-recording"
    installation.space.kubectl("create", "configmap", name, f"--from-file={SAMPLE / 'recording'}")
    return name


def encoded(installation: Installation, *words: str) -> str:
    """What `incident-agent encode` prints."""
    return program(
        installation.cluster, str(paths.PROJECT / ".venv/bin/incident-agent"), "encode", *words
    ).stdout.strip()


def start(installation: Installation, alert: str, *more: str):
    common = ["--serviceaccount", "incident-agent", "--use-param-defaults", "--skip-optional-workspace"]
    return installation.tkn("pipeline", "start", "incident-response", "-p", f"alert={alert}", *common, *more)


def test_the_sample_alert_ends_with_the_four_lines(installation: Installation, recording: str):
    alert = encoded(installation, str(SAMPLE / "alert.txt"))
    shown = start(installation, alert, "-w", f"name=recording,config={recording}", "--showlog", "-E")
    assert shown.returncode == 0, shown.stderr
    lines = [line.removeprefix("[investigate : investigate] ") for line in shown.stdout.splitlines()]
    begin = lines.index("=== INCIDENT WORKFLOW RESULT ===")
    assert lines[begin : begin + 4] == [
        "=== INCIDENT WORKFLOW RESULT ===",
        "Alert: High CPU alert on payment-service",
        "Commander: Investigation plan created. Delegating root cause analysis to SRE Investigator.",
        "Investigator: Analysis complete. High CPU observed due to traffic spike. Recommend scaling replicas and "
        "enabling HPA.",
    ]
    assert not [line for line in shown.stdout.splitlines() if line.startswith("[report")]


def test_what_tkn_would_create_is_the_golden_file(installation: Installation):
    alert = encoded(installation, "High CPU alert on payment-service")
    shown = start(installation, alert, "--dry-run", "-o", "yaml")
    assert shown.returncode == 0, shown.stderr
    general = shown.stdout.replace(installation.image, "incident-agent:0.1.0")
    assert general.replace(installation.space.name, "NAMESPACE") == GOLDEN.read_text()


def test_an_alert_that_cannot_be_read_fails_with_one_line_and_is_reported(installation: Installation):
    shown = start(installation, "bm90ICBiYXNlNjQ!", "--showlog", "-E")
    assert shown.returncode != 0
    said = [line for line in shown.stdout.splitlines() if "incident-agent: " in line]
    assert said
    assert all("not base64: expected" in line for line in said)
    assert "Traceback" not in shown.stdout + shown.stderr
    assert "[report : report] No outcome was reached: failed, exit 2: not base64: expected" in shown.stdout


def test_every_result_is_there_typed_and_the_pipeline_has_them_too(
    installation: Installation, recording: str
):
    workspaces = [{"name": "recording", "configMap": {"name": recording}}]
    name = installation.start(pipeline_run((SAMPLE / "alert.txt").read_bytes(), workspaces=workspaces))
    run = installation.ended(name)
    of_task = results(installation.task_runs(name)["investigate"])
    hint = of_task.pop("report_ARTIFACT_OUTPUTS")
    assert of_task.keys() == RESULTS.keys()
    assert [key for key, value in of_task.items() if not re.fullmatch(RESULTS[key], value)] == []
    assert hint["digest"] == of_task["result-digest"]
    assert hint["uri"].startswith(f"urn:incident-agent:{of_task['incident-id']}:")
    assert results(run) == of_task
    assert (of_task["outcome"], of_task["cause"]) == ("diagnosed", "cpu-traffic-spike")


def test_the_longest_names_kubernetes_allows_fit_into_the_results(installation: Installation):
    pod, namespace = "p" + "-x.y" * 63, "n" * 63
    assert len(pod) == 253
    labels = {"alertname": "A" * 200, "namespace": namespace, "pod": pod, "severity": "s" * 500}
    alert = {"labels": labels, "annotations": {"summary": '\U0001f525<&>"' * 400}, "fingerprint": "f" * 16}
    name = installation.start(pipeline_run(json.dumps(alert)))
    assert state(installation.ended(name))["status"] == "True"
    task_run = installation.task_runs(name)["investigate"]
    assert results(task_run)["entity"] == f"{namespace}/Pod/{pod}"
    pod_status = installation.space.get("pod", task_run["status"]["podName"])["status"]
    messages = [each["state"]["terminated"]["message"] for each in pod_status["containerStatuses"]]
    assert sum(len(message.encode()) for message in messages) < 4096


def test_the_whole_result_is_left_in_the_workspace(installation: Installation):
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    installation.space.apply(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "output"},
                "spec": claim,
            }
        )
    )
    workspaces = [{"name": "output", "persistentVolumeClaim": {"claimName": "output"}}]
    name = installation.start(pipeline_run("Pod nowhere/absent-0 is crash looping", workspaces=workspaces))
    run = installation.ended(name)
    assert state(run)["status"] == "True", state(run)
    installation.space.apply(READER.replace("IMAGE", installation.image))
    wait_for(
        lambda: installation.space.get("pod", "reader")["status"]["phase"] == "Succeeded", 120, "the reader"
    )
    shown = installation.space.logs("reader")
    assert results(run)["result-digest"].removeprefix("sha256:") in shown
    for file in ("result.json", "report.md", "report.txt", "evidence"):
        assert f"\n{file}\n" in f"\n{shown}"


READER = """
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: reader
    image: IMAGE
    command: [sh, -c, "ls /output && sha256sum /output/result.json"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: output, mountPath: /output}]
  volumes: [{name: output, persistentVolumeClaim: {claimName: output}}]
"""


def test_the_catalogs_own_test_of_the_task_succeeds(installation: Installation):
    manifest = (paths.PROJECT / "tekton" / "task" / "incident-investigate" / "tests" / "run.yaml").read_text()
    made = json.loads(installation.space.kubectl("create", "-f", "-", "-o", "json", input=manifest))
    name = made["metadata"]["name"]
    installation.space.kubectl("wait", "--for=condition=Succeeded", f"taskrun/{name}", "--timeout=300s")
    assert results(installation.space.get("taskrun", name))["entity"] == "nowhere/Pod/absent-0"


def test_what_a_message_says_to_type_tries_the_alert_again(installation: Installation):
    name = installation.start(pipeline_run("Pod nowhere/absent-4 is crash looping"))
    (command,) = [each for each in commands(installation.ended(name)) if each.startswith("to try again: ")]
    program_, *arguments = command.removeprefix("to try again: ").split()
    assert program_ == "tkn"
    again = installation.tkn(*arguments)
    assert again.returncode == 0, again.stderr
    assert "Alert: Pod nowhere/absent-4 is crash looping" in again.stdout


def test_words_encoded_are_what_the_run_decodes(installation: Installation):
    assert base64.b64decode(encoded(installation, "Disk full on é-node")).decode() == "Disk full on é-node"
