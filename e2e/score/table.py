"""Tables of scores for a terminal of 80 columns."""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from e2e.score.judge import Judgement
from e2e.score.scenario import Scenario


@dataclass(frozen=True)
class Row:
    """One scenario, judged."""

    scenario: Scenario
    verdict: str
    judgement: Judgement
    seconds: float
    reads: int


def line(row: Row) -> str:
    """One row; what is wrong follows on a line of its own."""
    mark = "ok   " if row.judgement.right else "WRONG"
    text = f"{mark} {row.scenario.name:<38.38} {row.verdict:<24.24}{row.seconds:5.2f} s{row.reads:4d}"
    return text if row.judgement.right else f"{text}\n      {row.judgement.why}"


def summary(rows: list[Row]) -> Iterator[str]:
    """Totals by family, then over all."""
    yield f"{'family':<16}{'right':>9}{'accused':>9}{'wrong cause':>13}"
    for family in sorted({row.scenario.family for row in rows}):
        yield _total(family, (row for row in rows if row.scenario.family == family))
    yield _total("all", rows)
    if rows:
        seconds, reads = [row.seconds for row in rows], [row.reads for row in rows]
        yield (
            f"median {statistics.median(seconds):.2f} s (slowest {max(seconds):.2f} s), "
            f"{statistics.median(reads):.0f} reads (most {max(reads)}), $0"
        )


def _total(name: str, rows: Iterable[Row]) -> str:
    judged = [row.judgement for row in rows]
    right = sum(j.right for j in judged)
    accused, wrong_cause = sum(j.accused for j in judged), sum(j.wrong_cause for j in judged)
    return f"{name:<16}{right:>4}/{len(judged):<4}{accused:>9}{wrong_cause:>13}"
