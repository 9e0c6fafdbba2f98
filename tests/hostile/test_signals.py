"""SIGTERM at any moment from the first line of the program: an ordinary end, in words and with a whole result."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hostile.process import wait_until_handled
from tests.samples import CRASH, alert_file, replayed

DICE = random.Random(9)
MOMENTS = [0.0, *(round(part / 4 + DICE.uniform(0, 1 / 4), 3) for part in range(4))]  # seconds


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    places = ["--output", str(tmp_path / "out"), "--tekton-results", str(tmp_path / "results")]
    return [sys.executable, "-m", "agent", *replayed(tmp_path), *places]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_told_to_end_in_its_first_second_ends_in_words_and_leaves_its_result(
    moment: float, command: list[str], tmp_path: Path
) -> None:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until_handled(process)
    time.sleep(moment)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert (tmp_path / "results" / "outcome").read_text() == result["outcome"]
    assert out.splitlines()[-4] == b"=== INCIDENT WORKFLOW RESULT ==="
    assert process.returncode == (1 if result["outcome"] == "failed" else 0), err
    if process.returncode:
        assert b"terminated" in err and "terminated" in result["reason"]
    else:
        assert result["outcome"] == "inconclusive"  # it was over before
    if moment == 0:
        assert process.returncode == 1


def test_the_request_is_heard_before_anything_heavy_is_imported() -> None:
    program = "from agent import termination; import sys; print(len(sys.modules)); print(*sys.modules)"
    count, names = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert int(count) < 120
    assert not {"asyncio", "argparse", "pydantic", "agent.cli", "yaml"} & set(names.split())


def test_a_thousand_incidents_that_were_not_begun_do_not_hold_up_the_end(
    command: list[str], tmp_path: Path
) -> None:
    def about(number: int) -> dict[str, object]:
        labels = {"alertname": "KubePodCrashLooping", "namespace": f"bank-{number}", "pod": "desk-0"}
        return {**CRASH, "labels": labels, "fingerprint": f"{number:016x}"}

    alert_file(tmp_path, *map(about, range(1000)))
    process = subprocess.Popen(
        [*command[: command.index("--output")], "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
    )  # fmt: skip
    assert process.stdout is not None
    begun = process.stdout.read(2)  # the first verdict is there
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)  # at a tenth of a second each it would take 100
    results = json.loads(begun + out)
    assert len(results) == 1000 and results[-1]["outcome"] == "failed"
