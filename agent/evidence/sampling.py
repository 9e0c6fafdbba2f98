"""Sampling: what is kept of a list of any length while it is read.

Up to LIMIT objects a list stays whole. Of a longer one everything is counted; unhealthy objects are kept
before healthy ones, rare states before frequent ones, and the newest of similar objects.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.evidence.bounds import cost, fit
from agent.evidence.census import Census
from agent.evidence.wellness import Condition

LIMIT = 400
SLACK = 200  # how many more are held until they are reduced
LEAST = 100  # room for mild and healthy ones, however many are neither
MOST_STATES = 100
_OTHERS = "of other states"
ROOM = 8 << 20
"""Bytes that what is kept may cost together, shared evenly."""
LEAST_ROOM = 4 << 10
RAW = 2 << 20
"""Characters of objects that are held before they are cut to what is evidence."""


@dataclass
class _Kept:
    item: dict[str, Any]
    condition: Condition
    at: str
    cost: int = 0
    shortened: bool = False

    def reduce(self, cut: Callable[[dict[str, Any]], dict[str, Any]], room: int) -> None:
        """Make it evidence that costs at most about `room`."""
        if not self.cost:
            self.item = cut(self.item)
            self.cost = cost(self.item)
        if self.cost > room:
            self.item, _ = fit(self.item, room)
            self.cost, self.shortened = cost(self.item), True


class Sample:
    """At most LIMIT of the objects added, cut to what is evidence, and the counts of all.

    `judge` says in which state an object is, `cut` makes it evidence, `time` says how new it is (ISO 8601).
    """

    def __init__(
        self,
        judge: Callable[[dict[str, Any]], Condition],
        cut: Callable[[dict[str, Any]], dict[str, Any]],
        time: Callable[[dict[str, Any]], str],
    ) -> None:
        self._judge, self._cut, self._time = judge, cut, time
        self._kept: list[_Kept] = []
        self._states: Counter[str] = Counter()
        self.total = self._ill = self._raw = 0

    @property
    def items(self) -> list[dict[str, Any]]:
        """The objects that are kept."""
        self._reduce()
        return [kept.item for kept in self._kept]

    @property
    def notes(self) -> list[str]:
        """What was cut of them, as a sentence."""
        shortened = sum(kept.shortened for kept in self._kept)
        return (
            [f"{shortened} objects were cut because they exceed the size kept per object"]
            if shortened
            else []
        )

    def add(self, item: dict[str, Any], size: int = 0) -> None:
        """Count an object that was read from `size` characters, and keep it if it is worth it."""
        condition = self._judge(item)
        known = condition.state in self._states or len(self._states) < MOST_STATES
        self._states[condition.state if known else _OTHERS] += 1
        self.total += 1
        self._ill += not condition.well
        self._kept.append(_Kept(item, condition, self._time(item)))
        self._raw += size
        if len(self._kept) >= LIMIT + SLACK or self._raw > RAW:
            self._reduce()

    def _reduce(self) -> None:
        if len(self._kept) > LIMIT:
            self._kept = _worth_keeping(self._kept)
        room = max(LEAST_ROOM, ROOM // max(1, len(self._kept)))
        for kept in self._kept:
            kept.reduce(self._cut, room)
        self._raw = 0

    def census(self, *, ended: bool) -> Census | None:
        """The counts; None for a list that was read to its end and kept whole."""
        self._reduce()
        if ended and self.total == len(self._kept):
            return None
        ill_kept = sum(not kept.condition.well for kept in self._kept)
        return Census(self.total, len(self._kept), self._ill, ill_kept, dict(self._states), ended)


def _worth_keeping(kept: list[_Kept]) -> list[_Kept]:
    """LIMIT of them: the first ranks before the later ones, but some of each rank are kept."""
    ranks = [[each for each in kept if each.condition.rank == rank] for rank in range(3)]
    chosen: list[_Kept] = []
    for place, rank in enumerate(ranks, 1):
        reserved = sum(min(LEAST, len(later)) for later in ranks[place:])
        chosen += _share(rank, LIMIT - len(chosen) - reserved)
    return chosen


def _share(kept: list[_Kept], room: int) -> list[_Kept]:
    """As many as fit: an equal share for each likeness; what a rare one does not use goes to the others."""
    groups: dict[tuple[str, ...], list[_Kept]] = {}
    for each in kept:
        groups.setdefault(each.condition.likeness, []).append(each)
    chosen: list[_Kept] = []
    for place, group in enumerate(sorted(groups.values(), key=len)):
        share = -(-(room - len(chosen)) // (len(groups) - place))
        chosen += sorted(group, key=lambda each: each.at, reverse=True)[:share]
    return chosen
