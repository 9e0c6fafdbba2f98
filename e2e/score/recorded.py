"""A recorded live run in one file: the recording, whose manifest holds the alert and the namespace, too."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.evidence.archive import read_archive, write_archive
from agent.evidence.recording import MANIFEST, MAX_BYTES, MAX_ENTRIES


@dataclass(frozen=True)
class Recorded:
    """The manifest, and the content of each file by the name it has there."""

    manifest: dict[str, Any]
    files: dict[str, bytes]

    @property
    def alert(self) -> str:
        """The alert of the run, with pod names and namespace filled in."""
        return str(self.manifest["alert"])

    @property
    def namespace(self) -> str:
        """The namespace of the run."""
        return str(self.manifest["namespace"])


def read(path: Path) -> Recorded:
    """Read a recording; raises ArchiveError, or ValueError for a manifest that is none."""
    files = read_archive(path, MANIFEST, max_bytes=MAX_BYTES, max_members=MAX_ENTRIES)
    manifest = json.loads(files.pop(MANIFEST, b"null"))
    entries = manifest.get("entries") if isinstance(manifest, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{MANIFEST} is damaged: expected an object with a list of entries")
    return Recorded(manifest, files)


def keep(recording: Path, place: Path, *, alert: str, namespace: str) -> None:
    """Write a recording anew as that of a scenario, with what it was made with."""
    taken = read(recording)
    about = {key: value for key, value in taken.manifest.items() if key != "entries"}
    manifest = {**about, "namespace": namespace, "alert": alert, "entries": taken.manifest["entries"]}
    at = datetime.fromisoformat(manifest["recorded_at"])
    content = json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"
    write_archive(place, {MANIFEST: content, **taken.files}, mtime=int(at.timestamp()))
