"""The judge: a result against what the scenario expects. Pure, and the same for live runs and replays."""

from dataclasses import dataclass
from typing import Any

from e2e.score.scenario import Scenario, placed


@dataclass(frozen=True)
class Judgement:
    """Whether a verdict is right; `why` says what is wrong with it. `accused`: a healthy control was accused."""

    right: bool
    why: str = ""
    accused: bool = False
    wrong_cause: bool = False


def judge(scenario: Scenario, result: dict[str, Any], namespace: str) -> Judgement:
    """Judge a result document (as JSON data)."""
    outcome, cause = result["outcome"], result["cause"]
    accused = scenario.healthy and outcome == "diagnosed"
    wrong_cause = outcome == "diagnosed" and cause not in scenario.causes
    if outcome not in scenario.outcomes:
        return Judgement(False, f"outcome {outcome}: {result['summary'][:90]}", accused, wrong_cause)
    if outcome != "diagnosed":
        return Judgement(True)
    if wrong_cause:
        return Judgement(False, f"cause {cause} in {result['entity']}", accused, True)
    entities = [placed(entity, namespace) for entity in scenario.entities]
    if entities and result["entity"] not in entities:
        return Judgement(False, f"entity {result['entity']}, expected {' or '.join(entities)}")
    quotes = "\n".join(quote["text"] for claim in result["claims"] for quote in claim["quotes"])
    for words in scenario.evidence:
        if placed(words, namespace) not in quotes:
            return Judgement(False, f"no claim quotes {words!r}")
    advised = "\n".join(f"{each['sentence']}\n{each['command']}" for each in result["recommendations"])
    for words in scenario.advice:
        if placed(words, namespace) not in advised:
            return Judgement(False, f"nothing advises {words!r}")
    for words in scenario.not_advice:
        if placed(words, namespace) in advised:
            return Judgement(False, f"{words!r} is advised")
    for fault in scenario.also:
        if placed(fault, namespace) not in _found(result):
            return Judgement(False, f"neither the chain nor what was considered holds {fault}")
    return Judgement(True)


def _found(result: dict[str, Any]) -> set[str]:
    """All that the result says is wrong, as cause@entity."""
    return {f"{part['cause']}@{part['entity']}" for part in (*result["chain"], *result["considered"])}


def judge_withheld(scenario: Scenario, result: dict[str, Any]) -> Judgement:
    """With evidence withheld a verdict may become inconclusive or another real fault; never a wrong cause."""
    cause = result["cause"]
    real = {*scenario.causes, *(fault.partition("@")[0] for fault in scenario.also)}
    if result["outcome"] != "diagnosed" or cause in real:
        return Judgement(True)
    return Judgement(False, f"cause {cause} in {result['entity']}", scenario.healthy, True)
