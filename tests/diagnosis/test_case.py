"""The case: what it says of what was read, what it asks for, and what it makes of parts and of too much."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.diagnosis import engine
from agent.diagnosis.case import Case, Lack, Need
from agent.diagnosis.engine import diagnose
from agent.diagnosis.ranking import weigh
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import Said
from agent.evidence.answer import Answer
from agent.evidence.census import Census
from agent.evidence.query import Query
from agent.intake.alert import parse_alerts
from agent.intake.runbook import choose
from agent.intake.subject import route
from agent.ref import Ref
from tests.diagnosis.invented import Rules, found
from tests.diagnosis.objects import node, pod, series
from tests.diagnosis.world import NOW, World, collected

LISTED = "list Pod shop"
ILL_KEPT = Census(500, 1, 1, 1, {"ready": 499, "Error": 1})
ILL_LOST = Census(500, 1, 5, 1, {"ready": 495, "Error": 5})
UNENDED = Census(500, 1, 1, 1, {"ready": 499, "Error": 1}, ended=False)


def case(answer: Answer | None = None) -> Case:
    """A case in which the pods of a namespace were listed."""
    world = World()
    world.refuse = {LISTED: answer} if answer else {}
    return read(world, LISTED)


def read(world: World, *queries: str) -> Case:
    """A case in which these queries were asked."""
    alert = parse_alerts(b'{"labels": {"alertname": "KubePodNotReady", "namespace": "shop"}}').alerts[0]
    evidence = collected(world, *queries)
    return Case(evidence, alert=alert, subject=route(alert), runbook=choose(alert), now=NOW)


def asked(case: Case) -> dict[str, str]:
    """The open questions, with the reasons."""
    return {str(query): why for query, why in case.questions.items()}


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


# -- what was read, what was not ---------------------------------------------------------------------

WEB = Ref("Pod", "shop", "web-1")
READS: dict[str, Callable[[Case], Any]] = {
    "get Pod shop/web-1": lambda case: case.get("Pod", "shop", "web-1", "why"),
    "get Node n1": lambda case: case.obj(Ref("Node", "", "n1"), "why"),
    "list Pod shop label=app=web": lambda case: case.list("Pod", "shop", label="app=web", why="why"),
    "list Pod shop field=spec.nodeName=n1": lambda case: case.list(
        "Pod", "shop", field="spec.nodeName=n1", why="why"
    ),
    "events shop Pod/web-1": lambda case: case.events(WEB, "why"),
    "events shop": lambda case: case.warnings("shop", "why"),
    "logs shop/web-1 web": lambda case: case.log(WEB, "web", why="why"),
    "logs shop/web-1 web previous": lambda case: case.log(WEB, "web", previous=True, why="why"),
    "metrics up": lambda case: case.series("up", "why"),
    "usage shop": lambda case: case.usage("shop", why="why"),
    "usage shop web-1": lambda case: case.usage("shop", "web-1", "why"),
}


@pytest.mark.parametrize("query", READS)
def test_what_was_not_read_lacks_for_that_and_is_asked_for(query: str) -> None:
    unread = read(World())
    assert READS[query](unread) is Lack.UNREAD
    assert asked(unread) == {query: "why"}
    assert unread.status(Query.parse(query)) == ""


@pytest.mark.parametrize("query", READS)
def test_what_was_refused_lacks_for_that_and_is_not_asked_again(query: str) -> None:
    world = World()
    world.refuse = {"": Answer("forbidden", message="no right to read")}
    refused = read(world, query)
    assert READS[query](refused) is Lack.REFUSED
    assert asked(refused) == {}
    assert refused.status(Query.parse(query)) == "forbidden"
    assert [str(each.query) for each in refused.refused()] == [query]


def world() -> World:
    """A pod with an event, a log, measures and use, on a node."""
    put = World().add(pod("web-1"), pod("db-1", app="db"), node("n1"))
    put.event("Pod", "shop", "web-1", "BackOff", "Back-off restarting").log("shop", "web-1", "web", "ready")
    put.log("shop", "web-1", "web", "bye", previous=True)
    put.measured["up"] = series((2, 1.0))
    put.used = [{"namespace": "shop", "pod": "web-1", "container": "web", "cpu": 0.1, "memory": 1}]
    return put


@pytest.mark.parametrize("query", READS)
def test_what_was_read_is_there_and_is_not_asked_again(query: str) -> None:
    known = read(world(), query)
    assert READS[query](known)
    assert (asked(known), known.refused(), known.status(Query.parse(query))) == ({}, [], "ok")


def test_the_first_reason_to_ask_is_kept() -> None:
    unread = read(World())
    unread.get("Pod", "shop", "web-1", "first")
    unread.get("Pod", "shop", "web-1", "second")
    assert asked(unread) == {"get Pod shop/web-1": "first"}


def test_what_was_looked_for_and_is_not_there_is_absent() -> None:
    known = read(World(), "get Pod shop/web-1")
    assert known.get("Pod", "shop", "web-1") is Lack.ABSENT and asked(known) == {}


# -- objects -----------------------------------------------------------------------------------------


def test_an_object_of_the_cluster_has_no_namespace_whatever_is_asked() -> None:
    found = read(world(), "get Node n1").get("Node", "shop", "n1")
    assert not isinstance(found, Lack) and found.ref == Ref("Node", "", "n1")


@pytest.mark.parametrize("ref", [Ref("Pod", "shop", ""), Ref("Pod", "", "web-1"), Ref("Node", "", "")])
def test_what_cannot_exist_is_not_asked_for(ref: Ref) -> None:
    unread = read(World())
    assert unread.obj(ref) is Lack.ABSENT and asked(unread) == {}


def test_an_item_of_a_list_counts_as_read_and_is_quoted_from_the_list() -> None:
    listed = read(world(), "list Pod shop label=app=web")
    found = listed.get("Pod", "shop", "web-1")
    assert not isinstance(found, Lack) and asked(listed) == {}
    assert [quote.text for quote in found.quote("status.phase")] == ["[web-1].status.phase: Running"]
    assert listed.get("Pod", "shop", "db-1") is Lack.UNREAD and list(asked(listed)) == ["get Pod shop/db-1"]


def test_an_object_read_alone_is_quoted_from_its_own_answer() -> None:
    found = read(world(), "list Pod shop", "get Pod shop/web-1").get("Pod", "shop", "web-1")
    assert not isinstance(found, Lack)
    assert [quote.text for quote in found.quote("status.phase")] == ["status.phase: Running"]


def test_an_answer_that_is_no_object_counts_as_refused() -> None:
    odd = World()
    odd.refuse = {"get": Answer(data=["web-1"])}
    assert read(odd, "get Pod shop/web-1").get("Pod", "shop", "web-1") is Lack.REFUSED


def test_only_an_object_that_was_looked_for_and_not_found_is_absent() -> None:
    known = read(world(), "get Pod shop/web-1", "get Pod shop/gone", "get Node n2")
    quote = known.absent("Pod", "shop", "gone")
    assert quote is not None and quote.text == 'not-found: Pod "gone" not found'
    assert known.absent("Node", "shop", "n2") is not None
    assert known.absent("Pod", "shop", "web-1") is None
    assert known.absent("Pod", "shop", "unread") is None
    assert asked(known) == {}


def test_an_object_that_may_not_be_read_is_not_absent() -> None:
    closed = World()
    closed.refuse = {"get": Answer("forbidden", message="no right to read")}
    assert read(closed, "get Pod shop/web-1").absent("Pod", "shop", "web-1") is None


# -- lists, and what else comes in numbers -----------------------------------------------------------


def test_a_list_holds_what_its_selector_selects() -> None:
    listed = read(world(), "list Pod shop", "list Pod shop label=app=db").list("Pod", "shop", label="app=db")
    assert not isinstance(listed, Lack) and [each.ref.name for each in listed] == ["db-1"]


def test_an_empty_list_is_quoted_as_none_only_where_it_was_answered() -> None:
    known = read(
        world(), "list Pod shop label=app=x", "list Pod shop", "list Pod shop field=spec.nodeName=n9"
    )
    assert known.none_listed("Pod", "shop", label="app=x") is not None
    assert known.none_listed("Pod", "shop", field="spec.nodeName=n9") is not None
    assert known.none_listed("Pod", "shop") is None
    assert known.none_listed("Pod", "shop", label="app=unread") is None and asked(known) == {}


def test_the_counts_of_a_part_are_quoted_and_a_whole_list_has_none() -> None:
    counted = case(part(ILL_KEPT)).counted("Pod", "shop")
    assert counted is not None
    assert (counted[0].total, counted[1].text) == (500, "500 read: 499 ready, 1 Error")
    assert case().counted("Pod", "shop") is None
    assert read(World()).counted("Pod", "shop") is None


def test_a_part_of_a_list_is_partial_and_said_to_be() -> None:
    cut = case(part(ILL_KEPT))
    assert cut.is_partial("Pod", "shop") and not cut.is_partial("Pod", "shop", label="app=web")
    assert [str(each.query) for each in cut.partial()] == [LISTED]


def test_a_log_that_was_cut_is_said_to_be_read_in_part() -> None:
    cut = World()
    cut.refuse = {"logs": Answer(data="ready", truncated=True)}
    assert [str(each.query) for each in read(cut, "logs shop/web-1 web").partial()] == ["logs shop/web-1 web"]


def test_events_are_those_of_the_object_or_all_of_the_namespace() -> None:
    put = world().event("Pod", "shop", "db-1", "Killing", "Stopping")
    known = read(put, "events shop Pod/web-1", "events shop")
    assert [each.reason for each in known.events(WEB) or []] == ["BackOff"]
    assert [each.reason for each in known.warnings("shop") or []] == ["BackOff", "Killing"]
    assert [each.about for each in known.events(WEB) or []] == [WEB]


def test_an_empty_log_is_a_log() -> None:
    found = read(World().log("shop", "web-1", "web", ""), "logs shop/web-1 web").log(WEB, "web")
    assert not isinstance(found, Lack) and found.text == ""


@pytest.mark.parametrize(
    "answer",
    [
        "unable to retrieve container logs for containerd://4f2c",
        'previous terminated container "web" in pod "web-1" not found',
        'Error from server (BadRequest): container "web" in pod "web-1" is waiting to start: CrashLoopBackOff',
    ],
)
def test_what_is_answered_in_place_of_a_log_is_none(answer: str) -> None:
    told = read(World().log("shop", "web-1", "web", answer), "logs shop/web-1 web")
    assert told.log(WEB, "web") is Lack.REFUSED


def test_a_program_that_says_the_same_among_its_own_words_has_a_log() -> None:
    text = "starting\nunable to retrieve container logs for containerd://4f2c"
    assert read(World().log("shop", "web-1", "web", text), "logs shop/web-1 web").log(WEB, "web")


def test_the_log_before_the_last_restart_is_another_one() -> None:
    known = read(world(), "logs shop/web-1 web", "logs shop/web-1 web previous")
    texts = [log.text for previous in (False, True) if (log := known.log(WEB, "web", previous=previous))]
    assert texts == ["ready", "bye"]


def test_series_are_points_of_numbers_and_none_is_no_gap() -> None:
    known = read(world(), "metrics up", "metrics down")
    found = known.series("up")
    assert not isinstance(found, Lack)
    assert [each.points for each in found] == [[(NOW.timestamp() - 60, 1.0), (NOW.timestamp(), 1.0)]]
    assert known.series("down") == []


def test_use_is_as_it_was_measured_and_none_is_no_gap() -> None:
    used = read(world(), "usage shop").usage("shop")
    assert not isinstance(used, Lack) and [each["memory"] for each in used] == [1]
    assert read(World(), "usage shop").usage("shop") == []


@pytest.mark.parametrize("status", ["not-found", "not-served"])
def test_that_there_is_nothing_to_read_is_no_refusal(status: Any) -> None:
    empty = World()
    empty.refuse = {"list": Answer(status, message="nothing here")}
    known = read(empty, LISTED)
    assert known.list("Pod", "shop") is Lack.ABSENT and known.refused() == []


# -- who is looked at --------------------------------------------------------------------------------


def test_what_a_rule_has_followed_belongs_to_the_object_it_looks_at(rules: Rules) -> None:
    seen: list[tuple[str, bool, str]] = []

    def look(case: Case, obj: Obj) -> Said:
        seen.append((obj.ref.name, case.is_subject, case.led_by))
        return ()

    rules.add(look)
    rules.say("a", found("leak", "a", "c")).join("a", "b").join("c", "d")
    diagnosis = rules.diagnose("a")
    assert seen == [("a", True, ""), ("b", False, ""), ("c", False, "leak"), ("d", False, "leak")]
    assert (diagnosis.case.is_subject, diagnosis.case.led_by) == (False, "")
