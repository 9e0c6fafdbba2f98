"""Usage: a server's numbers count where they can be true, else the most they can be."""

from typing import Any

import pytest

from agent.team.models.usage import Usage, UsageError, believe, least, most

LOW, HIGH = Usage(100, 10), Usage(500, 1000)


def test_the_bounds_come_from_the_bytes_that_went_over_the_wire() -> None:
    assert (most(1001, 4096), least(1001, 99)) == (Usage(501, 4096), Usage(100, 9))


@pytest.mark.parametrize("numbers", [(100, 10), (300, 700), (500, 1000)])
def test_what_can_be_true_is_believed(numbers: tuple[int, int]) -> None:
    told = {"prompt_tokens": numbers[0], "completion_tokens": numbers[1], "total_tokens": -1}
    assert believe(told, LOW, HIGH) == (Usage(*numbers), [])


@pytest.mark.parametrize(
    "value", [-1, 0, 99, 501, 10**400, 300.0, 0.5, 1e308, float("nan"), True, "300", None, [300], {}]
)
def test_what_cannot_be_true_is_the_most_it_can_be(value: Any) -> None:
    assert believe({"prompt_tokens": value, "completion_tokens": 20}, LOW, HIGH) == (
        Usage(500, 20),
        ["prompt_tokens"],
    )


@pytest.mark.parametrize("told", [None, [], "usage", 7, {}, {"usage": {}}])
def test_no_usage_is_the_most_it_can_be(told: Any) -> None:
    assert believe(told, LOW, HIGH) == (HIGH, ["prompt_tokens", "completion_tokens"])


@pytest.mark.parametrize(("told", "low"), [({"completion_tokens": 1001}, LOW), ({}, Usage(100, 1001))])
def test_an_answer_beyond_its_limit_has_no_most(told: Any, low: Usage) -> None:
    with pytest.raises(UsageError, match="does not keep to --max-answer-tokens 1000"):
        believe(told, low, HIGH)
