"""Archives: a .tar.gz of untrusted origin read into memory within bounds, and one written reproducibly."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, cast

from agent.files import open_regular


class ArchiveError(ValueError):
    """An archive that is damaged, too large, or contains what it must not."""


def is_archive(path: Path) -> bool:
    """Whether the name says .tar.gz or .tgz."""
    return path.name.endswith((".tar.gz", ".tgz"))


def read_archive(path: Path, root_marker: str, *, max_bytes: int, max_members: int) -> dict[str, bytes]:
    """The files of an archive by name, relative to the folder that holds `root_marker`.

    Nothing is written to disk. Raises ArchiveError for links, devices, names that leave the archive,
    more than `max_bytes` (unpacked, headers included) or `max_members`, and damage.
    """
    files: dict[PurePosixPath, bytes] = {}
    try:
        with (
            open_regular(path) as file,
            gzip.open(file) as packed,
            tarfile.open(fileobj=cast(IO[bytes], _Bounded(packed, max_bytes)), mode="r|") as archive,
        ):
            for count, member in enumerate(archive, start=1):
                if count > max_members:
                    raise ArchiveError(f"more than {max_members} files")
                name = _safe_name(member)
                if member.isdir():
                    continue
                content = archive.extractfile(member)
                files[name] = content.read() if content else b""
    except (tarfile.TarError, EOFError, zlib.error, OSError) as err:
        raise ArchiveError(f"not a readable .tar.gz: {err}") from None
    roots = sorted(
        (name.parent for name in files if name.name == root_marker), key=lambda root: len(root.parts)
    )
    root = roots[0] if roots else PurePosixPath()
    return {str(name.relative_to(root)): data for name, data in files.items() if name.is_relative_to(root)}


def write_archive(path: Path, files: Mapping[str, bytes], *, mtime: int) -> None:
    """Write a .tar.gz whose bytes depend on names, contents and mtime (unix seconds) only."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=mtime) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), mtime, 0o644
            archive.addfile(member, io.BytesIO(content))


class _Bounded:
    """A stream that raises ArchiveError beyond a number of bytes: headers of a tar can be as large as files."""

    def __init__(self, stream: gzip.GzipFile, max_bytes: int) -> None:
        self._stream, self._left, self._limit = stream, max_bytes, max_bytes

    def read(self, size: int) -> bytes:
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise ArchiveError(f"more than {self._limit >> 20} MiB unpacked")
        return chunk


def _safe_name(member: tarfile.TarInfo) -> PurePosixPath:
    name = PurePosixPath(member.name)
    if not (member.isfile() or member.isdir()):
        raise ArchiveError(f"{member.name!r} is a link or a device; only files and folders are read")
    if name.is_absolute() or ".." in name.parts:
        raise ArchiveError(f"{member.name!r} leaves the archive")
    return name
