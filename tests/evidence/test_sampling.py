"""Samples of long lists: what is kept, what is counted."""

from typing import Any

import pytest

from agent.evidence.census import Census
from agent.evidence.sampling import LIMIT, SLACK, Sample
from agent.evidence.wellness import Condition


def judged(item: dict[str, Any]) -> Condition:
    return Condition(item["state"], item["state"] == "ready", (item["state"], item.get("owner", "")))


def sample(*groups: tuple[int, str], **more: Any) -> Sample:
    """A sample of so many objects in each state, in that order, each newer than the one before."""
    found = Sample(judged, lambda item: item | {"cut": True}, lambda item: item["at"])
    for number, state in enumerate(state for count, state in groups for _ in range(count)):
        found.add({"state": state, "at": f"{number:09}"} | more)
    return found


def kept(found: Sample) -> dict[str, int]:
    states = [item["state"] for item in found.items]
    return {state: states.count(state) for state in states}


def test_a_list_up_to_the_limit_stays_whole_and_has_no_census() -> None:
    found = sample((LIMIT, "ready"))
    assert len(found.items) == LIMIT
    assert found.census(ended=True) is None


def test_what_is_not_well_is_kept_whole_before_what_is_well() -> None:
    found = sample((5_000, "ready"), (200, "CrashLoopBackOff"))
    assert kept(found) == {"CrashLoopBackOff": 200, "ready": LIMIT - 200}
    counted = {"ready": 5_000, "CrashLoopBackOff": 200}
    assert found.census(ended=True) == Census(5_200, LIMIT, 200, 200, counted)


def test_of_too_much_that_is_not_well_the_rare_is_kept_before_the_frequent() -> None:
    found = sample((3_000, "CrashLoopBackOff"), (3, "ImagePullBackOff"), (3_000, "Evicted"))
    assert kept(found)["ImagePullBackOff"] == 3
    assert sum(kept(found).values()) == LIMIT
    counted = found.census(ended=True)
    assert counted is not None and (counted.ill, counted.ill_kept, counted.holds_ill) == (6_003, LIMIT, False)


def test_some_that_are_well_are_kept_however_many_are_not() -> None:
    assert kept(sample((1_000, "ready"), (9_000, "CrashLoopBackOff")))["ready"] == 100


def test_what_is_broken_is_kept_before_what_only_restarted_once() -> None:
    found = Sample(lambda item: Condition(item["state"], likeness=(item["owner"],), mild=item["state"] == "mild"),
                   lambda item: item, lambda item: "")  # fmt: skip
    for number in range(1_000):
        found.add({"state": "mild", "owner": f"web-{number}"})
        if number < 200:
            found.add({"state": "Error", "owner": f"job-{number}"})
    assert kept(found) == {"Error": 200, "mild": 200}


def test_of_what_is_alike_the_newest_is_kept() -> None:
    oldest = min(item["at"] for item in sample((5_000, "ready")).items)
    assert oldest == f"{5_000 - LIMIT:09}"


def test_a_thousand_owners_are_each_counted_and_many_are_shown() -> None:
    found = Sample(judged, lambda item: item, lambda item: "")
    for number in range(3_000):
        found.add({"state": "Error", "owner": f"job-{number % 1_000}"})
    assert len({item["owner"] for item in found.items}) == LIMIT


def test_what_is_kept_is_cut_to_evidence_and_no_more_is_held_than_needed() -> None:
    made: list[int] = []
    found = Sample(judged, lambda item: made.append(1) or item | {"cut": 1}, lambda item: "")  # type: ignore[func-returns-value]
    for _ in range(20_000):
        found.add({"state": "ready"})
        assert len(found._kept) < LIMIT + SLACK
    assert all(item["cut"] for item in found.items)
    assert len(made) < 20_000 / 10


@pytest.mark.parametrize("item", [None, 7, "pod", [], ["pod"]])
def test_what_is_no_object_is_passed_over(item: Any) -> None:
    found = sample((1, "ready"))
    found.add(item)
    assert found.total == 1


def test_states_without_number_are_counted_together() -> None:
    found = Sample(judged, lambda item: item, lambda item: "")
    for number in range(1_000):
        found.add({"state": f"State{number}"})
    counted = found.census(ended=True)
    assert counted is not None and (len(counted.states), sum(counted.states.values())) == (101, 1_000)


def test_a_census_is_told_in_one_line_with_the_rare_states() -> None:
    states = {"ready": 9_000, "Error": 3, "Evicted": 2, **{f"State{number}": 10 for number in range(20)}}
    told = str(Census(9_205, 400, 205, 205, states, ended=False))
    assert told.startswith("9205 read, not all: 9000 ready, ") and told.endswith(" others")
    assert "3 Error" in told and "2 Evicted" in told and len(told) < 200
