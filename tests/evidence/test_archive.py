"""A recording in one file: read within bounds, closed to what is hostile or damaged."""

import asyncio
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from agent.evidence import query, recording
from agent.evidence.recording import RecordingError, RecordingSource

LOGS = query.logs("shop", "web-1", "web")


def packed(path: Path, *members: tuple[tarfile.TarInfo | str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def manifest_bytes(*entries: Any) -> bytes:
    return json.dumps({"recorded_at": "2026-03-01T12:00:00Z", "entries": list(entries)}).encode()


def test_an_archive_may_hold_the_recording_in_a_folder(tmp_path: Path) -> None:
    entry = {"query": str(LOGS), "file": "x.log"}
    path = packed(
        tmp_path / "run.tar.gz", ("run/manifest.json", manifest_bytes(entry)), ("./run/x.log", b"line\n")
    )
    assert asyncio.run(RecordingSource(path).answer(LOGS)).data == "line\n"


def link(kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo("x.log")
    member.type, member.linkname = kind, "/etc/passwd"
    return member


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("../x.log", "leaves the archive"),
        ("/etc/x.log", "leaves the archive"),
        (link(tarfile.SYMTYPE), "link or a device"),
        (link(tarfile.LNKTYPE), "link or a device"),
        (link(tarfile.CHRTYPE), "link or a device"),
        (link(tarfile.FIFOTYPE), "link or a device"),
    ],
)
def test_a_hostile_archive_is_refused(tmp_path: Path, member: tarfile.TarInfo | str, words: str) -> None:
    path = packed(tmp_path / "run.tar.gz", ("manifest.json", manifest_bytes()), (member, b""))
    with pytest.raises(RecordingError, match=words):
        RecordingSource(path)


def test_an_archive_that_unpacks_to_more_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MAX_ARCHIVE", 1 << 20)
    path = packed(tmp_path / "run.tar.gz", ("manifest.json", manifest_bytes()), ("x.log", bytes(2 << 20)))
    assert path.stat().st_size < 10_000
    with pytest.raises(RecordingError, match="more than 1 MiB unpacked"):
        RecordingSource(path)


def test_an_archive_with_too_many_files_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "run.tar.gz", *((f"{number}.log", b"") for number in range(5001)))
    with pytest.raises(RecordingError, match="more than 5000 files"):
        RecordingSource(path)


@pytest.mark.parametrize("cut", [0, 10, -20])
def test_a_damaged_archive_is_refused(tmp_path: Path, cut: int) -> None:
    path = packed(tmp_path / "run.tar.gz", ("manifest.json", manifest_bytes()), ("x.log", os.urandom(50_000)))
    path.write_bytes(path.read_bytes()[:cut] if cut else b"")
    with pytest.raises(RecordingError, match="not a readable"):
        RecordingSource(path)
