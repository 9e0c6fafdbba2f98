"""Runs of the whole program against a model server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run

SAMPLE = Path(__file__).parents[2] / "agent" / "samples" / "high-cpu-traffic"
FREE = ["--max-usd", "0"]
PRICED = ["--usd-per-mtok-in", "2", "--usd-per-mtok-out", "8"]


class Run:
    """Investigates an alert through the command line, and reads the result it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.progress = ""

    def __call__(
        self, url: str, *options: str, alert: Path | None = None, recording: Path | None = None
    ) -> Any:
        """The result as JSON; the run must reach one."""
        code = run(_arguments(url, alert, recording) + list(options))
        said = self._capsys.readouterr()
        self.progress = said.err
        assert code == 0, said.err
        return json.loads(said.out)


def start(url: str, *options: str) -> subprocess.Popen[str]:
    """The same run as a process of its own."""
    command = [sys.executable, "-m", "agent", *_arguments(url, None, None), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _arguments(url: str, alert: Path | None, recording: Path | None) -> list[str]:
    return [
        "investigate", str(alert or SAMPLE / "alert.txt"), "--replay", str(recording or SAMPLE / "recording"),
        "--model", "openai:stub-1", "--model-url", url, "--format", "json",
    ]  # fmt: skip


def by_rules(
    capsys: pytest.CaptureFixture[str], alert: Path | None = None, recording: Path | None = None
) -> Any:
    """The result of the rules for the same alert."""
    arguments = [str(alert or SAMPLE / "alert.txt"), "--replay", str(recording or SAMPLE / "recording")]
    assert run(["investigate", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def marks(result: Any, kind: str) -> list[str]:
    """The texts of the transcript's messages of a kind."""
    return [message["text"] for message in result["transcript"] if message["kind"] == kind]
