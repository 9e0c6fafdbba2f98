"""Folders: what a run leaves replaces what an earlier one left as a whole; what is of somebody else stays."""

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.files import OutputError

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)

Owned = Callable[[Path], bool]
"""Whether an entry of a folder is of the kind that an earlier run wrote."""


def check_folder(path: Path, names: set[str], owned: Owned) -> None:
    """Raise OutputError where an entry called as one of ours is somebody else's, which must not be lost."""
    for name in sorted(names):
        if os.path.lexists(path / name) and not owned(path / name):
            raise OutputError(
                f"{path / name} is not of an earlier run and would be lost; name another directory"
            )


def replace_folder(path: Path, fill: Callable[[Path], None], owned: Owned, *, last: str) -> None:
    """Let `fill` write a new folder, then put it in the place of `path`; raises OutputError.

    One step, before which all is old and after which all is new. Only where the folder cannot be moved, since
    it is a mount or holds what is not ours, its entries are replaced one by one: `last` goes first and comes
    last, so that where it stands all is of one run.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        path = path.resolve()
        may_move = os.access(path.parent, os.W_OK) and not Path.cwd().is_relative_to(path)
        if may_move and all(map(owned, path.iterdir())) and _replace_whole(path, fill):
            return
        with _drafted(path, path, fill) as new:
            check_folder(path, {entry.name for entry in new.iterdir()}, owned)
            _replace_entries(new, path, owned, last)
    except OSError as error:
        raise OutputError(f"cannot write into {path}: {error.strerror or error}") from None


@contextmanager
def _drafted(place: Path, path: Path, fill: Callable[[Path], None]) -> Iterator[Path]:
    """The new folder, made below `place` with the rights of `path`; what is left of it is removed."""
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=place))
    try:
        new = draft / "new"
        new.mkdir(mode=path.stat().st_mode & 0o777)
        fill(new)
        yield new
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _replace_whole(path: Path, fill: Callable[[Path], None]) -> bool:
    """Whether the folder could be moved; a mount cannot, and not every mount is known by its device."""
    if path.is_mount():
        return False
    with _drafted(path.parent, path, fill) as new:
        try:
            _exchange(new, path)
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM):
                return False
            raise
    return True


def _replace_entries(new: Path, path: Path, owned: Owned, last: str) -> None:
    trash = new.parent
    old = [entry for entry in path.iterdir() if entry != trash and owned(entry)]
    for entry in sorted(old, key=lambda entry: entry.name != last):
        entry.rename(trash / entry.name)
    for entry in sorted(new.iterdir(), key=lambda entry: entry.name == last):
        entry.rename(path / entry.name)


def _exchange(new: Path, path: Path) -> None:
    """Swap two folders in one step; in two where the system or the file system cannot."""
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if swap and swap(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(path), _EXCHANGE) == 0:
        return
    code = ctypes.get_errno() if swap else errno.ENOSYS
    if code not in (errno.ENOSYS, errno.EINVAL):
        raise OSError(code, os.strerror(code), str(path))
    old = new.with_name("old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
