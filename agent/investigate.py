"""The command `investigate`: from the alert's bytes to everything that is printed and written."""

import signal
import sys
from pathlib import Path

from agent.alert import parse_alerts
from agent.delivery import Delivery
from agent.evidence.recording import check_target
from agent.files import check_directory
from agent.incident import Incident, incidents
from agent.payload import read_alert
from agent.settings import Settings
from agent.worked import are_stored, stored


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
    delivery = Delivery(settings, len(found), _say)
    if are_stored(settings.store, found):
        for incident in found:
            if known := stored(settings.store, incident):
                delivery.add(known)
    else:
        _work(found, settings, delivery)
    delivery.close()
    return 1 if delivery.failed else 0


def _work(found: list[Incident], settings: Settings, delivery: Delivery) -> None:
    """Investigate. AutoGen, most of the start, is imported here: a restarted container has its result without it."""
    if settings.record:
        check_target(settings.record)
    for directory in filter(None, (settings.output, settings.store, settings.tekton_results)):
        check_directory(Path(directory))
    import asyncio

    from agent.run import work

    asyncio.run(work(found, settings, _say, delivery.add))
    signal.signal(signal.SIGTERM, lambda *_: None)  # it is over: what was found is written to its end


def _say(words: str) -> None:
    """Progress, on stderr, before the result."""
    print("".join(c if c.isprintable() else " " for c in words), file=sys.stderr, flush=True)
