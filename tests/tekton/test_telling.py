"""What people are told of an alert that was not investigated: the report of a run, and what ended untold."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.tekton.marks import NOT_YET, TOLD
from agent.tekton.telling import ATTEMPT, alert_of, not_investigated, tell_not_investigated
from agent.tekton.trouble import why
from agent.tekton.untold import MOST, tell_untold, untold
from tests.evidence.fake_api import FakeApi, status
from tests.tekton.webhook import Webhook

RUNS = "/apis/tekton.dev/v1/namespaces/sre/pipelineruns"
TASK_RUNS = "/apis/tekton.dev/v1/namespaces/sre/taskruns"
ALERT = {
    "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "cart-0", "severity": "critical"},
    "fingerprint": "f" * 16, "startsAt": "2026-01-31T12:00:00Z",
}  # fmt: skip
CART = "KubePodCrashLooping about shop/Pod/cart-0 (critical)"


def encoded(value: Any) -> str:
    return base64.b64encode((value if isinstance(value, str) else json.dumps(value)).encode()).decode()


def condition(reason: str, message: str = "", state: str = "False") -> dict[str, Any]:
    return {"conditions": [{"type": "Succeeded", "status": state, "reason": reason, "message": message}]}


def run(name: str = "r-1", reason: str = "Failed", message: str = "", **more: Any) -> dict[str, Any]:
    """A PipelineRun that failed, of an alert."""
    return {
        "metadata": {"name": name, "namespace": "sre", "labels": {"app.kubernetes.io/part-of": "incident-agent"}},
        "spec": {
            "pipelineRef": {"name": "incident-response"}, "params": [{"name": "alert", "value": encoded(ALERT)}]
        },
        "status": condition(reason, message),
    } | more  # fmt: skip


def exited(code: int, reason: str = "Error", **more: Any) -> dict[str, Any]:
    """A TaskRun whose container ended."""
    ended = {
        "exitCode": code,
        "reason": reason,
        "containerID": "containerd://1",
        "startedAt": "2026-01-31T12:00:05Z",
    }
    steps = [{"name": "investigate", "terminated": ended}]
    return {"status": condition("Failed") | {"steps": steps, "startTime": "2026-01-31T12:00:00Z"} | more}


def made_up(reason: str, message: str, **more: Any) -> dict[str, Any]:
    """A TaskRun whose container never began: Tekton writes an end without a container for it."""
    begun = "2026-01-31T12:00:00Z"
    steps = [{"name": "investigate", "terminated": {"exitCode": 1, "reason": reason, "startedAt": begun}}]
    times = {"startTime": begun, "completionTime": "2026-01-31T12:10:00Z"}
    return {"spec": {}, "status": condition(reason, message) | {"steps": steps} | times} | more


SUMMARY = [{"name": "summary", "value": "not base64: expected letters"}]
IMAGE = {"spec": {"params": [{"name": "image", "value": "r.example/none:1"}]}}
OUT_OF_TIME = {"spec": {"statusMessage": "TaskRun cancelled as the PipelineRun it belongs to has timed out."}}
TROUBLE: list[tuple[dict[str, Any], str]] = [
    (exited(137), "killed, exit 137"),
    (exited(255), "killed by a signal, exit 255"),
    (exited(255, "OOMKilled"), "killed at its memory limit, exit 255 (OOMKilled)"),
    (exited(143), "told to end, exit 143"),
    (exited(137, retriesStatus=[{}]), "killed, exit 137, 2 tries"),
    (exited(2, results=SUMMARY), "failed, exit 2: not base64: expected letters"),
    (exited(1), "failed, exit 1"),
    (made_up("TaskRunImagePullFailed", "", **IMAGE), "its image cannot be pulled: r.example/none:1"),
    (made_up("TaskRunTimeout", ""), "timed out after 10 minutes, its container never started"),
    (
        made_up("TaskRunCancelled", "", **OUT_OF_TIME),
        "timed out after 10 minutes, with the whole run, its container never started",
    ),
    (made_up("TaskRunCancelled", "as the PipelineRun has been cancelled"), "the run was cancelled"),
    ({"status": condition("InitContainerFailed", '"prepare" exited with code 137: Unknown')}, "killed, exit 137"),
    ({"status": condition("PodCreationFailed", 'violates PodSecurity "x"')},
     'its pod was refused (violates PodSecurity "x")'),
    ({"status": condition("SomethingNew", "of a later Tekton")}, "SomethingNew (of a later Tekton)"),
]  # fmt: skip


@pytest.mark.parametrize(("task_run", "words"), TROUBLE, ids=[words for _, words in TROUBLE])
def test_what_tekton_knows_is_told_in_words(task_run: dict[str, Any], words: str):
    assert why(run(), task_run) == words


@pytest.mark.parametrize(
    ("reason", "message", "words"),
    [
        ("Cancelled", 'PipelineRun "r-1" was cancelled', "the run was cancelled"),
        ("PipelineRunTimeout", "", "timed out"),
        ("CouldntGetPipeline", "not found", "the Pipeline cannot be found (not found)"),
    ],
)
def test_of_a_run_without_a_task_the_run_tells(reason: str, message: str, words: str):
    assert why(run(reason=reason, message=message)) == words


def test_a_message_says_which_alert_why_and_what_to_type():
    assert not_investigated(run(), "killed, exit 137", exited(137)) == (
        f"NOT investigated: {CART}: killed, exit 137; to see more: tkn pipelinerun describe r-1 -n sre; "
        "to try again: tkn pipeline start incident-response -n sre --use-pipelinerun r-1 --showlog"
    )


def test_a_log_is_pointed_to_only_where_there_is_one():
    assert "tkn pipelinerun logs r-1" in not_investigated(run(), "failed, exit 2", exited(2))
    for task_run in (exited(137), exited(255, "OOMKilled"), made_up("TaskRunTimeout", ""), None):
        assert "tkn pipelinerun logs" not in not_investigated(run(), "it failed", task_run)


def test_a_run_from_a_bundle_is_not_started_again_by_name():
    spec = {"pipelineRef": {"resolver": "bundles"}, "params": []}
    assert "tkn pipeline start" not in not_investigated(run(spec=spec), "killed")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("alert", encoded(ALERT), CART),
        ("alert", encoded("High CPU alert on payment-service"), "High CPU alert on payment-service"),
        ("alerts", encoded({"version": "4", "alerts": [ALERT] * 5}), f"5 alerts ({CART}, ...)"),
        ("alert", "!", "the alert of the run r-1"),
        ("alert", "", "the alert of the run r-1"),
    ],
)
def test_the_alert_is_named_as_far_as_it_can_be_read(name: str, value: str, words: str):
    assert alert_of(run(spec={"params": [{"name": name, "value": value}]})) == words


def test_a_secret_in_an_alert_is_not_told():
    words = "login failed, password=hunter2-and-more"
    said = not_investigated(run(spec={"params": [{"name": "alert", "value": encoded(words)}]}), "killed")
    assert "login failed" in said
    assert "hunter2" not in said


def test_who_tries_again_tells_with_words_of_its_own(tmp_path: Path, webhook: Webhook):
    assert tell_not_investigated(run(), "given up after 3 attempts", url_file=webhook.file(tmp_path))
    assert webhook.received[0].startswith(f"`NOT investigated: {CART}: given up after 3 attempts; ")
    assert not tell_not_investigated(run(), "given up", url_file=tmp_path / "none")


def report(tmp_path: Path, url_file: Path, reason: str = "Failed") -> int:
    arguments = ["--run=r-1", "--namespace=sre", f"--reason={reason}", f"--url-file={url_file}"]
    return cli.run(["tekton", "report", *arguments, f"--results={tmp_path / 'r'}"])


def known(api: FakeApi, task_run: dict[str, Any], **more: Any) -> None:
    """Let the API server hold the run and its TaskRun, among others."""
    labels = {"tekton.dev/pipelineRun": "r-1", "tekton.dev/pipelineTask": "investigate"}
    other = exited(1) | {
        "metadata": {"name": "r-1-report", "labels": labels | {"tekton.dev/pipelineTask": "report"}}
    }
    api.objects[f"{RUNS}/r-1"] = run(**more)
    api.objects[TASK_RUNS] = [other, task_run | {"metadata": {"name": "r-1-investigate", "labels": labels}}]


def test_the_report_posts_one_message_and_leaves_the_reason_as_a_result(
    api: FakeApi, tmp_path: Path, webhook: Webhook, capsys: pytest.CaptureFixture[str]
):
    known(api, exited(137, retriesStatus=[{}]))
    assert report(tmp_path, webhook.file(tmp_path)) == 0
    (message,) = webhook.received
    assert message.startswith(f"`NOT investigated: {CART}: killed, exit 137, 2 tries; to see more: tkn ")
    assert (tmp_path / "r" / "not-investigated").read_text() == "killed, exit 137, 2 tries"
    assert capsys.readouterr().out.startswith(
        "No outcome was reached: killed, exit 137, 2 tries.\nTo see more: tkn "
    )


def test_the_report_without_a_webhook_says_so_in_its_log(
    api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    known(api, exited(1))
    assert report(tmp_path, tmp_path / "none") == 0
    assert capsys.readouterr().out.endswith("Posted nowhere: no webhook is set up.\n")


def test_the_report_makes_do_with_the_reason_where_it_may_not_read(
    api: FakeApi, tmp_path: Path, webhook: Webhook
):
    api.refusals[f"{RUNS}/r-1"] = 403, status("forbidden")
    assert report(tmp_path, webhook.file(tmp_path), "TaskRunImagePullFailed") == 0
    said = "the alert of the run r-1: its image cannot be pulled; to see more: tkn pipelinerun describe r-1 -n sre"
    assert webhook.received == [f"`NOT investigated: {said}`"]


def test_a_task_run_that_tekton_began_anew_is_told_as_it_was(api: FakeApi, tmp_path: Path, webhook: Webhook):
    failed = condition("InitContainerFailed", '"prepare" exited with code 137: Unknown')
    known(api, {"status": condition("Pending", state="Unknown") | {"retriesStatus": [failed]}})
    assert report(tmp_path, webhook.file(tmp_path)) == 0
    assert f"{CART}: killed, exit 137, 2 tries; " in webhook.received[0]


def test_where_the_task_never_began_the_run_tells(api: FakeApi, tmp_path: Path, webhook: Webhook):
    api.objects[f"{RUNS}/r-1"] = run(status=condition("CancelledRunningFinally", state="Unknown"))
    assert report(tmp_path, webhook.file(tmp_path), "None") == 0
    assert f"{CART}: the run was cancelled; " in webhook.received[0]


def test_a_message_that_is_not_taken_fails_the_report_so_that_it_is_tried_again(
    api: FakeApi, tmp_path: Path, webhook: Webhook
):
    known(api, exited(1))
    assert report(tmp_path, webhook.file(tmp_path, "/gone")) == 2
    assert not (tmp_path / "r" / "not-investigated").exists()


def test_a_later_attempt_leaves_telling_to_who_tries_again(api: FakeApi, tmp_path: Path, webhook: Webhook):
    known(api, exited(137), metadata={"name": "r-1", "namespace": "sre", "labels": {ATTEMPT: "2"}})
    assert report(tmp_path, webhook.file(tmp_path)) == 0
    assert webhook.received == []
    assert (tmp_path / "r" / "not-investigated").read_text() == "killed, exit 137"


def accounted(name: str) -> dict[str, Any]:
    return run(status=condition("Failed") | {"results": [{"name": name, "value": "x"}]})


def marked(value: str) -> dict[str, Any]:
    return run(metadata={"name": "r-1", "namespace": "sre", "annotations": {TOLD: value}})


def test_untold_is_what_ended_without_a_word():
    for told in (accounted("outcome"), accounted("not-investigated"), marked("the run was cancelled"),
                 run(status=condition("Running", state="Unknown")), run(status=condition("Completed", state="True")),
                 run(status={})):  # fmt: skip
        assert list(untold([told])) == []
    for ended in (run(reason="Cancelled"), marked(NOT_YET)):
        assert list(untold([ended])) == [ended]


def test_each_untold_run_is_told_once_and_marked(
    api: FakeApi, tmp_path: Path, webhook: Webhook, capsys: pytest.CaptureFixture[str]
):
    api.objects[RUNS] = [run("r-1", "Cancelled"), accounted("not-investigated")]
    assert cli.run(["tekton", "tell", f"--url-file={webhook.file(tmp_path)}"]) == 0
    (message,) = webhook.received
    assert message.startswith(f"`NOT investigated: {CART}: the run was cancelled; ")
    values = (NOT_YET, "the run was cancelled")
    assert api.changes == [(f"{RUNS}/r-1", {"metadata": {"annotations": {TOLD: value}}}) for value in values]
    assert "told of 1 PipelineRuns" in capsys.readouterr().out


def test_what_the_investigation_came_to_is_told_where_the_report_itself_failed(
    api: FakeApi, tmp_path: Path, webhook: Webhook
):
    known(api, {"status": condition("PodCreationFailed", 'violates PodSecurity "restricted"')})
    api.objects[RUNS] = [run(message="Tasks Completed: 2 (Failed: 2, Cancelled 0), Skipped: 0")]
    assert cli.run(["tekton", "tell", f"--url-file={webhook.file(tmp_path)}"]) == 0
    assert f'{CART}: its pod was refused (violates PodSecurity "restricted"); ' in webhook.received[0]


def test_a_run_that_cannot_be_marked_is_not_told_of_again_and_again(
    api: FakeApi, tmp_path: Path, webhook: Webhook, capsys: pytest.CaptureFixture[str]
):
    api.objects[RUNS] = [run("r-1", "Cancelled"), run("r-2", "Cancelled")]
    api.refusals[f"{RUNS}/r-1"] = 403, status("forbidden")
    assert cli.run(["tekton", "tell", f"--url-file={webhook.file(tmp_path)}"]) == 2
    (message,) = webhook.received
    assert "--use-pipelinerun r-2 " in message
    assert "cannot mark the PipelineRun r-1: the API server answered HTTP 403" in capsys.readouterr().err


def test_without_a_webhook_what_is_untold_stays_so(
    api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    api.objects[RUNS] = [run("r-1", "Cancelled")]
    assert cli.run(["tekton", "tell", f"--url-file={tmp_path / 'none'}"]) == 0
    assert api.changes == []
    assert capsys.readouterr().out.startswith("r-1: the run was cancelled\ntold of 0 ")


def test_a_chat_gets_no_flood(tmp_path: Path, webhook: Webhook):
    ended = [run(f"r-{number}", "Cancelled") for number in range(MOST + 5)]
    count = tell_untold(ended, lambda _: None, lambda *_: None, lambda _: None, webhook.file(tmp_path))
    assert count == len(webhook.received) == MOST
