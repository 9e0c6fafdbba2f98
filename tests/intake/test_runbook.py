"""Runbooks: one file for each topic, and one topic for each file."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from agent.intake.runbook import all_runbooks, read_runbooks
from agent.intake.topic import Topic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the runbooks that ship."""
    for file in (resources.files("agent.intake") / "runbooks").iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    return tmp_path


def test_every_topic_has_its_runbook(folder: Path) -> None:
    assert sorted(book.id for book in all_runbooks()) == sorted(Topic)
    assert read_runbooks(folder) == all_runbooks()


@pytest.mark.parametrize(
    ("change", "odd"),
    [
        (lambda folder: (folder / "jobs.yaml").unlink(), "jobs"),
        (lambda folder: (folder / "printers.yaml").write_text("title: Printers"), "printers"),
        (lambda folder: (folder / "jobs.yaml").rename(folder / "job.yaml"), "job, jobs"),
    ],
)
def test_a_topic_without_its_file_or_a_file_without_its_topic_is_refused(
    folder: Path, change: Callable[[Path], object], odd: str
) -> None:
    change(folder)
    with pytest.raises(ValueError, match=f"differ in {odd}; expected one file"):
        read_runbooks(folder)
