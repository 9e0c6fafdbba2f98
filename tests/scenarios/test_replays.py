"""Every recorded scenario, replayed: the verdict is right, and what it claims stands in the evidence."""

import pytest

from e2e.score.judge import judge
from e2e.score.replay import replay_scenario
from e2e.score.scenario import Scenario, load_recorded


@pytest.mark.parametrize("scenario", load_recorded(), ids=lambda s: s.name)
def test_the_recorded_scenario_is_judged_right_and_quotes_what_it_cites(scenario: Scenario) -> None:
    """Assembly drops quotes that do not stand in the evidence; a fact must therefore still have one."""
    result = replay_scenario(scenario)
    judgement = judge(scenario, result, scenario.recorded.namespace)
    assert judgement.right, judgement.why
    assert result["usage"]["reads"] <= 40
    known = {item["id"] for item in result["evidence"]}
    for claim in result["claims"]:
        assert claim["kind"] == "hypothesis" or claim["quotes"], claim
        assert {quote["evidence"] for quote in claim["quotes"]} <= known
