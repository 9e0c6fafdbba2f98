"""Every recorded scenario, replayed: the verdict is right, whatever the names, and never wrong with less evidence."""

import pytest

from e2e.score.__main__ import disturbed
from e2e.score.judge import judge
from e2e.score.replay import replay_scenario
from e2e.score.scenario import Scenario, load_all

RECORDED = [scenario for scenario in load_all() if scenario.recording.exists()]


@pytest.mark.parametrize("scenario", RECORDED, ids=lambda s: s.name)
def test_the_recorded_scenario_is_judged_right(scenario: Scenario) -> None:
    result = replay_scenario(scenario)
    judgement = judge(scenario, result, scenario.recorded_namespace)
    assert judgement.right, judgement.why
    assert result["usage"]["reads"] <= 40


@pytest.mark.parametrize("scenario", RECORDED, ids=lambda s: s.name)
def test_disturbed_evidence_never_makes_the_verdict_wrong(scenario: Scenario) -> None:
    wrong = [
        f"{kind}: {judgement.why}" for kind, judgement in disturbed(scenario, seeds=1) if not judgement.right
    ]
    assert wrong == []


@pytest.mark.parametrize("scenario", RECORDED, ids=lambda s: s.name)
def test_every_quote_of_the_result_stands_in_the_evidence_it_cites(scenario: Scenario) -> None:
    """Assembly drops quotes that do not; a fact must therefore still have one."""
    result = replay_scenario(scenario)
    known = {item["id"] for item in result["evidence"]}
    for claim in result["claims"]:
        assert claim["kind"] == "hypothesis" or claim["quotes"], claim
        assert {quote["evidence"] for quote in claim["quotes"]} <= known
