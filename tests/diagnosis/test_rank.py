"""The rank: which part decides between two findings."""

from dataclasses import replace
from typing import Any

import pytest

from agent.diagnosis import rank as module
from agent.diagnosis import registry
from agent.diagnosis.advice import on
from agent.diagnosis.causes import Cause
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.rank import WHY_BEHIND, Rank
from agent.diagnosis.ranking import Verdict, advised
from agent.ref import Ref
from tests.diagnosis.objects import deployment, owned, pod, replica_set
from tests.diagnosis.world import World

CPU_ALERT = {
    "labels": {"alertname": "CPUThrottlingHigh", "namespace": "shop", "deployment": "web", "container": "web"}
}
ANY_ALERT = {"labels": {"alertname": "SomethingOdd", "namespace": "shop", "deployment": "web"}}
ON_TOPIC, OFF_TOPIC = "cpu", "storage"


def cause(id: str, family: str = ON_TOPIC, **more: Any) -> Cause:
    return Cause(id, family, f"A {id}", "It is.", "It shows.", "Mend it.", **more)


def found(cause: Cause, sure: Sure = Sure.LIKELY, container: str = "") -> Finding:
    entity = Ref("Deployment", "shop", "web")
    return Finding(cause, entity, f"It is {cause.id}", (Claim("So it is."),), sure, container=container)


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
    "what is of the container that the alert names outranks what is surer of another": (
        found(cause("z"), container="web"), found(cause("a"), Sure.STATED, "sidecar"), "named",
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


def rollout(world: World) -> World:
    """Two versions of `web`: a pod of each in trouble, and not in the same."""
    before = pod("web-1-x", ready=False, owner=owned("ReplicaSet", "web-1"))
    wanted = pod("web-2-x", ready=False, owner=owned("ReplicaSet", "web-2"), phase="Pending")
    sets = [replica_set("web-1", revision=1), replica_set("web-2", revision=2)]
    return world.add(deployment("web"), *sets, before, wanted)


def at_pods(monkeypatch: pytest.MonkeyPatch, found_at: dict[str, Finding]) -> None:
    """Findings by the pods at which they are made."""
    causes = frozenset(each.cause for each in found_at.values())

    def function(case: Any, obj: Any) -> list[Finding]:
        return [found_at[obj.ref.name]] if obj.ref.name in found_at else []

    rule = registry.Rule("stub", causes, function)
    monkeypatch.setattr(registry, "rules_for", lambda kind: [rule] if kind == "Pod" else [])


def test_what_the_wanted_version_meets_outranks_what_is_surer_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    back = Recommendation("going back", "Go back.", on(Ref("Deployment", "shop", "web"), "rollout undo"))
    mend = Recommendation("mending it", "Mend it.", instead=True)
    before, wanted = found(cause("a"), Sure.STATED), replace(found(cause("z")), recommendations=(back, mend))
    at_pods(monkeypatch, {"web-1-x": before, "web-2-x": wanted})
    said, _ = rollout(World()).investigate(ANY_ALERT)
    assert said.root == wanted
    assert [(each.finding, each.part) for each in said.considered] == [(before, "wanted")]
    assert advised(said) == (replace(mend, instead=False),), "the version before fails, too"


def test_the_version_before_is_the_cause_where_the_wanted_one_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = found(cause("a"))
    at_pods(monkeypatch, {"web-1-x": before})
    assert rollout(World()).investigate(ANY_ALERT)[0].root == before


def test_what_every_pod_meets_outranks_what_keeps_a_further_one_from_a_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = found(cause("a", "scheduling"), Sure.STATED), found(cause("z", "probes"))
    waiting = {"status": "False", "type": "PodScheduled"}
    pods = [
        pod("web-1-x", ready=False, owner=owned("ReplicaSet", "web-1")),
        pod(
            "web-1-y", ready=False, owner=owned("ReplicaSet", "web-1"), phase="Pending", conditions=[waiting]
        ),
    ]
    at_pods(monkeypatch, {"web-1-x": other, "web-1-y": one})
    world = World().add(deployment("web"), replica_set("web-1", revision=1), *pods)
    said, _ = world.investigate(ANY_ALERT)
    assert said.root == other
    assert [(each.finding, each.part) for each in said.considered] == [(one, "every")]


def test_an_object_that_makes_no_sense_costs_a_part_of_the_rank_and_not_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, wanted = found(cause("a"), Sure.STATED), found(cause("z"))
    at_pods(monkeypatch, {"web-1-x": before, "web-2-x": wanted})

    def odd(obj: Any) -> int:
        raise TypeError("annotations are no text")

    monkeypatch.setattr(module, "revision", odd)
    said, _ = rollout(World()).investigate(ANY_ALERT)
    assert said.root == before
