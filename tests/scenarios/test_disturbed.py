"""Every recorded scenario, disturbed: names, order and noise change no verdict, less evidence makes none wrong."""

import pytest

from e2e.score.__main__ import disturbed
from e2e.score.scenario import Scenario, load_recorded


@pytest.mark.parametrize("scenario", load_recorded(), ids=lambda s: s.name)
def test_disturbed_evidence_never_makes_the_verdict_wrong(scenario: Scenario) -> None:
    wrong = [
        f"{kind}: {judgement.why}" for kind, judgement in disturbed(scenario, seeds=1) if not judgement.right
    ]
    assert wrong == []
