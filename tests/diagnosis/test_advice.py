"""How advice is told: steps in their order, alternatives as such, and nothing that cannot be done."""

import pytest

from agent.diagnosis.advice import edit, read_log
from agent.diagnosis.causes import cause
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.ranking import Verdict, statement
from agent.diagnosis.read.thing import Log
from agent.ref import Ref
from agent.steps import steps
from tests.diagnosis.world import World, collected

POD = Ref("Pod", "shop", "web-1")


def way(action: str) -> Recommendation:
    return Recommendation(action, "Do it.")


def said(*advice: Recommendation) -> str:
    claim = Claim("It is so", (), "hypothesis")
    root = Finding(cause("oom-killed"), POD, "It is full", (claim,), Sure.STATED, advice)
    return statement(Verdict("diagnosed", root.headline, root)).removeprefix("Analysis complete. It is full.")


A, B, C = way("adding a"), way("buying b"), way("cutting c")


@pytest.mark.parametrize(
    ("advice", "line"),
    [
        ((), ""),
        ((way(""),), ""),
        ((A,), " Recommend adding a."),
        ((A, B), " Recommend adding a and buying b."),
        ((A, B, C), " Recommend adding a, buying b and cutting c."),
        (one_of(A, B), " Recommend adding a or buying b."),
        (one_of(A, B, C), " Recommend adding a, buying b or cutting c."),
        ((*one_of(A, B), C), " Recommend adding a or buying b, then cutting c."),
        ((A, *one_of(B, C)), " Recommend adding a, then buying b or cutting c."),
        ((*one_of(A, B), way("")), " Recommend adding a or buying b."),
    ],
)
def test_the_line_joins_alternatives_with_or_and_steps_with_and_or_then(
    advice: tuple[Recommendation, ...], line: str
) -> None:
    assert said(*advice) == line


def test_a_step_holds_the_ways_of_which_one_is_enough() -> None:
    plan = steps((A, *one_of(B, C)))
    assert [[each.action for each in step] for step in plan] == [["adding a"], ["buying b", "cutting c"]]


@pytest.mark.parametrize("kind", ["Job", "Pod", "PersistentVolumeClaim"])
def test_what_cannot_be_edited_is_to_be_made_anew(kind: str) -> None:
    advice = edit(Ref(kind, "shop", "web"), "correcting it", "Correct it.")
    assert str(advice.command) == f"kubectl -n shop get {kind.lower()}/web -o yaml"
    assert "delete it and create it again" in advice.sentence


def test_what_can_be_edited_is_edited() -> None:
    advice = edit(Ref("Deployment", "shop", "web"), "correcting it", "Correct it.")
    assert (advice.sentence, str(advice.command)) == ("Correct it.", "kubectl -n shop edit deployment/web")


@pytest.mark.parametrize(("previous", "option"), [(False, ""), (True, " --previous")])
def test_the_log_to_read_is_the_one_that_was_answered(previous: bool, option: str) -> None:
    world = World().log("shop", "web-1", "main", "boom", previous=previous)
    (evidence,) = collected(world, "logs shop/web-1 main" + (" previous" if previous else ""))
    (advice,) = read_log(Log(evidence), "reading it", "Read it.")
    assert str(advice.command) == f"kubectl -n shop logs web-1 -c main{option}"


def test_no_log_is_to_be_read_where_none_was_answered_or_it_is_empty() -> None:
    (empty,) = collected(World().log("shop", "web-1", "main", " \n"), "logs shop/web-1 main")
    assert not list(read_log(None, "reading it", "Read it."))
    assert not list(read_log(Log(empty), "reading it", "Read it."))
