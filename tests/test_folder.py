"""Folders: the new in the place of the old as a whole, and nothing of anybody else is lost."""

import ctypes
import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import folder
from agent.files import OutputError
from agent.folder import replace_folder

OURS = ("last", "one", "two", "data")


def owned(entry: Path) -> bool:
    return entry.name in OURS


def writing(*names: str) -> Callable[[Path], None]:
    """What fills a folder with these files, and with a folder data that holds one named after the first."""

    def fill(new: Path) -> None:
        (new / "data").mkdir()
        (new / "data" / names[0]).write_text("x")
        for name in names:
            (new / name).write_text(names[0])

    return fill


def tree(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())


def a_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda path: True)


def a_mount_of_the_same_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a volume of the node below another one is in a pod: nothing tells before it is moved."""

    def busy(new: Path, path: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(folder, "_exchange", busy)


PLACES = pytest.mark.parametrize(
    "place",
    [None, no_exchange, a_mount, a_mount_of_the_same_device],
    ids=["one step", "two steps", "a mount", "a mount of the same device"],
)


@PLACES
def test_nothing_of_an_earlier_run_is_left(
    place: Callable[[pytest.MonkeyPatch], None] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    if place:
        place(monkeypatch)
    replace_folder(out, writing("one", "two", "last"), owned, last="last")
    replace_folder(out, writing("two", "last"), owned, last="last")
    assert tree(out) == ["data/two", "last", "two"]
    assert (out / "last").read_text() == "two"
    assert list(tmp_path.iterdir()) == [out]


@PLACES
def test_what_fails_before_the_end_leaves_the_old(
    place: Callable[[pytest.MonkeyPatch], None] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(new: Path) -> None:
        (new / "one").write_text("half")
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    if place:
        place(monkeypatch)
    replace_folder(out, writing("two", "last"), owned, last="last")
    with pytest.raises(OutputError, match="No space left on device"):
        replace_folder(out, full, owned, last="last")
    assert tree(tmp_path) == ["out/data/two", "out/last", "out/two"]


def test_what_is_of_somebody_else_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    replace_folder(out, writing("one", "last"), owned, last="last")
    (out / "lost+found").mkdir()
    (out / "lost+found" / "mine").write_text("mine")
    replace_folder(out, writing("two", "last"), owned, last="last")
    assert tree(out) == ["data/two", "last", "lost+found/mine", "two"]


def test_where_a_foreign_entry_has_the_name_of_ours_nothing_is_changed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "data").mkdir(parents=True)
    (out / "data" / "photo").write_text("mine")
    with pytest.raises(OutputError, match="not of an earlier run and would be lost"):
        replace_folder(out, writing("one", "last"), lambda entry: entry.name != "data", last="last")
    assert tree(tmp_path) == ["out/data/photo"]


def test_the_last_goes_first_and_comes_last_where_entries_are_replaced_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[str] = []
    rename = Path.rename

    def watched(self: Path, target: Path) -> Path:
        moved.append(self.name)
        return rename(self, target)

    a_mount(monkeypatch)
    replace_folder(tmp_path / "out", writing("one", "last"), owned, last="last")
    monkeypatch.setattr(Path, "rename", watched)
    replace_folder(tmp_path / "out", writing("two", "last"), owned, last="last")
    assert moved[0] == moved[-1] == "last"


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    replace_folder(tmp_path / "out", writing("one", "last"), owned, last="last")
    assert (tmp_path / "out").is_symlink()
    assert tree(tmp_path / "real") == ["data/one", "last", "one"]


def test_the_folder_somebody_stands_in_is_not_moved_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inode = tmp_path.stat().st_ino
    replace_folder(Path(), writing("one", "last"), owned, last="last")
    assert tmp_path.stat().st_ino == inode
    assert tree(tmp_path) == ["data/one", "last", "one"]
