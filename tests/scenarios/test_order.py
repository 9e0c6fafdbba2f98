"""No order of rules decides a verdict: of findings, their ranks do."""

import random

import pytest

from agent.diagnosis import engine
from agent.diagnosis.ranking import weigh
from e2e.score.replay import diagnosed
from e2e.score.scenario import Scenario, load_recorded

RECORDED = load_recorded()


def _told(scenario: Scenario) -> tuple[str, list[str]]:
    verdict = weigh(diagnosed(scenario.recorded.alert.encode(), scenario.recording))
    return verdict.outcome, [finding.id for finding in verdict.chain]


@pytest.mark.parametrize("scenario", RECORDED, ids=lambda s: s.name)
def test_rules_in_another_order_give_the_same_chain(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reversed for half of them, shuffled for the others, by name."""
    told = _told(scenario)
    chance = random.Random(scenario.name)
    backwards = chance.random() < 0.5
    other = {
        kind: each[::-1] if backwards else chance.sample(each, len(each))
        for kind, each in engine._ANALYZERS.items()
    }
    monkeypatch.setattr(engine, "_ANALYZERS", other)
    assert _told(scenario) == told
