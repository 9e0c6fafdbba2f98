"""A run that is told to end: a partial result, written whole, at once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import run
from agent.verdict import output
from agent.verdict.output import _write
from tests import loopback
from tests.samples import alert_file, replayed


@pytest.fixture
def silent_api() -> Iterator[str]:
    """An API server that accepts every request and never answers."""

    class Silent(loopback.Handler):
        def do_GET(self) -> None:
            time.sleep(30)

    with loopback.serving(Silent) as url:
        yield url


def _start(tmp_path: Path, api: str, *more: str) -> subprocess.Popen[str]:
    config = loopback.kubeconfig(tmp_path / "kubeconfig", api)
    command = [sys.executable, "-m", "agent", "investigate", alert_file(tmp_path), "--read-timeout", "30",
               "--kubeconfig", config, "--output", str(tmp_path / "out"), *more]  # fmt: skip
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def test_sigterm_in_mid_run_leaves_a_whole_partial_result(tmp_path: Path, silent_api: str) -> None:
    process = _start(tmp_path, silent_api)
    assert process.stderr is not None
    assert "investigating" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["outcome"] == "failed" and "terminated" in result["reason"]
    assert "Investigator: Analysis cut short" in out
    assert "Traceback" not in err
    assert not list((tmp_path / "out").rglob(".*"))


def test_the_deadline_ends_a_run_whose_reads_hang(tmp_path: Path, silent_api: str) -> None:
    process = _start(tmp_path, silent_api, "--deadline", "0.5", "--format", "json")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert result["outcome"] == "inconclusive"
    assert any("deadline" in line for line in result["missing"])


def test_sigterm_while_files_are_written_leaves_none_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path, content: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        _write(path, content)

    monkeypatch.setattr(output, "_write", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    out = tmp_path / "out"
    assert run([*replayed(tmp_path), "--output", str(out)]) == 0
    assert {"result.json", "report.md", "report.txt", "evidence"} == {path.name for path in out.iterdir()}
    assert signal.getsignal(signal.SIGTERM) == before
