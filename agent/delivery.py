"""Delivery: what is printed and written of each incident, as soon as its verdict is there."""

import json
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import UserError
from agent.settings import Settings
from agent.verdict import store
from agent.verdict.output import as_json, place_of, write_output
from agent.verdict.report import markdown, text
from agent.verdict.result import Result
from agent.verdict.worked import Worked

if TYPE_CHECKING:
    from agent.evidence.ledger import Evidence
    from agent.evidence.query import Query


class Delivery:
    """Takes the incidents of a run one by one and keeps of each only what has to wait for the last.

    Each verdict is printed before its files are written, and a place that cannot be written costs none: the
    first such error is raised by `close`. `failed` tells whether any incident failed.
    """

    def __init__(self, settings: Settings, total: int, say: Callable[[str], None]) -> None:
        self._settings, self._total, self._say = settings, total, say
        self._count = 0
        self._packed: dict[int, bytes] = {}
        self._evidence: dict[Query, Evidence] = {}
        self._room: int | None = None
        self._unrecorded = 0
        self._error: Exception | None = None
        self.failed = False

    def add(self, place: int, worked: Worked) -> None:
        """Print what the incident of that place in the payload came to, and write its files."""
        sys.stdout.write(self._rendered(worked))
        sys.stdout.flush()
        self._count += 1
        self.failed = self.failed or worked.result.outcome == "failed"
        self._attempt(lambda: self._write(worked))
        if self._settings.tekton_results:
            self._packed[place] = zlib.compress(worked.result.model_dump_json().encode())
        if self._settings.record and worked.origin != "stored":
            self._keep(worked.evidence)

    def close(self) -> None:
        """Write what is about all incidents; raises the first error there was in writing."""
        if self._room is not None:
            self._attempt(self._record)
        if self._settings.tekton_results:
            self._attempt(self._conclude)
        if self._error is not None:
            raise self._error

    def _conclude(self) -> None:
        """Give Tekton its results. With a verdict in them the run is no failure, whatever else was not written."""
        from agent.tekton import conclude

        conclude(self._settings, self._results(), self._error, self._say)
        if not self.failed:
            self._error = None

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (UserError, OSError) as error:
            self._error = self._error or error

    def _rendered(self, worked: Worked) -> str:
        """What is printed: one document for one incident, a JSON list or a sequence of reports for several."""
        first, last = self._count == 0, self._count == self._total - 1
        if self._settings.format == "json":
            if self._total == 1:
                return as_json(worked.result)
            item = json.dumps(worked.result.model_dump(mode="json"), indent=2).replace("\n", "\n  ")
            return ("[\n" if first else "") + f"  {item}" + ("\n]\n" if last else ",\n")
        apart = "" if first else "\n"
        if self._settings.format == "markdown":
            return apart + markdown(worked.result)
        report = text(worked.result, stored=worked.origin == "stored")  # its block of four lines comes last
        return apart + self._why(worked.result) + report

    def _why(self, result: Result) -> str:
        if not self._settings.why:
            return ""
        from agent.verdict.why import why

        return why(result) + "\n"

    def _write(self, worked: Worked) -> None:
        if self._settings.output:
            place = place_of(self._settings.output, worked.result.incident_id, self._total)
            write_output(place, worked.result, worked.evidence)
        if self._settings.store and worked.origin == "investigated":
            store.save(self._settings.store, worked.result)

    def _results(self) -> Iterator[Result]:
        return (
            Result.model_validate_json(zlib.decompress(packed)) for _, packed in sorted(self._packed.items())
        )

    def _keep(self, evidence: "list[Evidence]") -> None:
        """Keep an incident's evidence for the recording, unless that would be larger than one can be."""
        from agent.evidence.bounds import cost
        from agent.evidence.recording import MAX_ARCHIVE

        room = MAX_ARCHIVE if self._room is None else self._room
        self._room = room - sum(cost(item.data) for item in evidence)
        if self._room >= 0:
            self._evidence |= {item.query: item for item in evidence}
        else:
            self._room, self._unrecorded = room, self._unrecorded + 1

    def _record(self) -> None:
        """Write what was read as one recording, dated by its last read."""
        from agent.evidence.recording import write_recording

        read_at = (item.collected_at for item in self._evidence.values())
        recorded_at = max(read_at, default=datetime.now(UTC))
        write_recording(Path(self._settings.record), self._evidence.values(), recorded_at=recorded_at)
        if self._unrecorded:
            self._say(f"note: the recording is full; it lacks what was read for {self._unrecorded} incidents")
