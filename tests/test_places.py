"""Places to write to: refused before anything is read, and a verdict is never lost to them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cli import run
from agent.evidence.recording import RecordingSource, write_recording
from agent.files import OutputError
from agent.verdict import store
from tests.samples import CRASH, alert_file, empty_recording, replayed


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    return replayed(tmp_path)


@pytest.mark.parametrize("setting", ["--output", "--store", "--tekton-results"])
@pytest.mark.parametrize(
    ("place", "words"), [("file", "expected a directory"), ("file/x", "Not a directory")]
)
def test_a_place_that_cannot_be_written_is_refused_before_the_investigation(
    setting: str,
    place: str,
    words: str,
    arguments: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").write_text("mine")
    assert run([*arguments, setting, str(tmp_path / place)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "cannot write into" in said.err and words in said.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_recording_that_cannot_be_written_is_refused_before_the_investigation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alert = alert_file(tmp_path)
    assert run(["investigate", alert, "--record", f"{alert}/x"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "cannot write into" in said.err and said.err.count("\n") == 1


def test_a_disk_that_fills_up_in_the_meantime_does_not_cost_the_verdict(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, content: str) -> None:
        raise OutputError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr(store, "write_whole", full)
    assert run([*arguments, "--store", str(tmp_path / "store")]) == 2
    said = capsys.readouterr()
    assert "Investigator: Analysis complete" in said.out
    assert said.err.splitlines()[-1].endswith("No space left on device")


def test_what_was_not_investigated_is_not_stored(tmp_path: Path) -> None:
    alert = alert_file(tmp_path, {**CRASH, "status": "resolved"})
    assert run(["investigate", alert, "--store", str(tmp_path / "store")]) == 0
    assert list((tmp_path / "store").iterdir()) == []


def test_a_stored_result_replaces_no_recording(arguments: list[str], tmp_path: Path) -> None:
    kept = ["--store", str(tmp_path / "store")]
    assert run([*arguments, *kept]) == 0
    record = empty_recording(tmp_path / "record", [{"query": "get Pod bank/desk-0", "data": {}}])
    before = (record / "manifest.json").read_bytes()
    assert run([*arguments[:2], *kept, "--record", str(record)]) == 0
    assert (record / "manifest.json").read_bytes() == before


def test_the_output_of_an_earlier_run_is_replaced_and_what_is_not_ours_stays(
    arguments: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / "evidence").mkdir(parents=True)
    (out / "evidence" / "E99.txt").write_text("of an earlier run")
    (out / "notes").write_text("mine")
    assert run([*arguments, "--output", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {
        "result.json",
        "report.md",
        "report.txt",
        "evidence",
        "notes",
    }
    known = {each["id"] for each in json.loads((out / "result.json").read_text())["evidence"]}
    assert {path.stem for path in (out / "evidence").iterdir()} == known


def test_a_folder_of_evidence_that_is_not_ours_is_refused_before_the_investigation(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "evidence").mkdir(parents=True)
    (tmp_path / "out" / "evidence" / "photo.jpg").write_text("mine")
    assert run([*arguments, "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "name another directory" in said.err
    assert (tmp_path / "out" / "evidence" / "photo.jpg").read_text() == "mine"


def test_a_recording_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    place, at = tmp_path / "recording", datetime(2026, 1, 31, tzinfo=UTC)
    empty_recording(place)
    (place / "001-get-pod.json").write_text("{}")
    (place / "README").write_text("mine")
    write_recording(place, [], recorded_at=at)
    assert {path.name for path in place.iterdir()} == {"manifest.json", "README"}
    assert RecordingSource(place).recorded_at == at
