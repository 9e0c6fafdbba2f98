"""What fires: the alerts that the Alertmanagers of one installation name, each once, read like posted ones."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.evidence.alertmanager import Alertmanager
from agent.evidence.reading import Refusal
from agent.intake.alert import AlertError, not_actionable, parse_alerts
from agent.intake.incident import urgency
from agent.tekton.batch import episode_name

MOST_ALERTS = 10_000
_LATEST = datetime.max.replace(tzinfo=UTC)
_POSTED = ("labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint")


@dataclass(frozen=True, order=True)
class Firing:
    """One alert that fires, in the order of work: the most severe, then the oldest."""

    urgency: int
    started: datetime
    episode: str
    """The name of its own run."""
    name: str = field(compare=False)
    """Its alertname."""
    posted: bytes = field(compare=False, repr=False)
    """The alert as Alertmanager posts it."""


@dataclass
class Asked:
    """What the Alertmanagers answered."""

    firing: list[Firing] = field(default_factory=list)
    """In the order of work."""
    silent: list[str] = field(default_factory=list)
    """Addresses that gave no answer, or not the whole of it."""
    answered: int = 0
    unread: int = 0
    """Alerts that are none, by what they hold."""


def ask(sources: Iterable[Alertmanager], receiver: str, say: Callable[[str], None]) -> Asked:
    """Ask every Alertmanager; the union of what fires by fingerprint, of several starts the oldest."""
    asked, known = Asked(), dict[str, Firing]()

    def take(entry: Any) -> None:
        if len(known) >= MOST_ALERTS:
            return
        try:
            firing = read(entry)
        except AlertError:
            asked.unread += 1
            return
        if firing:
            fingerprint = firing.episode.split("-")[1]
            known[fingerprint] = min(firing, known.get(fingerprint, firing), key=lambda each: each.started)

    for source in sources:
        try:
            source.firing(receiver, take)
            asked.answered += 1
        except Refusal as refusal:
            asked.silent.append(source.url)
            say(f"note: {source.url} gave no whole answer: {refusal.message}")
    if len(known) >= MOST_ALERTS:
        say(f"note: more than {MOST_ALERTS:,} alerts fire; this sweep looks at so many")
    asked.firing = sorted(known.values())
    return asked


def read(entry: Any) -> Firing | None:
    """One alert of the API; None for what is not to be investigated. Raises AlertError for what is no alert."""
    if not isinstance(entry, dict):
        raise AlertError("no object")
    parsed = parse_alerts(json.dumps({"version": "4", "alerts": [entry]}).encode()).alerts[0]
    if not_actionable(parsed):
        return None
    if parsed.fingerprint != entry.get("fingerprint"):
        raise AlertError("no fingerprint of Alertmanager")  # it could be named differently each time
    posted = {"status": "firing"} | {key: entry[key] for key in _POSTED if key in entry}
    return Firing(
        urgency(parsed),
        parsed.starts_at or _LATEST,
        episode_name(parsed),
        parsed.name,
        json.dumps(posted).encode(),
    )
