"""No order of rules decides a verdict: of findings, their ranks do."""

import random
from typing import Any

import pytest

from agent.diagnosis import registry
from agent.diagnosis.ranking import weigh
from e2e.score.replay import diagnosed
from e2e.score.scenario import Scenario, load_recorded

RECORDED = load_recorded()


def _told(scenario: Scenario) -> tuple[str, list[str]]:
    verdict = weigh(diagnosed(scenario.recorded.alert.encode(), scenario.recording))
    return verdict.outcome, [finding.id for finding in verdict.chain]


@pytest.mark.parametrize("scenario", RECORDED, ids=lambda s: s.name)
def test_rules_and_edges_in_another_order_give_the_same_chain(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reversed for half of them, shuffled for the others, by name."""
    told = _told(scenario)
    backwards = random.Random(scenario.name).random() < 0.5

    def otherwise(known: list[Any]) -> list[Any]:
        return known[::-1] if backwards else random.Random(scenario.name).sample(known, len(known))

    rules, edges = registry.rules_for, registry.edges_for
    monkeypatch.setattr(registry, "rules_for", lambda kind: otherwise(rules(kind)))
    monkeypatch.setattr(registry, "edges_for", lambda kind: otherwise(edges(kind)))
    assert _told(scenario) == told
