"""What the investigating step leaves at its end: results and a message."""

from pathlib import Path

import pytest

from agent import cli
from agent.files import OutputError
from agent.settings import Settings
from agent.tekton import conclude, notify
from tests.tekton.samples import result
from tests.tekton.webhook import Webhook

REACHED = "The investigation reached an outcome"


def concluded(tmp_path: Path, url_file: Path, outcome: str = "diagnosed", lacking: Exception | None = None):
    """What the result `conclusion` and the log say."""
    said: list[str] = []
    settings = Settings(tekton_results=str(tmp_path / "r"), notify_url_file=str(url_file), run_name="sre/r-1")
    conclude(settings, [result(outcome=outcome)], lacking, said.append)
    return (tmp_path / "r" / "conclusion").read_text(), said


@pytest.mark.parametrize("outcome", ["diagnosed", "inconclusive"])
def test_a_verdict_that_a_person_should_see_is_posted(outcome: str, tmp_path: Path, webhook: Webhook):
    said, _ = concluded(tmp_path, webhook.file(tmp_path), outcome)
    assert said == f"{REACHED}; the verdict is posted."
    assert webhook.received == [
        f"`{outcome} (0.90): oom-killed in shop/StatefulSet/cart."
        " The container was killed at its memory limit. [sre/r-1]`"
    ]


@pytest.mark.parametrize("outcome", ["self-resolved", "not-actionable", "failed"])
def test_other_outcomes_are_not_posted(outcome: str, tmp_path: Path, webhook: Webhook):
    concluded(tmp_path, webhook.file(tmp_path), outcome)
    assert webhook.posts == 0
    assert (tmp_path / "r" / "outcome").read_text() == outcome


def test_without_a_webhook_that_is_said(tmp_path: Path):
    said, log = concluded(tmp_path, tmp_path / "none")
    assert said == f"{REACHED}; the verdict is posted nowhere: no webhook is set up."
    assert log == ["note: the verdict is posted nowhere: no webhook is set up"]


def test_a_webhook_that_refuses_costs_no_verdict(tmp_path: Path, webhook: Webhook):
    said, _ = concluded(tmp_path, webhook.file(tmp_path, "/gone"))
    assert said == f"{REACHED}; the verdict is not posted: the webhook answered HTTP 410; expected 2xx."
    assert (tmp_path / "r" / "outcome").read_text() == "diagnosed"


def test_what_could_not_be_written_is_said_too(tmp_path: Path, webhook: Webhook):
    lacking = OutputError("cannot write into /workspace/output: No space left on device")
    said, log = concluded(tmp_path, webhook.file(tmp_path), lacking=lacking)
    assert said == f"{REACHED}; {lacking}; the verdict is posted."
    assert log[0] == f"note: {lacking}"


ALERT = '{"labels": {"alertname": "Watchdog"}, "fingerprint": "ffffffffffffffff"}'


def test_a_full_workspace_is_no_failure_where_tekton_has_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OutputError("cannot write into out: No space left on device")

    monkeypatch.setattr("agent.delivery.write_output", full)
    (tmp_path / "alert.json").write_text(ALERT)
    given = ["investigate", str(tmp_path / "alert.json"), f"--output={tmp_path / 'out'}"]
    assert cli.run(given) == 2
    assert cli.run([*given, f"--tekton-results={tmp_path / 'r'}"]) == 0
    assert "note: cannot write into out" in capsys.readouterr().err
    assert (tmp_path / "r" / "outcome").read_text() == "not-actionable"


def test_an_alert_that_cannot_be_read_is_the_summary_of_a_failed_run(tmp_path: Path):
    arguments = ["investigate", "--alert-base64=!", f"--tekton-results={tmp_path / 'r'}"]
    assert cli.run(arguments) == 2
    assert (tmp_path / "r" / "outcome").read_text() == "failed"
    assert (tmp_path / "r" / "summary").read_text().startswith("not base64: expected")
    assert (tmp_path / "r" / "conclusion").read_text() == "No outcome was reached."


def test_a_message_is_tried_for_less_than_a_minute():
    attempts = 1 + len(notify.PAUSES)
    assert attempts * notify.SECONDS + sum(notify.PAUSES) < 60
