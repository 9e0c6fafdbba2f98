"""The command `investigate`: from the alert's bytes to everything that is printed and written."""

import sys
from pathlib import Path

from agent import store
from agent.alert import parse_alerts
from agent.evidence.recording import check_target
from agent.files import check_directory
from agent.incident import Incident, incidents
from agent.output import as_json, check_output, write_output
from agent.payload import read_alert
from agent.progress import say
from agent.report import markdown, text
from agent.settings import Settings
from agent.termination import Terminated, interruptible
from agent.worked import Worked, all_stored


def investigate(source: str, settings: Settings) -> int:
    """Work the alert's incidents; returns the exit status. Raises errors meant for people.

    Places that cannot be written are refused before anything is read. The verdict is printed before files
    are written: a full disk must not cost it.
    """
    if (data := _read(source, settings)) is None:
        return 0
    payload = parse_alerts(data)
    for note in payload.notes:
        say(f"note: {note}")
    found = incidents(payload.alerts)
    worked = all_stored(settings.store, found) or _work(found, settings)
    sys.stdout.write(_rendered(worked, settings.format))
    sys.stdout.flush()
    _write(worked, settings)
    return 1 if any(each.result.outcome == "failed" for each in worked) else 0


def _read(source: str, settings: Settings) -> bytes | None:
    """The alerts; None when a batch has none left. Told to end, a run waits for none."""
    try:
        if not settings.batch:
            return read_alert(source, settings)
        from agent.tekton.batch import read_batch

        with interruptible():
            return read_batch(settings, say) or None
    except Terminated:
        if settings.tekton_results:
            from agent.tekton import write_nothing

            write_nothing(Path(settings.tekton_results), "failed", "Terminated before the alert was read.")
        raise


def _work(found: list[Incident], settings: Settings) -> list[Worked]:
    """Investigate. AutoGen, most of the start, is imported here: a restarted container has its result without it."""
    if settings.record:
        check_target(settings.record)
    for directory in filter(None, (settings.output, settings.store, settings.tekton_results)):
        check_directory(Path(directory))
    if settings.output:
        for incident in found:
            check_output(_place(settings.output, incident.id, len(found)))
    import asyncio

    from agent.run import work

    return asyncio.run(work(found, settings, say))


def _place(output: str, incident_id: str, count: int) -> Path:
    return Path(output) / incident_id if count > 1 else Path(output)


def _write(worked: list[Worked], settings: Settings) -> None:
    if settings.tekton_results:
        from agent.tekton import write_results

        write_results(Path(settings.tekton_results), [each.result for each in worked])
    if settings.record and any(each.origin != "stored" for each in worked):
        from agent.run import record

        record(settings.record, worked)
    if settings.output:
        for each in worked:
            place = _place(settings.output, each.result.incident_id, len(worked))
            write_output(place, each.result, each.evidence)
    for each in worked:
        if settings.store and each.origin == "investigated":
            store.save(settings.store, each.result)


def _rendered(worked: list[Worked], form: str) -> str:
    """What is printed: one document for one incident, a JSON list or a sequence of reports for several."""
    results = [each.result for each in worked]
    if form == "json":
        return as_json(*results)
    if form == "markdown":
        return "\n".join(markdown(result) for result in results)
    return "\n".join(text(each.result, stored=each.origin == "stored") for each in worked)
