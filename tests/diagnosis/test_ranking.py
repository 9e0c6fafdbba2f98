"""The ranking: the way from the subject to the root, the outcome, and what is said of the rest."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from agent.diagnosis.finding import Finding, Recommendation, RuledOut, Sure, one_of
from agent.diagnosis.ranking import Verdict, accept, statement, weigh
from agent.diagnosis.state import State
from agent.evidence.answer import Answer
from agent.ref import Ref
from tests.diagnosis.invented import SETTLED_BY_MEASURES, Rules, at, cause, found
from tests.diagnosis.world import World, collected

LEAK, FLOOD, STORM = found("leak", "a", "b"), found("flood", "b", "c"), found("storm", "c")


def ids(findings: list[Finding]) -> list[str]:
    return [each.cause.id for each in findings]


def beside(verdict: Verdict) -> list[tuple[str, str, str]]:
    """What was considered: the finding, the one it stands behind, and the part that decided."""
    return [
        (each.finding.cause.id, each.behind.cause.id if each.behind else "", each.part)
        for each in verdict.considered
    ]


# -- the chain ---------------------------------------------------------------------------------------


def test_the_chain_goes_from_the_subject_to_where_its_findings_lead(rules: Rules) -> None:
    verdict = weigh(rules.say("a", LEAK).say("b", FLOOD).say("c", STORM).diagnose("a"))
    assert (verdict.outcome, verdict.root, verdict.chain) == ("diagnosed", STORM, [LEAK, FLOOD, STORM])
    assert (verdict.sentence, verdict.considered) == ("It is storm", [])


def test_the_chain_goes_on_to_what_was_found_beside_the_object_that_a_finding_leads_to(rules: Rules) -> None:
    rules.say("a", LEAK).join("b", "d").say("d", found("frost", "d"))
    assert ids(weigh(rules.diagnose("a")).chain) == ["leak", "frost"]


def test_the_chain_goes_on_to_an_object_that_is_led_to_wherever_its_finding_was_made(rules: Rules) -> None:
    rules.say("a", replace(LEAK, sure=Sure.STATED), found("flood", "b"))
    assert ids(weigh(rules.diagnose("a")).chain) == ["leak", "flood"]


def test_findings_that_lead_to_each_other_are_taken_once(rules: Rules) -> None:
    rules.say("a", LEAK).say("b", found("flood", "b", "a"))
    assert ids(weigh(rules.diagnose("a")).chain) == ["leak", "flood"]


def test_the_chain_ends_before_what_is_only_possible(rules: Rules) -> None:
    rules.say("a", LEAK).say("b", replace(FLOOD, sure=Sure.POSSIBLE)).say("c", STORM)
    verdict = weigh(rules.diagnose("a"))
    assert ids(verdict.chain) == ["leak"]
    assert beside(verdict) == [("flood", "leak", "aside"), ("storm", "leak", "aside")]


def test_what_the_chain_ends_before_lies_behind_its_root(rules: Rules) -> None:
    rules.say("a", LEAK).say("b", FLOOD).say("c", replace(STORM, sure=Sure.POSSIBLE))
    verdict = weigh(rules.diagnose("a"))
    assert (ids(verdict.chain), beside(verdict)) == (["leak", "flood"], [("storm", "flood", "aside")])


def test_the_chain_goes_through_a_symptom_that_is_only_possible(rules: Rules) -> None:
    wet = found(cause("wet", symptom=True), "b", "c", sure=Sure.POSSIBLE)
    assert ids(weigh(rules.say("a", LEAK).say("b", wet).say("c", STORM).diagnose("a")).chain) == [
        "leak",
        "wet",
        "storm",
    ]


def test_what_a_finding_led_to_is_no_start_however_sure_it_is(rules: Rules) -> None:
    rules.say("a", LEAK, found("draught", "a", sure=Sure.STATED))
    verdict = weigh(rules.say("b", replace(FLOOD, sure=Sure.STATED)).diagnose("a"))
    assert ids(verdict.chain) == ["draught"]
    assert beside(verdict) == [("leak", "draught", "sure"), ("flood", "draught", "aside")]


def test_what_was_found_at_a_neighbour_may_be_the_root_and_comes_after_the_subjects_own(rules: Rules) -> None:
    rules.join("a", "b").say("b", found("drought", "b"))
    assert ids(weigh(rules.diagnose("a")).chain) == ["drought"]
    verdict = weigh(rules.say("a", found("leak", "a")).diagnose("a"))
    assert (ids(verdict.chain), beside(verdict)) == (["leak"], [("drought", "leak", "own")])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_at_each_step_the_best_is_taken_and_the_others_stand_behind_it(
    rules: Rules, order: tuple[int, ...]
) -> None:
    there = [FLOOD, found("frost", "b"), found("gust", "b", sure=Sure.STATED)]
    verdict = weigh(rules.say("a", LEAK).say("b", *(there[place] for place in order)).diagnose("a"))
    assert ids(verdict.chain) == ["leak", "gust"]
    assert sorted(beside(verdict)) == [("flood", "gust", "sure"), ("frost", "gust", "sure")]


def test_who_loses_twice_stands_behind_the_first_that_was_taken_instead(rules: Rules) -> None:
    rules.say("a", found("leak", "a", "a", sure=Sure.STATED), found("frost", "a"), found("gust", "a"))
    verdict = weigh(rules.diagnose("a"))
    assert ids(verdict.chain) == [
        "leak",
        "frost",
    ]
    assert beside(verdict) == [("gust", "leak", "sure")]


# -- the outcome -------------------------------------------------------------------------------------


def test_a_finding_that_is_only_possible_is_no_diagnosis(rules: Rules) -> None:
    verdict = weigh(rules.say("a", found("leak", "a", sure=Sure.POSSIBLE)).diagnose("a"))
    assert (verdict.outcome, verdict.chain, beside(verdict)) == (
        "inconclusive",
        [],
        [("leak", "", "carried")],
    )
    assert verdict.root and verdict.root.cause.id == "leak"
    assert verdict.sentence == "Possible, but the evidence does not confirm it: It is leak."


def test_a_symptom_without_a_reason_is_told_as_a_fact(rules: Rules) -> None:
    wet = found(cause("wet", symptom=True), "a", sure=Sure.POSSIBLE)
    assert weigh(rules.say("a", wet).diagnose("a")).sentence == "It is wet; the evidence does not show why."


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("recovered", "self-resolved"), ("healthy", "not-actionable"), ("intended", "not-actionable"),
        ("progressing", "not-actionable"), ("gone", "not-actionable"),
    ],
)  # fmt: skip
def test_without_a_finding_the_state_of_the_subject_is_the_outcome(
    rules: Rules, kind: Any, outcome: str
) -> None:
    state = State(kind, at("a"), "So it stands.")
    verdict = weigh(rules.say("a", state).diagnose("a"))
    assert (verdict.outcome, verdict.sentence, verdict.states) == (outcome, "So it stands.", [state])
    assert verdict.root is None


HEALTHY, RECOVERED = State("healthy", at("a"), "It is well."), State("recovered", at("a"), "It was ill.")


def test_one_that_recovered_among_the_healthy_resolved_itself(rules: Rules) -> None:
    verdict = weigh(rules.say("a", HEALTHY, RECOVERED, HEALTHY).diagnose("a"))
    assert (verdict.outcome, verdict.sentence) == ("self-resolved", "It is well. It was ill.")


def test_states_are_told_beside_a_diagnosis_too(rules: Rules) -> None:
    verdict = weigh(rules.say("a", LEAK, HEALTHY).diagnose("a"))
    assert (verdict.outcome, verdict.states) == ("diagnosed", [HEALTHY])


def test_what_is_possible_is_not_outweighed_by_a_state(rules: Rules) -> None:
    rules.say("a", HEALTHY, found("leak", "a", sure=Sure.POSSIBLE))
    verdict = weigh(rules.diagnose("a"))
    assert (verdict.outcome, verdict.states) == ("inconclusive", [HEALTHY])


UNCHECKED = "It is well. The alert's own condition could not be checked."


@pytest.mark.parametrize(
    ("state", "alert", "outcome", "sentence"),
    [
        (HEALTHY, SETTLED_BY_MEASURES, "inconclusive", UNCHECKED),
        (replace(HEALTHY, settles=True), SETTLED_BY_MEASURES, "not-actionable", "It is well."),
        (replace(HEALTHY, entity=at("b")), "KubePodNotReady", "inconclusive", UNCHECKED),
        (replace(HEALTHY, entity=at("b"), settles=True), "KubePodNotReady", "not-actionable", "It is well."),
        (
            replace(HEALTHY, kind="gone", entity=Ref("Service", "shop", "a"), settles=False),
            "KubePodNotReady", "inconclusive", "The evidence that could be read does not show a cause.",
        ),
    ],
    ids=["measures would tell", "measures told", "a neighbour", "measured at a neighbour", "not near"],
)  # fmt: skip
def test_a_state_settles_only_what_it_can(
    rules: Rules, state: State, alert: str, outcome: str, sentence: str
) -> None:
    verdict = weigh(rules.join("a", "b").say("a", state).diagnose("a", alert=alert))
    assert (verdict.outcome, verdict.sentence) == (outcome, sentence)


def test_a_state_of_what_a_finding_led_to_is_not_told_without_a_cause(rules: Rules) -> None:
    rules.say("a", found("leak", "a", "b", sure=Sure.POSSIBLE)).say("b", replace(HEALTHY, entity=at("b")))
    assert weigh(rules.diagnose("a")).states == []


@pytest.mark.parametrize(
    ("kind", "outcome", "sentence"),
    [("gone", "inconclusive", UNCHECKED), ("healthy", "not-actionable", "It is well.")],
)
def test_a_service_that_is_gone_is_still_called(rules: Rules, kind: Any, outcome: str, sentence: str) -> None:
    diagnosis = rules.diagnose("a")
    web = Ref("Service", "shop", "web")
    diagnosis.subjects.append(web)
    diagnosis.case.lead(web, "")
    diagnosis.states.append(State(kind, web, "It is well."))
    assert (weigh(diagnosis).outcome, weigh(diagnosis).sentence) == (outcome, sentence)


# -- what is left to say -----------------------------------------------------------------------------


def ruled_out(finding: Finding, *said: tuple[str, str]) -> Finding:
    return replace(finding, ruled_out=tuple(RuledOut(cause, why) for cause, why in said))


def test_what_the_chain_rules_out_is_told_the_roots_first_and_never_what_stands_in_it(rules: Rules) -> None:
    rules.say("a", ruled_out(LEAK, ("wind", "leak says"), ("ice", "leak says"), ("flood", "leak says")))
    rules.say("b", ruled_out(FLOOD, ("hail", "flood says"), ("ice", "flood says"), ("leak", "flood says")))
    rules.say("a", ruled_out(found("draught", "a", sure=Sure.POSSIBLE), ("fog", "nobody asked")))
    told = [(each.cause, each.why) for each in weigh(rules.diagnose("a")).ruled_out]
    assert told == [("hail", "flood says"), ("ice", "flood says"), ("wind", "leak says")]


def test_what_could_not_be_looked_at_is_told_unread_then_failed_then_left_out(rules: Rules) -> None:
    world = World()
    world.refuse = {
        "get Node": Answer("forbidden", message="no right to read"),
        "metrics a": Answer("unreachable", message="no Prometheus"),
        "metrics b": Answer("unreachable", message="no Prometheus"),
        "metrics c": Answer("timed-out", message="no answer"),
        "events": Answer("not-recorded"),
    }
    asked = ("metrics a", "get Node n1", "metrics b", "metrics c", "events shop Pod/a", "get Pod shop/z")
    rules.say("a", ValueError("odd")).say("a", ValueError("odd"))
    diagnosis = rules.diagnose("a", also=collected(world, *asked))
    diagnosis.case.first("abc", 1, "letters")
    assert weigh(diagnosis).missing == [
        "2 Prometheus queries (unreachable: no Prometheus)",
        "get Node n1 (forbidden: no right to read)",
        "metrics c (timed-out: no answer)",
        "events shop Pod/a (not recorded)",
        "shop/Pod/a (cannot be analyzed: ValueError: odd)",
        "2 of 3 letters (not examined: the limit is 1)",
    ]


# -- what a model says to it -------------------------------------------------------------------------


def test_a_model_that_takes_the_root_changes_nothing(rules: Rules) -> None:
    diagnosis = rules.say("a", LEAK).diagnose("a")
    verdict = weigh(diagnosis)
    assert accept(diagnosis, verdict, LEAK.id) is verdict


@pytest.mark.parametrize("chosen", ["storm@shop/Pod/a", "gust@shop/Pod/a"], ids=["unknown", "only possible"])
def test_a_model_cannot_take_what_is_not_found_or_only_possible(rules: Rules, chosen: str) -> None:
    diagnosis = rules.say("a", LEAK, found("gust", "a", sure=Sure.POSSIBLE)).diagnose("a")
    verdict = weigh(diagnosis)
    assert accept(diagnosis, verdict, chosen) is verdict


def test_a_model_may_take_another_likely_finding(rules: Rules) -> None:
    gust = found("gust", "a")
    diagnosis = rules.say("a", replace(LEAK, sure=Sure.STATED), gust).diagnose("a")
    verdict = accept(diagnosis, weigh(diagnosis), gust.id)
    assert (verdict.outcome, verdict.sentence, verdict.root) == ("diagnosed", "It is gust", gust)
    assert (verdict.chain, beside(verdict)) == ([gust], [("leak", "gust", "model")])


def test_of_the_chain_stays_what_leads_to_what_a_model_takes(rules: Rules) -> None:
    frost = found("frost", "b")
    diagnosis = rules.say("a", LEAK).say("b", replace(FLOOD, sure=Sure.STATED), frost).diagnose("a")
    verdict = accept(diagnosis, weigh(diagnosis), frost.id)
    assert (verdict.chain, beside(verdict)) == ([LEAK, frost], [("flood", "frost", "model")])


def test_of_the_chain_goes_what_leads_elsewhere(rules: Rules) -> None:
    gust = found("gust", "a")
    diagnosis = rules.say("a", replace(LEAK, sure=Sure.STATED), gust).say("b", FLOOD).diagnose("a")
    assert ids(weigh(diagnosis).chain) == ["leak", "flood"]
    assert accept(diagnosis, weigh(diagnosis), gust.id).chain == [gust]


def test_of_the_chain_goes_a_root_that_leads_back_to_what_a_model_takes(rules: Rules) -> None:
    diagnosis = rules.say("a", LEAK).say("b", found("flood", "b", "a")).diagnose("a")
    assert ids(weigh(diagnosis).chain) == ["leak", "flood"]
    assert accept(diagnosis, weigh(diagnosis), LEAK.id).chain == [LEAK]


def test_a_model_that_doubts_leaves_no_cause(rules: Rules) -> None:
    diagnosis = rules.say("a", replace(LEAK, headline="It leaks.")).diagnose("a")
    verdict = accept(diagnosis, weigh(diagnosis), None)
    assert (verdict.outcome, verdict.chain, beside(verdict)) == (
        "inconclusive",
        [],
        [("leak", "", "doubted")],
    )
    assert verdict.sentence == "The model doubts what the analyzers found: It leaks."


def test_a_model_that_finds_no_cause_either_changes_nothing(rules: Rules) -> None:
    diagnosis = rules.say("a", HEALTHY).diagnose("a")
    verdict = weigh(diagnosis)
    assert accept(diagnosis, verdict, None) is verdict


# -- the line of the verdict -------------------------------------------------------------------------


def doing(*actions: str) -> tuple[Recommendation, ...]:
    return tuple(Recommendation(action, "Do it.") for action in actions)


def way(*actions: str) -> tuple[Recommendation, ...]:
    return one_of(*doing(*actions))


@pytest.mark.parametrize(
    ("recommended", "advice"),
    [
        ((), ""),
        (doing(""), ""),
        (doing("", "mending"), " Recommend mending."),
        (doing("mending", "drying"), " Recommend mending and drying."),
        (doing("mending", "drying", "painting"), " Recommend mending, drying and painting."),
        (doing("mending", "drying", "painting", "resting"), " Recommend mending, drying and painting."),
        (way("mending", "moving"), " Recommend mending or moving."),
        (way("mending", "moving", "waiting"), " Recommend mending, moving or waiting."),
        (way("mending", "moving") + doing("drying"), " Recommend mending or moving, then drying."),
    ],
)
def test_the_line_of_a_diagnosis_recommends_the_first_three_steps_or_ways(
    recommended: tuple[Recommendation, ...], advice: str
) -> None:
    root = replace(LEAK, headline="It leaks.", recommendations=recommended)
    assert statement(Verdict("diagnosed", root.headline, root)) == f"Analysis complete. It leaks.{advice}"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("self-resolved", "Analysis complete. The incident has resolved itself. So it is."),
        ("not-actionable", "Analysis complete. No action is needed. So it is."),
        ("inconclusive", "Analysis complete. No cause was found. So it is."),
    ],
)
def test_the_line_of_any_other_verdict_names_no_cause_and_recommends_nothing(
    outcome: str, words: str
) -> None:
    root = replace(LEAK, recommendations=doing("mending"))
    assert statement(Verdict(outcome, "So it is.", root)) == words
