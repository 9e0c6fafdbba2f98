"""The advice of every finding in every recording, also of those that are no root."""

import pytest

from e2e.score.replay import diagnosed
from e2e.score.scenario import Scenario, load_recorded
from tests.diagnosis.advice import check


@pytest.mark.parametrize("scenario", load_recorded(), ids=lambda s: s.name)
def test_the_advice_of_every_finding_of_a_recording_holds(scenario: Scenario) -> None:
    check(diagnosed(scenario.recorded.alert.encode(), scenario.recording))
