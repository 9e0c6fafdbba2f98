"""The store: a finished incident is not worked again; what is damaged is as good as absent."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import run
from agent.verdict import store
from tests.samples import replayed


def _arguments(tmp_path: Path) -> list[str]:
    return [*replayed(tmp_path), "--store", str(tmp_path / "store")]


def _investigate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(_arguments(tmp_path)) == 0
    return capsys.readouterr().out


def _run_id(report: str) -> str:
    return report.splitlines()[0].rpartition(" ")[2]


def test_a_stored_incident_is_printed_again_and_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = _investigate(tmp_path, capsys), _investigate(tmp_path, capsys)
    assert _run_id(first) == _run_id(second)
    assert "not investigated again" not in first and "not investigated again" in second
    assert first.splitlines()[-4:] == second.splitlines()[-4:]


def test_a_stored_incident_is_printed_without_loading_the_team(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _investigate(tmp_path, capsys)
    script = "import sys; from agent.cli import run; run(sys.argv[1:]); print('autogen_core' in sys.modules)"
    command = [sys.executable, "-c", script, *_arguments(tmp_path)]
    second = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert _run_id(second) == _run_id(first)
    assert second.splitlines()[-1] == "False"


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\x00", b'{"schema_version": "1.0"}'])
def test_a_corrupted_result_leads_to_a_fresh_run(
    damage: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _investigate(tmp_path, capsys)
    (file,) = (tmp_path / "store").iterdir()
    file.write_bytes(damage)
    second = _investigate(tmp_path, capsys)
    assert _run_id(first) != _run_id(second)
    assert _run_id(_investigate(tmp_path, capsys)) == _run_id(second)


def test_another_incident_is_not_taken_for_this_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _investigate(tmp_path, capsys)
    (file,) = (tmp_path / "store").iterdir()
    file.rename(file.with_name("other.json"))
    assert store.load(str(tmp_path / "store"), "other") is None
