"""The judge of advice: words that must stand in it, and words that must not."""

from dataclasses import replace

import pytest

from e2e.score.judge import judge
from e2e.score.scenario import Scenario, load_all

SCENARIO = replace(load_all("^crash-oom$")[0], evidence=(), advice=(), not_advice=())
RESULT = {
    "outcome": "diagnosed", "cause": "oom-killed", "entity": "shop-1/Deployment/thumbnailer", "claims": [],
    "recommendations": [{"sentence": "Raise the limit.", "command": "kubectl -n shop-1 edit deployment/web"}],
}  # fmt: skip


def why(scenario: Scenario) -> str:
    return judge(scenario, RESULT, "shop-1").why


def test_words_of_a_sentence_or_a_command_are_advised() -> None:
    assert why(replace(SCENARIO, advice=("Raise", "-n scenario edit"))) == ""


def test_words_that_nothing_advises_make_a_verdict_wrong() -> None:
    assert why(replace(SCENARIO, advice=("rollout undo",))) == "nothing advises 'rollout undo'"


def test_words_that_must_not_be_advised_make_a_verdict_wrong() -> None:
    assert why(replace(SCENARIO, not_advice=("-n scenario edit",))) == "'-n scenario edit' is advised"


TWO_FAULTS = {
    **RESULT,
    "chain": [{"cause": "oom-killed", "entity": "shop-1/Deployment/thumbnailer"}],
    "considered": [{"cause": "image-not-found", "entity": "shop-1/Deployment/scaler"}],
}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("oom-killed@scenario/Deployment/thumbnailer", ""),
        ("image-not-found@scenario/Deployment/scaler", ""),
        (
            "oom-killed@scenario/Deployment/scaler",
            "neither the chain nor what was considered holds oom-killed@scenario/Deployment/scaler",
        ),
    ],
    ids=["in-the-chain", "considered", "of-another-object"],
)
def test_a_fault_beside_the_verdict_stands_in_the_result_too(fault: str, said: str) -> None:
    assert judge(replace(SCENARIO, also=(fault,)), TWO_FAULTS, "shop-1").why == said


def test_at_least_forty_scenarios_say_what_mends_them() -> None:
    assert sum(bool(scenario.advice) for scenario in load_all()) >= 40
