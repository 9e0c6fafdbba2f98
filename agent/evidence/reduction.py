"""Reduction: what is kept of each element of a list, as soon as it is read."""

from collections.abc import Callable
from typing import Any

from agent.evidence.bounds import Room

ROOM = 8 << 20
LEAST = 4 << 10


class Reduction:
    """What `project` leaves of the elements of one list, cut so that they take about 8 MiB together at most."""

    def __init__(self, project: Callable[[Any], Any]) -> None:
        self._project = project
        self._room = Room(ROOM, share=1 / 8, least=LEAST)
        self._cut = 0

    def keep(self, item: Any) -> Any:
        """What is kept of an element."""
        kept, notes = self._room.take(self._project(item))
        self._cut += bool(notes)
        return kept

    @property
    def notes(self) -> list[str]:
        """What was cut, as a sentence."""
        return [f"{self._cut} objects were cut, being larger than is kept of each"] if self._cut else []
