"""The steps beside the investigation: report, notify, prune."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.tekton.prune import expired
from agent.tekton.report import conclusion, report
from tests import loopback
from tests.tekton.samples import NOW


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """A chat webhook at /ok; /moved redirects to it and /gone answers 410."""
    received: list[Any] = []

    class Handler(loopback.Handler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = {"/ok": 200, "/moved": 307}.get(self.path, 410)
            if status == 200:
                received.append(json.loads(body))
            self.send_response(status)
            self.send_header("Location", "/ok")
            self.end_headers()

    with loopback.serving(Handler) as url:
        yield url, received


def notify(tmp_path: Path, address: str, text: str = "diagnosed: oom-killed") -> int:
    (tmp_path / "url").write_text(f"{address}\n")
    return cli.run(["tekton", "notify", f"--url-file={tmp_path / 'url'}", f"--text={text}"])


def test_the_verdict_is_posted_as_text_in_a_code_span(tmp_path: Path, webhook: tuple[str, list[Any]]):
    address, received = webhook
    assert notify(tmp_path, f"{address}/ok", "line $(HOME) é") == 0
    assert received == [{"text": "`line $(HOME) é`"}]


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ("<!channel> <@U1> <!here|x>", "`&lt;!channel&gt; &lt;@U1&gt; &lt;!here|x&gt;`"),
        ("<http://evil|your bank> & co", "`&lt;http://evil|your bank&gt; &amp; co`"),
        ("a` @all *b* ``` _c_", "`a' @all *b* ''' _c_`"),
        ("one\ntwo\x1b[2J\u202eabc\U000e0041", "`one two [2J abc`"),
    ],
)
def test_nothing_a_log_says_calls_people_links_or_formats_in_a_chat(
    said: str, posted: str, tmp_path: Path, webhook: tuple[str, list[Any]]
):
    address, received = webhook
    assert notify(tmp_path, f"{address}/ok", said) == 0
    assert received == [{"text": posted}]


@pytest.mark.parametrize(
    ("path", "words"), [("/gone", "HTTP 410"), ("/moved", "HTTP 307")], ids=["refused", "redirected"]
)
def test_a_webhook_that_does_not_take_it_is_an_error_without_its_address(
    path: str, words: str, tmp_path: Path, webhook: tuple[str, list[Any]], capsys: pytest.CaptureFixture[str]
):
    address, received = webhook
    assert notify(tmp_path, address + path) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "127.0.0.1" not in said
    assert said.count("\n") == 1
    assert received == []


@pytest.mark.parametrize("content", ["", "file:///etc/passwd", "no address", "http://a b"])
def test_what_is_no_web_address_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert notify(tmp_path, content) == 2
    assert "expected http://... or https://..." in capsys.readouterr().err


def test_the_report_of_a_success_points_to_the_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--run=r-1", "--status=Succeeded", "--reason=Succeeded", f"--results={tmp_path}"]
    assert cli.run(["tekton", "report", *arguments]) == 0
    assert capsys.readouterr().out.startswith("The investigation reached an outcome.\n")
    assert (tmp_path / "conclusion").read_text() == "The investigation reached an outcome."


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TaskRunTimeout", "longer than its timeout"),
        ("TaskRunImagePullFailed", "image cannot be pulled"),
        ("PodCreationFailed", "set-security-context"),
        ("Failed", "the log of its step says why"),
        ("SomethingNew", "see the TaskRun's status"),
    ],
)
def test_the_report_of_a_failure_says_why_and_where_to_look(reason: str, words: str):
    said = report("r-1", "Failed", reason)
    assert said.startswith(f"No verdict: the investigation failed ({reason}): ")
    assert words in said
    assert "tkn pipelinerun logs r-1 -t investigate" in said


def test_a_run_that_was_cancelled_before_the_task_ended_has_no_verdict():
    assert conclusion("None", "") == (
        "No verdict: the investigation did not finish; the run was cancelled or timed out."
    )


def test_only_runs_that_ended_long_ago_are_pruned():
    def run(name: str, **status: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "status": status}

    runs = [
        run("old", completionTime="2026-01-30T11:59:59Z"),
        run("young", completionTime="2026-01-30T12:00:01Z"),
        run("running", startTime="2025-01-01T00:00:00Z"),
        {"metadata": {"name": "new"}},
    ]
    assert expired(runs, NOW, timedelta(hours=24)) == ["old"]


@pytest.mark.parametrize("hours", ["-1", "nan", "1e300", "soon"])
def test_pruning_takes_only_hours_that_can_be(hours: str, capsys: pytest.CaptureFixture[str]):
    assert cli.run(["tekton", "prune", f"--keep-hours={hours}"]) == 2
    assert f"invalid hours value: '{hours}'" in capsys.readouterr().err


def test_an_address_that_is_none_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert notify(tmp_path, "http://[::bad/x") == 2
    assert capsys.readouterr().err == "incident-agent: the webhook cannot be reached: Invalid IPv6 URL\n"
