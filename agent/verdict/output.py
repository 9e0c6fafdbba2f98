"""The output of an incident: every rendering of its result, and the evidence behind it."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from agent.folder import check_folder, replace_folder
from agent.verdict.report import markdown, text
from agent.verdict.result import Result

if TYPE_CHECKING:
    from agent.evidence.ledger import Evidence

EVIDENCE = "evidence"
RESULT = "result.json"
_EVIDENCE_FILE = re.compile(r"E\d+\.txt")


def place_of(output: str, incident_id: str, count: int) -> Path:
    """Where one of `count` incidents of a run is written: several have a folder each."""
    return Path(output) / incident_id if count > 1 else Path(output)


def check_output(directory: Path) -> None:
    """Raise OutputError where the output of one incident would overwrite files that are not its own."""
    check_folder(directory, {EVIDENCE}, _owned)


def write_output(directory: Path, result: Result, evidence: "list[Evidence]") -> None:
    """Replace the output of an earlier run as a whole; raises OutputError."""

    def fill(new: Path) -> None:
        (new / EVIDENCE).mkdir()
        for item in evidence:
            _write(new / EVIDENCE / f"{item.id}.txt", f"{item.text}\n")
        _write(new / "report.txt", text(result))
        _write(new / "report.md", markdown(result))
        _write(new / RESULT, as_json(result))

    replace_folder(directory, fill, _owned, last=RESULT)


def as_json(*results: Result) -> str:
    """Results as they are stored and printed, several as a list: ASCII, so that no character controls a terminal."""
    documents = [result.model_dump(mode="json") for result in results]
    return json.dumps(documents[0] if len(documents) == 1 else documents, indent=2) + "\n"


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", errors="replace")


def _owned(entry: Path) -> bool:
    if entry.name == EVIDENCE:
        inside = entry.iterdir() if entry.is_dir() and not entry.is_symlink() else [entry]
        return all(_EVIDENCE_FILE.fullmatch(each.name) for each in inside)
    return entry.name in (RESULT, "report.txt", "report.md")
