"""A recorded scenario is one file, and what changed in it can be read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.evidence.archive import write_archive
from e2e.score.recorded import keep, read
from e2e.score.textconv import as_text

ROOT = Path(__file__).parents[2]
TEXTCONV = f"diff.recording.textconv={sys.executable} -m e2e.score.textconv"
ALERT = '{"labels": {"pod": "web-1", "namespace": "maple-1"}}\n'


def recording(path: Path, *, phase: str = "Running", log: str = "ready\n") -> Path:
    entries = [
        {"query": "logs maple-1/web-1 web", "status": "ok", "file": "001.log"},
        {"query": "get Pod maple-1/web-1", "status": "ok", "file": "002.json"},
        {"query": "get Node n1", "status": "forbidden", "message": "not allowed"},
    ]
    manifest = {"version": 1, "recorded_at": "2026-03-01T12:00:00.000Z", "entries": entries}
    pod = {"kind": "Pod", "status": {"phase": phase}}
    files = {"manifest.json": manifest, "002.json": pod}
    packed = {name: json.dumps(data, indent=1).encode() for name, data in files.items()}
    write_archive(path, {**packed, "001.log": log.encode()}, mtime=0)
    return path


def kept(place: Path, *, namespace: str = "maple-1", phase: str = "Running", log: str = "ready\n") -> Path:
    taken = recording(place.with_name("taken.tar.gz"), phase=phase, log=log)
    keep(taken, place, alert=ALERT.replace("maple-1", namespace), namespace=namespace)
    taken.unlink()
    return place


def test_a_recording_that_is_kept_holds_the_alert_and_the_namespace(tmp_path: Path) -> None:
    before = read(recording(tmp_path / "taken.tar.gz"))
    after = read(kept(tmp_path / "recording.tar.gz"))
    assert (after.alert, after.namespace) == (ALERT, "maple-1")
    assert after.files == before.files
    assert after.manifest.items() >= before.manifest.items()


def test_a_recording_is_shown_by_read_with_its_namespace_replaced(tmp_path: Path) -> None:
    lines = as_text(read(kept(tmp_path / "recording.tar.gz"))).splitlines()
    assert "namespace: maple-1" in lines
    reads = [line for line in lines if line.startswith("== ")]
    assert reads == ["== get Node n1", "== get Pod NAMESPACE/web-1", "== logs NAMESPACE/web-1 web"]
    assert lines[-1] == "ready"
    assert "message: not allowed" in lines


def test_a_recording_without_an_alert_is_shown_too(tmp_path: Path) -> None:
    assert "== get Pod maple-1/web-1" in as_text(read(recording(tmp_path / "recording.tar.gz")))


def git(folder: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull}
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", *name, *words], cwd=folder, capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


@pytest.mark.parametrize("change", [{"phase": "Failed"}, {"log": "\x1b[2Jbroken\n"}], ids=["object", "log"])
def test_git_shows_what_changed_in_a_recording(change: dict[str, str], tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitattributes").write_text((ROOT / ".gitattributes").read_text())
    kept(tmp_path / "recording.tar.gz")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "before")
    kept(tmp_path / "recording.tar.gz", **change)
    shown = git(tmp_path, "-c", TEXTCONV, "diff").splitlines()
    changed = [line for line in shown if line[0] in "+-" and line[:3] not in ("+++", "---")]
    expected = {
        "phase": ['-  "phase": "Running"', '+  "phase": "Failed"'],
        "log": ["-ready", "+\\u001b[2Jbroken"],
    }
    assert changed == expected[next(iter(change))]


def test_git_goes_on_where_a_recording_is_damaged(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitattributes").write_text((ROOT / ".gitattributes").read_text())
    kept(tmp_path / "recording.tar.gz")
    git(tmp_path, "add", ".")
    (tmp_path / "recording.tar.gz").write_bytes(b"no archive")
    assert "+not a recording: not a readable .tar.gz" in git(tmp_path, "-c", TEXTCONV, "diff")
