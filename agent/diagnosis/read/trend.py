"""Trends: when a series left its level, by how much, and whether it came back. Numbers in, numbers out."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

Points = Sequence[tuple[float, float]]
LEAST_POINTS = 6


@dataclass(frozen=True)
class Rise:
    """A level that was left: means `before` and `during`; unix seconds, `end` is None while it lasts."""

    start: float
    end: float | None
    before: float
    during: float

    @property
    def ratio(self) -> float:
        """The ratio to the earlier level."""
        return self.during / self.before if self.before > 0 else float("inf")


def find_rise(points: Points, *, factor: float = 1.5, least: float = 0.0) -> Rise | None:
    """The latest stretch in which a series was above `factor` times, and `least` above, its earlier level.

    None if it stayed on its level, or was high all the time: then nothing is known about before.
    """
    if len(points) < LEAST_POINTS:
        return None
    times = [time for time, _ in points]
    values = smooth([value for _, value in points])
    low, high = quantile(values, 0.1), max(values)
    if high < low * factor or high - low < least or high <= 0:
        return None
    first, last = _latest_run([value > (low + high) / 2 for value in values])
    earlier = values[: max(first - 1, 0)]
    if len(earlier) < 3:
        return None
    before, during = _mean(earlier), _mean(values[first : last + 1])
    if during < before * factor or during - before < least:
        return None
    return Rise(times[first], times[last] if last < len(values) - 2 else None, before, during)


def compare(points: Points, rise: Rise) -> tuple[float, float] | None:
    """Another series over the same times: its means before and during the rise; None without points there."""
    step = (points[-1][0] - points[0][0]) / max(len(points) - 1, 1) if points else 0.0
    end = rise.end if rise.end is not None else float("inf")
    before = [value for time, value in points if time < rise.start - step]
    during = [value for time, value in points if rise.start <= time <= end]
    if len(before) < 3 or not during:
        return None
    return _mean(before), _mean(during)


def slope(points: Points) -> tuple[float, float]:
    """Growth by least squares: units per second, and how straight the line is (r squared, 0..1)."""
    if len(points) < 3:
        return 0.0, 0.0
    mean_t, mean_v = _mean([t for t, _ in points]), _mean([v for _, v in points])
    spread_t = sum((t - mean_t) ** 2 for t, _ in points)
    spread_v = sum((v - mean_v) ** 2 for _, v in points)
    if not spread_t or not spread_v:
        return 0.0, 0.0
    both = sum((t - mean_t) * (v - mean_v) for t, v in points)
    return both / spread_t, both**2 / (spread_t * spread_v)


def level(points: Points, count: int = 5) -> float | None:
    """Where a series is now: the median of its last points."""
    return median(value for _, value in points[-count:]) if points else None


def smooth(values: Sequence[float]) -> list[float]:
    """Each value as the median of itself and its neighbours: single outliers vanish, steps stay."""
    return [median(values[max(0, i - 1) : i + 2]) for i in range(len(values))]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _latest_run(above: Sequence[bool]) -> tuple[int, int]:
    """First and last place of the latest run of True; gaps of up to two places belong to it."""
    last = max(i for i, yes in enumerate(above) if yes)
    first = last
    for i in range(last - 1, -1, -1):
        if above[i]:
            first = i
        elif first - i > 2:
            break
    return first, last


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
