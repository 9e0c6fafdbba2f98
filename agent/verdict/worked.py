"""Worked incidents: the results of this run, and those of an earlier run. Imports no AutoGen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.intake.incident import Incident
from agent.verdict import store
from agent.verdict.result import Result

if TYPE_CHECKING:
    from agent.evidence.ledger import Evidence


@dataclass
class Worked:
    """One incident's result, the evidence behind it, and where it is from."""

    result: Result
    evidence: "list[Evidence]"
    origin: Literal["investigated", "declined", "stored"]


def stored(directory: str, incident: Incident) -> Worked | None:
    """The incident as an earlier run left it in the store; None without a store or a result in it."""
    known = store.load(directory, incident.id) if directory else None
    return Worked(known, [], "stored") if known else None


def are_stored(directory: str, incidents: list[Incident]) -> bool:
    """Whether the store has all incidents, so that none needs to be investigated."""
    return bool(directory) and all(stored(directory, incident) for incident in incidents)
