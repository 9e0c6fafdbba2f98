"""The command `investigate`: from the alert's bytes to everything that is printed and written."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.delivery import Delivery
from agent.errors import UserError
from agent.evidence.recording import check_target
from agent.files import OutputError, check_directory
from agent.intake.alert import parse_alerts
from agent.intake.incident import Incident, incidents
from agent.intake.payload import read_alert
from agent.progress import say
from agent.settings import Settings
from agent.termination import Terminated, interruptible
from agent.verdict.output import check_output, place_of
from agent.verdict.worked import are_stored, stored


def investigate(source: str, settings: Settings) -> int:
    """Work the alert's incidents; returns the exit status. Raises errors meant for people.

    Places that cannot be written are refused before anything is read. The verdict is printed before files
    are written: a full disk must not cost it.
    """
    with _accounted(settings):
        if (data := _read(source, settings)) is None:
            return 0
        payload = parse_alerts(data)
        for note in payload.notes:
            say(f"note: {note}")
        found = incidents(payload.alerts)
        delivery = Delivery(settings, len(found), say)
        if are_stored(settings.store, found):
            for place, incident in enumerate(found):
                if known := stored(settings.store, incident):
                    delivery.add(place, known)
        else:
            _work(found, settings, delivery)
    delivery.close()
    return 1 if delivery.failed else 0


def _read(source: str, settings: Settings) -> bytes | None:
    """The alerts; None when a batch has none left. Told to end, a run waits for none."""
    if not settings.batch:
        return read_alert(source, settings)
    from agent.tekton.batch import read_batch

    with interruptible():
        return read_batch(settings, say) or None


@contextmanager
def _accounted(settings: Settings) -> Iterator[None]:
    """Whatever ends the run within this block is for Tekton the outcome `failed`, with the reason in its summary."""
    try:
        yield
    except (UserError, Terminated) as error:
        if settings.tekton_results:
            from agent.tekton import write_nothing

            with suppress(OutputError):
                write_nothing(
                    Path(settings.tekton_results),
                    "failed",
                    str(error) or "Terminated before the alert was read.",
                )
        raise


def _work(found: list[Incident], settings: Settings, delivery: Delivery) -> None:
    """Investigate. AutoGen, most of the start, is imported here: a restarted container has its result without it."""
    if settings.record:
        check_target(settings.record)
    for directory in filter(None, (settings.output, settings.store, settings.tekton_results)):
        check_directory(Path(directory))
    if settings.output:
        for incident in found:
            check_output(place_of(settings.output, incident.id, len(found)))
    import asyncio

    from agent.run import work

    asyncio.run(work(found, settings, say, delivery.add))
