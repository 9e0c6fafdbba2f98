"""Reduction: what is kept of each object of a collection, as soon as it is read."""

from typing import Any

from agent.evidence.bounds import Room
from agent.evidence.identity import check_object
from agent.evidence.kinds import Resource
from agent.evidence.projection import project

ROOM = 8 << 20
LEAST = 4 << 10


class Reduction:
    """Checks, projects and cuts the objects of one collection: together they take about 8 MiB at most."""

    def __init__(self, resource: Resource, namespace: str) -> None:
        self._resource, self._namespace = resource, namespace
        self._room = Room(ROOM, share=1 / 8, least=LEAST)
        self._cut = 0

    def keep(self, item: Any) -> dict[str, Any]:
        """What is kept of an object; raises Refusal for what is none of this collection."""
        check_object(item, self._resource, self._namespace)
        kept, notes = self._room.take(project(item, self._resource.kind, listed=True))
        self._cut += bool(notes)
        return dict(kept)

    @property
    def notes(self) -> list[str]:
        """What was cut, as a sentence."""
        return [f"{self._cut} objects were cut, being larger than is kept of each"] if self._cut else []
