"""The scenarios live: faults are named, healthy things are not accused."""

import pytest

from e2e.cluster.cluster import Cluster
from e2e.score.__main__ import scored_live
from e2e.score.scenario import load_all
from e2e.score.share import left_out, share, touched_lately, turn_of_commit
from e2e.score.table import Row, line, summary
from e2e.support.monitoring import Prometheus


@pytest.fixture(scope="module")
def rows(
    request: pytest.FixtureRequest, cluster: Cluster, metrics: None, prometheus: Prometheus
) -> list[Row]:
    """The scenarios, run and judged once."""
    scenarios = load_all()
    if request.config.getoption("scenarios") == "third":
        chosen = share(scenarios, turn_of_commit(), touched_lately())
        print(left_out(scenarios, chosen))
        scenarios = chosen
    scored = scored_live(scenarios, cluster, record=False)
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
