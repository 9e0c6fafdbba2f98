"""A run that is told to end: a partial result, written whole, at once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run
from agent.verdict import output
from agent.verdict.output import _write
from tests import loopback
from tests.samples import CRASH, alert_file, replayed


@pytest.fixture
def silent_api() -> Iterator[str]:
    """An API server that accepts every request and never answers."""

    class Silent(loopback.Handler):
        def do_GET(self) -> None:
            time.sleep(30)

    with loopback.serving(Silent) as url:
        yield url


def _start(
    tmp_path: Path, api: str, *more: str, alerts: Sequence[dict[str, Any]] = ()
) -> subprocess.Popen[str]:
    config = loopback.kubeconfig(tmp_path / "kubeconfig", api)
    command = [sys.executable, "-m", "agent", "investigate", alert_file(tmp_path, *alerts), "--read-timeout", "30",
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


def test_sigterm_in_mid_run_leaves_a_result_of_each_of_several_incidents(
    tmp_path: Path, silent_api: str
) -> None:
    about = {f"desk{number}": {**CRASH["labels"], "pod": f"desk{number}-0"} for number in range(6)}  # type: ignore[dict-item]
    alerts = [{**CRASH, "labels": labels, "fingerprint": name} for name, labels in about.items()]
    process = _start(tmp_path, silent_api, "--format", "json", alerts=alerts)
    assert process.stderr is not None
    under_way = [process.stderr.readline() for _ in range(8)]
    assert sum("investigating" in line for line in under_way) == 4
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (1, False)
    results = json.loads(out)
    assert len(results) == len([*(tmp_path / "out").glob("*/result.json")]) == 6
    begun, waiting = (
        [each for each in results if ("before it began" in each["reason"]) is late] for late in (False, True)
    )
    assert (len(begun), len(waiting)) == (4, 2)
    assert all("terminated" in each["reason"] for each in results)


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
