"""The census of a list that is too long to be kept whole: how many objects it has, and in which states."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

STATES_SHOWN = 6
LONGEST_STATE = 60


@dataclass(frozen=True)
class Census:
    """Counts of the objects of a list of which only a part was kept.

    `total` objects were read, `kept` of them are in the data. `ill` are those not known to be healthy,
    `ill_kept` of them are in the data. `states` counts all that were read by state (`ready`,
    `CrashLoopBackOff`). `ended` says whether the list was read to its end.
    """

    total: int
    kept: int
    ill: int
    ill_kept: int
    states: Mapping[str, int]
    ended: bool = True

    @property
    def holds_ill(self) -> bool:
        """Whether every unhealthy object of the list is in the data."""
        return self.ended and self.ill_kept >= self.ill

    def count(self, *states: str) -> int:
        """How many of the objects that were read are in one of these states."""
        return sum(self.states.get(state, 0) for state in states)

    def __str__(self) -> str:
        """One line: `10000 read: 9999 ready, 1 CrashLoopBackOff`, the rarest states before the rest."""
        rare = sorted(self.states.items(), key=lambda pair: (pair[1], pair[0]))[: STATES_SHOWN - 1]
        shown = sorted({*rare, *_most(self.states)}, key=lambda pair: (-pair[1], pair[0]))
        others = self.total - sum(count for _, count in shown)
        words = [f"{count} {state}" for state, count in shown] + ([f"{others} others"] if others else [])
        more = "" if self.ended else ", not all"
        return f"{self.total} read{more}: {', '.join(words)}"

    def as_data(self) -> dict[str, Any]:
        """The census as a recording keeps it."""
        return {
            "total": self.total, "kept": self.kept, "ill": self.ill, "ill_kept": self.ill_kept,
            "states": dict(self.states), "ended": self.ended,
        }  # fmt: skip

    @classmethod
    def from_data(cls, data: Any) -> Self | None:
        """The census of a recording, None if there is none; raises ValueError for an impossible one."""
        if data is None:
            return None
        counts, states = _counts(data), _counts(data.get("states") if isinstance(data, dict) else None)
        if not {"total", "kept", "ill", "ill_kept"} <= counts.keys():
            raise ValueError("its census is none; expected total, kept, ill and ill_kept as counts")
        total, kept, ill, ill_kept = (counts[name] for name in ("total", "kept", "ill", "ill_kept"))
        if not (ill_kept <= min(ill, kept) and max(ill, kept) <= total == sum(states.values())):
            raise ValueError("its census does not add up")
        return cls(total, kept, ill, ill_kept, states, data.get("ended") is True)


def _counts(data: Any) -> dict[str, int]:
    """The entries of a map that are counts."""
    return {
        str(name)[:LONGEST_STATE]: value
        for name, value in (data.items() if isinstance(data, dict) else ())
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0
    }


def _most(states: Mapping[str, int]) -> list[tuple[str, int]]:
    return [max(states.items(), key=lambda pair: (pair[1], pair[0]))] if states else []
