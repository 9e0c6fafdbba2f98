"""Bounds: what is kept of an answer that is larger than it may be, and where something was cut. Pure.

Everything has a cost, in bytes of memory or nearly so: a leaf what its line of text takes, its path included,
and each value what it takes besides. If a room is too small, its parts share it: small ones stay
as they are, large ones are cut to what is left for each.
"""

from collections.abc import Iterable
from typing import Any

from agent.evidence.rendering import label

LEAF = 4096  # characters of one value
NAME = 512  # of the name of one
LEVELS = 64
LOG = 256 << 10  # bytes of a log: while a pattern works on one, everything else waits
VALUE_COST = 100
_LEAST = 40  # bytes beside its own cost below which a leaf is not worth keeping
_LEAST_OBJECT = 400  # nor an element of a list that would be left without most of its parts
_PLACES = 3  # that are named
_MARK = 32  # characters of what says how much was cut


class Room:
    """A number of bytes for a series of values: each may take a share of what is left, and always `least`."""

    def __init__(self, size: int, *, share: float, least: int) -> None:
        self._left, self._share, self._least = size, share, least

    def take(self, value: Any) -> tuple[Any, list[str]]:
        """The value as far as there is room for it, and sentences that say what was cut."""
        kept, notes = fit(value, max(self._least, int(self._left * self._share)))
        self._left -= cost(kept)
        return kept, notes

    @property
    def overdrawn(self) -> int:
        """Bytes that were taken beyond the size, because each may take the least."""
        return max(0, -self._left)


def fit(data: Any, room: int) -> tuple[Any, list[str]]:
    """A copy of plain data that costs at most about `room` bytes, and sentences that say what was cut.

    The text of a log is cut line by line.
    """
    cut = _Cut()
    if isinstance(data, str):
        return cut.log(data, min(room, LOG)), cut.notes
    return cut.shared(cut.shortened(data), room), cut.notes


def shorten(text: str, limit: int = LEAF) -> str:
    """A text of at most `limit` characters: of a longer one the beginning, and how much was cut.

    The end is not kept: it could begin within a secret, which would then not be recognized.
    """
    if len(text) <= limit:
        return text
    kept = max(0, limit - _MARK)
    return f"{text[:kept]}... ({len(text) - kept} characters cut)"


def cost(data: Any, path: int = 0, most: float = float("inf")) -> int:
    """Bytes that data takes below a path of that length; counting stops beyond `most`."""
    if not isinstance(data, dict | list):
        return VALUE_COST + path + (len(data) if isinstance(data, str) else len(str(data)))
    total = VALUE_COST
    for name, value in _parts(data):
        total += cost(value, path + len(name) + 2, most - total)
        if total > most:
            break
    return total


def _parts(data: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    if isinstance(data, dict):
        return data.items()
    return ((label(value, position), value) for position, value in enumerate(data))


class _Cut:
    """What is cut from one answer."""

    def __init__(self) -> None:
        self._shortened = 0
        self._dropped: dict[str, str] = {}

    @property
    def notes(self) -> list[str]:
        """What was cut, in sentences."""
        notes = [f"{self._shortened} values were cut, as marked in them"] if self._shortened else []
        notes += [f"{where}: {what}" for where, what in [*self._dropped.items()][:_PLACES]]
        if len(self._dropped) > _PLACES:
            notes.append(f"{len(self._dropped) - _PLACES} more places were cut too")
        return notes

    def text(self, text: str, limit: int) -> str:
        """A leaf, or the name of one."""
        self._shortened += len(text) > limit
        return shorten(text, limit)

    def shortened(self, value: Any, level: int = 0) -> Any:
        """A copy without a long leaf, a long name or a deep level."""
        if isinstance(value, str):
            return self.text(value, LEAF)
        if not isinstance(value, dict | list):
            return value
        if level == LEVELS:
            self._shortened += 1
            return f"(nested deeper than {LEVELS} levels)"
        if isinstance(value, list):
            return [self.shortened(below, level + 1) for below in value]
        return {self.text(name, NAME): self.shortened(below, level + 1) for name, below in value.items()}

    def log(self, text: str, room: int) -> str:
        """The text of a log, line by line."""
        lines = self.shortened(text.split("\n"))
        kept = self.shared(lines, room, where="the log", ends=True)
        if len(kept) < len(lines):
            kept.insert(len(kept) - len(kept) // 2, f"... {len(lines) - len(kept)} lines cut ...")
        return "\n".join(kept)

    def shared(self, value: Any, room: int, path: int = 0, where: str = "", ends: bool = False) -> Any:
        """The value cut to the room it has: its parts share that, the small ones first.

        Of too many parts the first are kept. The last are kept too if each is independent: a lone argument
        may be the password for the flag before it.
        """
        if cost(value, path, room) <= room:
            return value
        if isinstance(value, str):
            return self.text(value, max(_LEAST, room - VALUE_COST - path))
        if not isinstance(value, dict | list):
            return value
        are_objects = isinstance(value, list) and all(isinstance(below, dict) for below in value)
        least = VALUE_COST + path + (_LEAST_OBJECT if are_objects else _LEAST)
        parts = self._some([*_parts(value)], room // least, where, ends or are_objects)
        costs = [cost(below, path + len(name) + 2, room) for name, below in parts]
        left = room - VALUE_COST
        for rank, place in enumerate(sorted(range(len(parts)), key=costs.__getitem__)):
            share, (name, below) = left // (len(parts) - rank), parts[place]
            if costs[place] > share:
                below = self.shared(below, share, path + len(name) + 2, f"{where}.{name}" if where else name)
                parts[place] = name, below
                costs[place] = cost(below, path + len(name) + 2, share)
            left -= min(costs[place], share)
        return dict(parts) if isinstance(value, dict) else [below for _, below in parts]

    def _some(self, parts: list[tuple[str, Any]], most: int, where: str, ends: bool) -> list[tuple[str, Any]]:
        """As many parts as there is room for."""
        if len(parts) <= most:
            return parts
        last = most // 2 if ends else 0
        which = "the first and the last" if ends else "the first"
        self._dropped[where or "the answer"] = f"only {most} of {len(parts)} are kept, {which}"
        return parts[: most - last] + parts[len(parts) - last :]
