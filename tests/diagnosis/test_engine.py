"""The engine: which objects are looked at, in which order, and what becomes of what rules say of them."""

import sys
from pathlib import Path

import pytest

from agent.diagnosis import engine, registry
from agent.diagnosis import rules as shipped
from agent.diagnosis.causes import cause as known_cause
from agent.diagnosis.causes import causes
from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.state import State
from tests.diagnosis.invented import Rules, at, cause, found


def led(diagnosis: Diagnosis, id: str) -> tuple[str, str]:
    """Where a finding was made: the pod that led there, and the finding that did; "" where none."""
    where = diagnosis.found_at[id]
    return where.by.name if where.by else "", where.cause


# -- who is visited ----------------------------------------------------------------------------------


def test_subjects_come_first_then_their_neighbours_then_theirs(rules: Rules) -> None:
    rules.join("a", "d").join("b", "c").join("d", "e")
    rules.diagnose("b", "a")
    assert rules.visited == ["b", "a", "c", "d", "e"]


def test_nobody_is_visited_twice_even_in_a_circle(rules: Rules) -> None:
    rules.join("a", "b", "b", "a").join("b", "c", "a").join("c", "b")
    rules.diagnose("a", "a")
    assert rules.visited == ["a", "b", "c"]


def test_where_a_finding_leads_is_visited_too(rules: Rules) -> None:
    rules.say("a", found("leak", "a", "c")).say("c", found("flood", "c", "b"))
    rules.diagnose("a")
    assert rules.visited == ["a", "c", "b"]


def test_who_was_not_read_is_asked_for_and_nothing_is_said_of_it(rules: Rules) -> None:
    rules.join("a", "b").say("b", found("leak", "b"))
    diagnosis = rules.diagnose("a", unread="b")
    assert (rules.visited, diagnosis.findings, diagnosis.states) == (["a"], [], [])
    assert {str(query): why for query, why in diagnosis.questions.items()} == {
        "get Pod shop/b": "what is shop/Pod/b?"
    }


def test_as_many_are_visited_as_may_be_and_the_others_are_counted(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_VISITS", 3)
    assert not rules.diagnose("a", "b", "c").case.left_out
    rules.visited.clear()
    diagnosis = rules.join("a", "f").diagnose("a", "b", "c", "d", "e")
    assert rules.visited == ["a", "b", "c"]
    assert list(diagnosis.case.left_out) == ["3 objects (not examined: the limit is 3)"]


def test_a_subject_that_is_gone_is_said_with_the_answer_that_says_so(rules: Rules) -> None:
    diagnosis = rules.say("a", found("leak", "a")).diagnose("a", gone="a")
    assert [(state.kind, state.entity) for state in diagnosis.states] == [("gone", at("a"))]
    assert diagnosis.states[0].quotes[0].text == 'not-found: Pod "a" not found'
    assert diagnosis.findings == [] and not diagnosis.questions


def test_a_neighbour_that_is_gone_is_no_news(rules: Rules) -> None:
    assert rules.join("a", "b").diagnose("a", gone="b").states == []


# -- who led to whom ---------------------------------------------------------------------------------


def test_nobody_led_to_a_subject(rules: Rules) -> None:
    assert led(rules.say("a", found("leak", "a")).diagnose("a"), "leak@shop/Pod/a") == ("", "")


def test_a_neighbour_was_pointed_at_by_an_object_and_by_no_finding(rules: Rules) -> None:
    diagnosis = rules.join("a", "b").say("b", found("leak", "b")).diagnose("a")
    assert led(diagnosis, "leak@shop/Pod/b") == ("a", "")


def test_the_first_finding_that_leads_somewhere_is_the_one_that_led_there(rules: Rules) -> None:
    rules.say("a", found("leak", "a", "c"), found("draught", "a", "c")).say("b", found("storm", "b", "c"))
    diagnosis = rules.say("c", found("flood", "c")).diagnose("a", "b")
    assert led(diagnosis, "flood@shop/Pod/c") == ("a", "leak@shop/Pod/a")


def test_a_finding_that_leads_to_a_neighbour_says_more_than_the_edge(rules: Rules) -> None:
    rules.join("a", "b").say("a", found("leak", "a", "b")).say("b", found("flood", "b"))
    assert led(rules.diagnose("a"), "flood@shop/Pod/b") == ("a", "leak@shop/Pod/a")


def test_neighbours_of_whom_a_finding_led_to_lie_behind_that_finding_too(rules: Rules) -> None:
    rules.say("a", found("leak", "a", "b")).join("b", "c").join("c", "d").say("d", found("flood", "d"))
    assert led(rules.diagnose("a"), "flood@shop/Pod/d") == ("c", "leak@shop/Pod/a")


def test_a_finding_is_made_where_the_rule_looked_whatever_it_is_about(rules: Rules) -> None:
    diagnosis = rules.say("a", found("leak", "b")).diagnose("a", "b")
    assert diagnosis.found_at["leak@shop/Pod/b"].ref == at("a")


# -- what is said ------------------------------------------------------------------------------------


def test_a_finding_is_kept_once_as_it_was_made_first(rules: Rules) -> None:
    first, second = found("leak", "a"), found("leak", "a", "b")
    rules.say("a", first, by="one.rule").say("a", second, by="other.rule").join("a", "c").say("c", first)
    diagnosis = rules.diagnose("a")
    assert diagnosis.findings == [first]
    assert diagnosis.found_by == {first.id: "one.rule"}
    assert diagnosis.found_at[first.id].ref == at("a")
    assert "b" in rules.visited  # also what is said again leads on


def test_one_cause_at_two_objects_is_two_findings(rules: Rules) -> None:
    two = [found("leak", "a"), found("leak", "b")]
    assert rules.say("a", *two).diagnose("a").findings == two


def test_states_are_kept_as_they_were_said(rules: Rules) -> None:
    states = [State("healthy", at("a"), "It is well."), State("intended", at("a"), "So it is meant.")]
    assert rules.say("a", *states).diagnose("a").states == states


# -- what goes wrong ---------------------------------------------------------------------------------


def test_a_rule_that_explodes_costs_only_its_own_words(rules: Rules) -> None:
    before, after = found("leak", "a"), found("storm", "a")
    rules.say("a", before, KeyError("status"), after).say("a", found("flood", "a")).join("a", "b")
    rules.say("b", found("frost", "b"))
    diagnosis = rules.diagnose("a")
    assert [each.cause.id for each in diagnosis.findings] == ["leak", "flood", "frost"]
    assert diagnosis.failures == ["shop/Pod/a (cannot be analyzed: KeyError: 'status')"]


def test_an_edge_that_explodes_costs_only_its_own_neighbours(rules: Rules) -> None:
    rules.join("a", "b", ValueError("odd"), "c").join("a", "d").say("a", found("leak", "a"))
    diagnosis = rules.diagnose("a")
    assert rules.visited == ["a", "b", "d"]
    assert [each.cause.id for each in diagnosis.findings] == ["leak"]
    assert diagnosis.failures == ["shop/Pod/a (cannot be analyzed: ValueError: odd)"]


def test_an_exception_says_no_more_than_a_line_holds(rules: Rules) -> None:
    failures = rules.say("a", ValueError("x" * 5000)).diagnose("a").failures
    assert failures == [f"shop/Pod/a (cannot be analyzed: ValueError: {'x' * 200})"]


def test_a_finding_that_its_rule_does_not_declare_is_refused(rules: Rules) -> None:
    declared, other = cause("leak"), cause("flood")
    rules.say("a", found(declared, "a"), found(other, "a"), by="odd.pipes", finds=[declared])
    diagnosis = rules.diagnose("a")
    assert [each.cause for each in diagnosis.findings] == [declared]
    assert diagnosis.failures == [
        "shop/Pod/a (cannot be analyzed: ValueError: rule odd.pipes found flood, which it does not declare)"
    ]


# -- what is registered ------------------------------------------------------------------------------


@pytest.fixture
def empty_register(monkeypatch: pytest.MonkeyPatch) -> None:
    """A register that holds nothing, until the test ends."""
    monkeypatch.setattr(registry, "_RULES", {})
    monkeypatch.setattr(registry, "_EDGES", {})


def test_a_rule_is_registered_for_each_of_its_kinds_with_what_it_finds(empty_register: None) -> None:
    leak = cause("leak")

    @registry.rule("Pod", "Node", finds=(leak,))
    def pipes(case: object, obj: object) -> registry.Said:
        return ()

    @registry.rule("Pod")
    def walls(case: object, obj: object) -> registry.Said:
        return ()

    assert [each.name for each in registry.rules_for("Pod")] == ["test_engine.pipes", "test_engine.walls"]
    assert [each.name for each in registry.rules_for("Node")] == ["test_engine.pipes"]
    assert registry.rules_for("Service") == []
    assert registry.found() == {leak}


def test_edges_are_registered_for_each_of_their_kinds_in_order(empty_register: None) -> None:
    @registry.edge("Pod", "Node")
    def one(case: object, obj: object) -> list:
        return []

    @registry.edge("Pod")
    def two(case: object, obj: object) -> list:
        return []

    assert registry.edges_for("Pod") == [one, two]
    assert registry.edges_for("Node") == [one]
    assert registry.edges_for("Service") == []


def load() -> None:
    """Import all rules and edges, as at the start of a run."""
    engine.load.__wrapped__()


def add_rule(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Put a module among the rules."""
    (folder / "added_by_a_test.py").write_text(text)
    monkeypatch.setattr(shipped, "__path__", [*shipped.__path__, str(folder)])
    monkeypatch.setattr(shipped, "added_by_a_test", None, raising=False)
    monkeypatch.setitem(sys.modules, f"{shipped.__name__}.added_by_a_test", None)  # put back in the end
    del sys.modules[f"{shipped.__name__}.added_by_a_test"]


RULE = """
from agent.diagnosis.causes import cause
from agent.diagnosis.registry import rule

@rule("Cloud", finds=(cause({id!r}),))
def cloud(case, obj):
    return ()
"""


def test_a_rule_is_found_because_it_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty_register: None
) -> None:
    monkeypatch.setattr(registry, "found", lambda: frozenset(causes().values()))
    add_rule(monkeypatch, tmp_path, RULE.format(id="oom-killed"))
    load()
    assert [each.name for each in registry.rules_for("Cloud")] == ["added_by_a_test.cloud"]


def test_a_rule_that_names_an_unknown_cause_is_refused_at_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add_rule(monkeypatch, tmp_path, RULE.format(id="oom-kiled"))
    with pytest.raises(ValueError, match="no file in agent/diagnosis/causes defines the cause 'oom-kiled'"):
        load()


def test_causes_that_nobody_finds_are_refused_at_load(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    nobody = {known_cause("oom-killed"), known_cause("scaled-to-zero")}
    found_by_some = registry.found() - nobody
    monkeypatch.setattr(registry, "found", lambda: found_by_some)
    with pytest.raises(ValueError, match=r"^no rule finds the causes oom-killed, scaled-to-zero$"):
        load()
