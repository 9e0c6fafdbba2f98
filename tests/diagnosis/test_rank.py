"""The rank: which part decides between two findings."""

from typing import Any

import pytest

from agent.diagnosis import registry
from agent.diagnosis.causes import Cause
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.rank import WHY_BEHIND, Rank
from agent.diagnosis.ranking import Verdict
from agent.ref import Ref
from tests.diagnosis.objects import deployment
from tests.diagnosis.world import World

CPU_ALERT = {"labels": {"alertname": "CPUThrottlingHigh", "namespace": "shop", "deployment": "web"}}
ANY_ALERT = {"labels": {"alertname": "SomethingOdd", "namespace": "shop", "deployment": "web"}}
ON_TOPIC, OFF_TOPIC = "cpu", "storage"


def cause(id: str, family: str = ON_TOPIC, **more: Any) -> Cause:
    return Cause(id, family, f"A {id}", "It is.", "It shows.", "Mend it.", **more)


def found(cause: Cause, sure: Sure = Sure.LIKELY) -> Finding:
    return Finding(cause, Ref("Deployment", "shop", "web"), f"It is {cause.id}", (Claim("So it is."),), sure)


def verdict(monkeypatch: pytest.MonkeyPatch, findings: list[Finding], alert: dict[str, Any]) -> Verdict:
    """What is made of these findings, each by a rule of its own."""

    def rule(finding: Finding) -> registry.Rule:
        return registry.Rule(finding.id, frozenset({finding.cause}), lambda case, obj: [finding])

    rules = [rule(each) for each in findings]
    monkeypatch.setattr(registry, "rules_for", lambda kind: rules if kind == "Deployment" else [])
    return World().add(deployment("web")).investigate(alert)[0]


CASES = {
    "what is likely outranks what is only possible, symptom or not": (
        found(cause("z", symptom=True), Sure.LIKELY), found(cause("a"), Sure.POSSIBLE), "carried",
    ),
    "a cause outranks what it explains": (
        found(cause("z", explains=("a",))), found(cause("a"), Sure.STATED), "first",
    ),
    "a cause outranks a family it explains": (
        found(cause("z", explains=("cpu/*",))), found(cause("a"), Sure.STATED), "first",
    ),
    "a cause outranks a symptom that is surer": (
        found(cause("z")), found(cause("a", symptom=True), Sure.STATED), "cause",
    ),
    "what the alert is about outranks what is surer beside it": (
        found(cause("z", ON_TOPIC)), found(cause("a", OFF_TOPIC), Sure.STATED), "topic",
    ),
    "what is stated outranks what is likely": (
        found(cause("z"), Sure.STATED), found(cause("a")), "sure",
    ),
    "findings that nothing tells apart are taken by their ids": (
        found(cause("a")), found(cause("z")), "id",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("reverse", [False, True], ids=["as written", "reversed"])
def test_of_two_findings(monkeypatch: pytest.MonkeyPatch, case: str, reverse: bool) -> None:
    winner, loser, part = CASES[case]
    said = verdict(monkeypatch, [loser, winner] if reverse else [winner, loser], CPU_ALERT)
    assert said.root == winner
    assert [(each.finding, each.behind, each.part) for each in said.considered] == [(loser, winner, part)]


def test_what_is_only_possible_explains_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    doubtful = found(cause("z", explains=("a",)), Sure.POSSIBLE)
    said = verdict(monkeypatch, [doubtful, found(cause("a"))], ANY_ALERT)
    assert said.root and said.root.cause.id == "a"


def test_without_a_likely_finding_the_verdict_is_inconclusive_and_says_what_was_considered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = verdict(monkeypatch, [found(cause("a"), Sure.POSSIBLE)], ANY_ALERT)
    assert (said.outcome, said.chain) == ("inconclusive", [])
    assert [(each.behind, each.part) for each in said.considered] == [(None, "carried")]


def test_every_part_of_a_rank_can_decide_and_has_words() -> None:
    assert set(Rank._fields) <= set(WHY_BEHIND)
