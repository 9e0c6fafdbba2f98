"""The case: what it makes of lists of which only a part was kept, and of too much to look at."""

import asyncio
from typing import Any

import pytest

from agent.diagnosis import engine
from agent.diagnosis.case import Case, Lack, Need
from agent.diagnosis.engine import diagnose
from agent.diagnosis.ranking import weigh
from agent.evidence.answer import Answer
from agent.evidence.census import Census
from agent.evidence.ledger import Ledger
from agent.evidence.query import Query
from agent.evidence.redaction import Redactor
from agent.intake.alert import parse_alerts
from agent.intake.runbook import choose
from agent.intake.subject import route
from agent.ref import Ref
from tests.diagnosis.objects import pod
from tests.diagnosis.world import NOW, World

LISTED = "list Pod shop"
ILL_KEPT = Census(500, 1, 1, 1, {"ready": 499, "Error": 1})
ILL_LOST = Census(500, 1, 5, 1, {"ready": 495, "Error": 5})
UNENDED = Census(500, 1, 1, 1, {"ready": 499, "Error": 1}, ended=False)


def case(answer: Answer | None = None) -> Case:
    """A case in which the pods of a namespace were listed."""
    alert = parse_alerts(b'{"labels": {"alertname": "KubePodNotReady", "namespace": "shop"}}').alerts[0]
    world = World()
    world.refuse = {LISTED: answer} if answer else {}
    ledger = Ledger(lambda query: world, Redactor())
    asyncio.run(ledger.collect([Query.parse(LISTED)]))
    return Case(ledger.entries, alert=alert, subject=route(alert), runbook=choose(alert), now=NOW)


def part(census: Census) -> Answer:
    return Answer(data=[pod("web-1")], truncated=True, notes=["some are kept"], census=census)


@pytest.mark.parametrize(
    ("census", "need", "known"),
    [
        (ILL_KEPT, "all", False), (ILL_KEPT, "ill", True), (ILL_KEPT, "some", True),
        (ILL_LOST, "all", False), (ILL_LOST, "ill", False), (ILL_LOST, "some", True),
        (UNENDED, "all", False), (UNENDED, "ill", False), (UNENDED, "some", True),
    ],
)  # fmt: skip
def test_a_part_of_a_list_is_known_only_to_who_can_do_with_it(
    census: Census, need: Need, known: bool
) -> None:
    assert (case(part(census)).list("Pod", "shop", need=need) != Lack.REFUSED) == known


def test_a_whole_list_is_known_to_all() -> None:
    whole = case()
    assert [whole.list("Pod", "shop", need=need) for need in ("all", "ill", "some")] == [[], [], []]
    assert not whole.is_partial("Pod", "shop") and whole.partial() == []


def test_a_part_that_is_not_enough_is_said_to_be_missing() -> None:
    asked = case(part(ILL_KEPT))
    assert asked.partial() == []  # all that is not well is there
    asked.list("Pod", "shop")
    verdict = weigh(diagnose(asked, []))
    assert verdict.missing == ["list Pod shop (in part: some are kept)"]
    assert verdict.sentence.endswith(
        "Not everything could be examined: list Pod shop (in part: some are kept)."
    )


def test_what_is_not_well_and_was_not_kept_is_always_said_to_be_missing() -> None:
    assert [str(evidence.query) for evidence in case(part(ILL_LOST)).partial()] == [LISTED]


def test_an_empty_part_is_no_empty_list() -> None:
    cut = Answer(data=[], truncated=True, census=Census(1, 0, 0, 0, {"ready": 1}))
    assert case(cut).none_listed("Pod", "shop") is None
    assert case().none_listed("Pod", "shop") is not None


def test_the_first_few_of_many_are_taken_and_the_rest_is_said() -> None:
    asked = case()
    assert asked.first(range(5), 2, "numbers") == [0, 1]
    assert list(asked.left_out) == ["3 of 5 numbers (not examined: the limit is 2)"]
    assert asked.first(range(2), 2, "letters") == [0, 1] and len(asked.left_out) == 1


def test_objects_beyond_those_that_may_be_visited_are_said_to_be_missing(monkeypatch: Any) -> None:
    monkeypatch.setattr(engine, "MAX_VISITS", 3)
    diagnosis = diagnose(case(), [Ref("Pod", "shop", f"web-{number}") for number in range(5)])
    assert "2 objects (not examined: the limit is 3)" in weigh(diagnosis).missing
