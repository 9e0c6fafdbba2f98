"""Every scenario live: faults are named, healthy things are not accused."""

import pytest

from e2e.cluster.cluster import Cluster
from e2e.score.__main__ import scored_live
from e2e.score.scenario import load_all
from e2e.score.table import Row, line, summary
from e2e.support.monitoring import Prometheus


@pytest.fixture(scope="module")
def rows(cluster: Cluster, metrics: None, prometheus: Prometheus) -> list[Row]:
    """All scenarios, run and judged once."""
    scored = scored_live(load_all(), cluster, record=False)
    print("\n".join(summary(scored)))
    return scored


def _shown(rows: list[Row]) -> str:
    return "\n".join([*(line(row) for row in rows if not row.judgement.right), *summary(rows)])


def test_at_least_95_percent_of_the_verdicts_are_right(rows: list[Row]) -> None:
    assert sum(row.judgement.right for row in rows) >= 0.95 * len(rows), _shown(rows)


def test_no_healthy_control_is_accused(rows: list[Row]) -> None:
    assert not [row.scenario.name for row in rows if row.judgement.accused], _shown(rows)


def test_no_investigation_asks_more_than_40_questions(rows: list[Row]) -> None:
    assert max(row.reads for row in rows) <= 40, _shown(rows)
