"""The store: finished results by incident, so that a restarted container does not investigate again."""

from pathlib import Path

from agent.files import read_file, write_whole
from agent.verdict.output import as_json
from agent.verdict.result import Result

MAX_BYTES = 64 << 20


def load(directory: str, incident_id: str) -> Result | None:
    """The stored result of an incident; None when there is none or it is incomplete."""
    try:
        result = Result.model_validate_json(read_file(Path(directory) / f"{incident_id}.json", MAX_BYTES))
    except (OSError, ValueError):
        return None
    return result if result.incident_id == incident_id else None


def save(directory: str, result: Result) -> None:
    """Keep a result unless it failed: a failed run must be tried again. Raises OutputError."""
    if result.outcome != "failed":
        write_whole(Path(directory) / f"{result.incident_id}.json", as_json(result))
