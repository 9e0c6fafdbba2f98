"""Files: read only where they are regular and within bounds, written whole or not at all."""

import errno
import os
import stat
import tempfile
from io import BufferedReader
from pathlib import Path

from agent.errors import UserError

_KINDS = {
    stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip
MAX_SMALL = 1 << 20
"""Bytes of a file that people write by hand: a kubeconfig, a key, an address."""


class OutputError(UserError):
    """A place that cannot be written; the message is for people."""


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, or a link to one, for reading; raises OSError, also for pipes, sockets and devices.

    Nothing waits: a pipe is not opened, and what is no file in truth (of /proc, say) is read without blocking.
    """
    _check(path, path.stat().st_mode)  # before it is opened, which some devices take as an order
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    file = os.fdopen(handle, "rb")
    try:
        _check(path, os.fstat(handle).st_mode)
    except OSError:
        file.close()
        raise
    return file


def read_file(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes; raises OSError."""
    with open_regular(path) as file:
        content = file.read(most + 1) or b""  # None: it has nothing to give now
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return content


def _check(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))


def check_directory(directory: Path) -> None:
    """Make a directory unless it is there; raises OutputError where no file can be written into it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except FileExistsError:
        raise OutputError(f"cannot write into {directory}: it is a file; expected a directory") from None
    except OSError as error:
        raise OutputError(f"cannot write into {directory}: {error.strerror or error}") from None


def write_whole(path: Path, content: str) -> None:
    """Write a file atomically, making its directory; raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
