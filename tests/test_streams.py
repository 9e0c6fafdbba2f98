"""Standard streams: full, closed, cut off or of another encoding, they cost words, never a traceback."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.samples import empty_recording

AGENT = [sys.executable, "-m", "agent"]
TEXT = "Hohe Last auf payment-service \N{RIGHTWARDS ARROW} \N{LATIN SMALL LETTER U WITH DIAERESIS}"


@pytest.fixture
def investigate(tmp_path: Path) -> list[str]:
    (tmp_path / "alert").write_text(TEXT, encoding="utf-8")
    recording = str(empty_recording(tmp_path / "recording"))
    return [*AGENT, "investigate", str(tmp_path / "alert"), "--replay", recording]


def _in_shell(command: list[str], redirection: str) -> subprocess.CompletedProcess[str]:
    shell = ["bash", "-c", f'"$@" {redirection}', "bash", *command]
    return subprocess.run(shell, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("command", [["version"], ["schema"], ["encode", "an alert"]])
def test_a_full_disk_behind_standard_output_is_one_line(command: list[str]) -> None:
    done = _in_shell([*AGENT, *command], "> /dev/full")
    assert (done.returncode, done.stderr) == (2, "incident-agent: standard output: No space left on device\n")


def test_a_full_disk_behind_a_verdict_is_one_line_and_no_traceback(investigate: list[str]) -> None:
    done = _in_shell(investigate, "> /dev/full")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "incident-agent: standard output: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_as_good_as_an_open_one(
    redirection: str, investigate: list[str], tmp_path: Path
) -> None:
    done = _in_shell([*investigate, "--output", str(tmp_path / "out")], redirection)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert json.loads((tmp_path / "out" / "result.json").read_text())["outcome"] == "inconclusive"


def test_a_closed_standard_input_holds_no_alert(investigate: list[str]) -> None:
    done = _in_shell([*AGENT, "investigate", "-", *investigate[-2:]], "<&-")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("incident-agent: the alert is empty")


def test_a_reader_that_leaves_early_causes_no_words(investigate: list[str]) -> None:
    done = _in_shell([*investigate, "--format", "json"], "| head -c 1")
    assert done.stdout == "{" and "Traceback" not in done.stderr


def test_what_is_written_is_utf8_whatever_the_terminal_claims(investigate: list[str]) -> None:
    done = subprocess.run(
        [*investigate, "--format", "json"], capture_output=True, check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert json.loads(done.stdout.decode("utf-8"))["alert"]["title"] == TEXT


@pytest.mark.parametrize(
    "redirection", ["2> /dev/full", "2>&-", "2> >(true)"], ids=["full", "closed", "left"]
)
def test_progress_never_costs_the_verdict(redirection: str, investigate: list[str], tmp_path: Path) -> None:
    done = _in_shell([*investigate, "--output", str(tmp_path / "out")], redirection)
    assert (done.returncode, done.stdout.splitlines()[-4]) == (0, "=== INCIDENT WORKFLOW RESULT ===")
    assert (tmp_path / "out" / "result.json").exists()


def test_nobody_has_to_read_progress(investigate: list[str]) -> None:
    unread, filled = os.pipe()
    try:
        os.set_blocking(filled, False)
        with suppress(BlockingIOError):
            while True:
                os.write(filled, b"x" * 4096)
        os.set_blocking(filled, True)
        done = subprocess.run(investigate, stdout=subprocess.PIPE, stderr=filled, timeout=60)
        assert (done.returncode, b"INCIDENT WORKFLOW RESULT" in done.stdout) == (0, True)
        done = subprocess.run(
            [*AGENT, "investigate", "/none"], stdout=subprocess.PIPE, stderr=filled, timeout=60
        )
        assert done.returncode == 2
    finally:
        os.close(unread)
        os.close(filled)
