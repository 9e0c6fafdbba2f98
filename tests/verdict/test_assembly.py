"""Assembly: no model can write a claim that evidence does not carry, or choose a cause beyond the findings."""

import asyncio

from agent.diagnosis import registry
from agent.diagnosis.causes import Cause
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.evidence.answer import Answer
from agent.evidence.query import Query
from agent.investigation import Investigation
from agent.ref import Ref
from agent.team.conversation import Conversation
from agent.team.messages import ModelClaim, Report, Step
from agent.verdict.assembly import assemble
from agent.verdict.result import Result
from tests.samples import NOW, Answers, incident, investigation

POD = {"kind": "Pod", "metadata": {"namespace": "bank", "name": "desk-0"}, "status": {"phase": "Odd"}}
ODD = Cause("odd", "test", "An odd phase", "m", "s", "r")
STRAY = Cause("stray", "test", "Something else", "m", "s", "r")


def _worked(**phase: str) -> Investigation:
    source = Answers({"get Pod bank/desk-0": {**POD, "status": phase}})
    case = investigation(source)
    asyncio.run(case.collect([Query.parse("get Pod bank/desk-0")]))
    return case


def _result(case: Investigation, report: Report | None, ended: str = "finished", reason: str = "") -> Result:
    conversation = Conversation(ended=ended, reason=reason, report=report)
    if report is not None:
        conversation.plan = Step(
            kind="delegate", assignee="investigator", statement="s", queries=[], finding=None
        )
    return assemble(incident(), case, conversation, run_id="r", started_at=NOW, finished_at=NOW, model="test")


def _report(finding: str | None = None, *claims: ModelClaim) -> Report:
    return Report(statement="Whatever a model says.", finding=finding, claims=list(claims))


def test_a_claim_that_cites_evidence_which_does_not_exist_is_refused_and_noted() -> None:
    result = _result(
        _worked(phase="Running"),
        _report(None, ModelClaim(text="T", evidence="E99", quote="status.phase: Running")),
    )
    assert result.claims == []
    assert [m.text for m in result.transcript if m.kind == "refused"] == [
        "claim refused, 'E99' does not contain the words it quotes: T"
    ]


def test_a_claim_whose_quote_is_not_in_the_evidence_is_refused() -> None:
    result = _result(
        _worked(phase="Running"), _report(None, ModelClaim(text="T", evidence="E1", quote="phase: Bad"))
    )
    assert result.claims == []


def test_a_claim_with_a_true_quote_is_kept_as_a_hypothesis() -> None:
    claim = ModelClaim(text="T", evidence="E1", quote="status.phase: Running")
    (kept,) = _result(_worked(phase="Running"), _report(None, claim)).claims
    assert (kept.kind, kept.text, kept.evidence) == ("hypothesis", "T", ["E1"])


def test_an_empty_quote_carries_nothing() -> None:
    result = _result(_worked(phase="Running"), _report(None, ModelClaim(text="T", evidence="E1", quote="")))
    assert result.claims == []


def test_a_finding_a_model_made_up_does_not_become_the_cause() -> None:
    result = _result(_worked(phase="Running"), _report("oom-killed@bank/Deployment/desk"))
    assert result.cause is None


def only(function):
    """The one rule there is, for pods."""
    rule = registry.Rule("odd", frozenset({ODD, STRAY}), function)
    return lambda kind: [rule] if kind == "Pod" else []


def test_a_quote_that_does_not_stand_in_its_evidence_makes_a_fact_a_hypothesis(monkeypatch) -> None:
    def liar(case, obj):
        fact = Claim("It is odd.", (obj.quote("status.phase")[0].__class__("E1", "status.phase: Even"),))
        yield Finding(ODD, Ref("Pod", "bank", "desk-0"), "It is odd", (fact,), Sure.STATED)

    monkeypatch.setattr(registry, "rules_for", only(liar))
    result = _result(_worked(phase="Odd"), _report("odd@bank/Pod/desk-0"))
    assert [(c.kind, c.quotes) for c in result.claims] == [("hypothesis", [])]


def test_a_model_may_choose_another_finding_but_not_none_of_them_silently(monkeypatch) -> None:
    def two(case, obj):
        claim = Claim("The phase is odd.", obj.quote("status.phase"))
        yield Finding(ODD, obj.ref, "It is odd", (claim,), Sure.STATED)
        yield Finding(STRAY, obj.ref, "It is astray", (claim,), Sure.LIKELY)

    monkeypatch.setattr(registry, "rules_for", only(two))
    assert _result(_worked(phase="Odd"), _report("stray@bank/Pod/desk-0")).cause == "stray"
    doubtful = _result(_worked(phase="Odd"), _report(None))
    assert doubtful.outcome == "inconclusive" and doubtful.cause is None
    assert "doubts what the analyzers found: It is odd." in doubtful.summary


def test_a_terminated_run_is_failed_and_claims_nothing() -> None:
    result = _result(_worked(phase="Running"), None, "terminated", "terminated by a signal before the end")
    assert (result.outcome, result.cause, result.claims) == ("failed", None, [])
    assert [e.id for e in result.evidence] == ["E1"]


def test_the_index_of_evidence_says_what_was_left_out() -> None:
    case = investigation(Answers({"get Pod bank/desk-0": Answer(data=POD, notes=["only the first lines"])}))
    asyncio.run(case.collect([Query.parse("get Pod bank/desk-0")]))
    assert _result(case, None).evidence[0].notes == ["only the first lines"]
