"""Reduction: what is kept of each element of a list, as soon as it is read."""

from collections.abc import Callable
from typing import Any

from agent.evidence.bounds import Room
from agent.evidence.decoding import TooLarge

ROOM = 8 << 20
LEAST = 4 << 10


class Reduction:
    """What `project` leaves of the elements of one list, each cut the more the more there are.

    They take about 8 MiB together; raises TooLarge when that cannot be.
    """

    def __init__(self, project: Callable[[Any], Any]) -> None:
        self._project = project
        self._room = Room(ROOM, share=1 / 8, least=LEAST)
        self._cut = 0

    def keep(self, item: Any, size: int = 0) -> Any:
        """What is kept of an element, of whatever size."""
        if self._room.overdrawn > ROOM:
            raise TooLarge(f"a list of more than {2 * ROOM >> 20} MiB")
        kept, notes = self._room.take(self._project(item))
        self._cut += bool(notes)
        return kept

    @property
    def notes(self) -> list[str]:
        """What was cut, as a sentence."""
        return (
            [f"{self._cut} objects were cut because they exceed the size kept per object"]
            if self._cut
            else []
        )
