"""A recording shows the cause that docs/causes-and-tests.md names it for."""

import pytest

from e2e.score.scenario import Scenario, load_recorded
from tests.coverage import broken, replayed, rows

NAMED = {name for row in rows() for name in (row.verdict, row.look_alike)}


@pytest.mark.parametrize(
    "scenario", [each for each in load_recorded() if each.name in NAMED], ids=lambda s: s.name
)
def test_the_recording_shows_what_the_page_says(scenario: Scenario) -> None:
    assert broken(scenario.name, [replayed(scenario)]) == [], "run `make docs`"
