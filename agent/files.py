"""Files that are whole or not there: written beside their place and moved in one step."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.report import markdown, text
from agent.result import Result

if TYPE_CHECKING:
    from agent.evidence.ledger import Evidence


class OutputError(ValueError):
    """A place that cannot be written; the message is for people."""


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


def write_output(directory: Path, result: Result, evidence: "list[Evidence]") -> None:
    """All renderings of a result and the text of its evidence; the result itself is written last."""
    for item in evidence:
        write_whole(directory / "evidence" / f"{item.id}.txt", f"{item.text}\n")
    write_whole(directory / "report.txt", text(result))
    write_whole(directory / "report.md", markdown(result))
    write_whole(directory / "result.json", as_json(result))


def as_json(result: Result) -> str:
    """The result as it is stored and printed."""
    return result.model_dump_json(indent=2) + "\n"
