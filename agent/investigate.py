"""The command `investigate`: from the alert's bytes to everything that is printed and written."""

import json
import signal
import sys
from pathlib import Path

from agent import store
from agent.alert import parse_alerts
from agent.evidence.recording import check_target
from agent.files import as_json, check_directory, write_output
from agent.incident import Incident, incidents
from agent.payload import read_alert
from agent.report import markdown, text
from agent.settings import Settings
from agent.worked import Worked, all_stored


def investigate(source: str, settings: Settings) -> int:
    """Work the alert's incidents; returns the exit status. Raises errors meant for people.

    Places that cannot be written are refused before anything is read. The verdict is printed before files
    are written: a full disk must not cost it.
    """
    if settings.batch:
        from agent.tekton.batch import read_batch

        if not (data := read_batch(settings, _say)):
            return 0
    else:
        data = read_alert(source, settings)
    payload = parse_alerts(data)
    for note in payload.notes:
        _say(f"note: {note}")
    found = incidents(payload.alerts)
    worked = all_stored(settings.store, found) or _work(found, settings)
    sys.stdout.write(_rendered(worked, settings.format))
    sys.stdout.flush()
    _write(worked, settings)
    return 1 if any(each.result.outcome == "failed" for each in worked) else 0


def _work(found: list[Incident], settings: Settings) -> list[Worked]:
    """Investigate. AutoGen, most of the start, is imported here: a restarted container has its result without it."""
    if settings.record:
        check_target(settings.record)
    for directory in filter(None, (settings.output, settings.store, settings.tekton_results)):
        check_directory(Path(directory))
    import asyncio

    from agent.run import work

    worked = asyncio.run(work(found, settings, _say))
    signal.signal(signal.SIGTERM, lambda *_: None)  # it is over: what was found is written to its end
    return worked


def _say(words: str) -> None:
    """Progress, on stderr, before the result."""
    print("".join(c if c.isprintable() else " " for c in words), file=sys.stderr, flush=True)


def _write(worked: list[Worked], settings: Settings) -> None:
    if settings.tekton_results:
        from agent.tekton import write_results

        write_results(Path(settings.tekton_results), [each.result for each in worked])
    if settings.record and any(each.origin != "stored" for each in worked):
        from agent.run import record

        record(settings.record, worked)
    if settings.output:
        for each in worked:
            place = Path(settings.output)
            place = place / each.result.incident_id if len(worked) > 1 else place
            write_output(place, each.result, each.evidence)
    for each in worked:
        if settings.store and each.origin == "investigated":
            store.save(settings.store, each.result)


def _rendered(worked: list[Worked], form: str) -> str:
    """What is printed: one document for one incident, a JSON list or a sequence of reports for several."""
    results = [each.result for each in worked]
    if form == "json":
        one = as_json(results[0]) if len(results) == 1 else None
        return one or json.dumps([r.model_dump(mode="json") for r in results], indent=2) + "\n"
    if form == "markdown":
        return "\n".join(markdown(result) for result in results)
    return "\n".join(text(each.result, stored=each.origin == "stored") for each in worked)
