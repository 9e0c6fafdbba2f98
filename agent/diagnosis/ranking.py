"""Ranking: from all findings to the one root, the chain to it, and the outcome."""

from dataclasses import dataclass, field

from agent.diagnosis.engine import Diagnosis, State
from agent.diagnosis.finding import Finding, RuledOut
from agent.evidence.ledger import Evidence
from agent.ref import Ref

THRESHOLD = 0.6
SYMPTOM_WEIGHT = 0.6
OFF_TOPIC_WEIGHT = 0.85
BESIDE_WEIGHT = 0.75


@dataclass
class Verdict:
    """What the findings amount to.

    `outcome` is diagnosed, self-resolved, not-actionable or inconclusive. `chain` runs from the first
    finding on the subject to `root`. `missing` says in sentences what could not be read.
    """

    outcome: str
    sentence: str
    root: Finding | None = None
    chain: list[Finding] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    ruled_out: list[RuledOut] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def statement(verdict: Verdict) -> str:
    """The verdict as the Investigator says it, in a line or two."""
    match verdict.outcome:
        case "diagnosed" if verdict.root:
            actions = [r.action for r in verdict.root.recommendations if r.action][:3]
            advice = f" Recommend {_joined(actions)}." if actions else ""
            return f"Analysis complete. {verdict.root.headline.rstrip('.')}.{advice}"
        case "self-resolved":
            return f"Analysis complete. The incident has resolved itself. {verdict.sentence}"
        case "not-actionable":
            return f"Analysis complete. Nothing is wrong that needs action. {verdict.sentence}"
        case _:
            return f"Analysis complete, without a cause. {verdict.sentence}"


def _joined(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def weigh(diagnosis: Diagnosis) -> Verdict:
    """Choose the root among the findings, or say why there is none."""
    chain = _chain(diagnosis)
    case = diagnosis.case
    unread = [*map(_unread, case.refused()), *map(_partly, case.partial())]
    missing = [*unread, *dict.fromkeys(diagnosis.failures), *case.left_out]
    ruled_out = _ruled_out(diagnosis, chain)
    root = chain[-1] if chain else None
    if root is not None and root.confidence >= THRESHOLD:
        return Verdict("diagnosed", root.headline, root, chain, diagnosis.states, ruled_out, missing)
    verdict = _without_cause(diagnosis, missing, root)
    verdict.ruled_out = ruled_out
    if lists := [e for e in case.partial() if e.query.verb in ("list", "events", "usage")]:
        verdict.sentence += f" Not all could be looked at: {', '.join(map(_partly, lists))}."
    return verdict


def _partly(evidence: Evidence) -> str:
    """What was read in part only, and which, as a sentence."""
    return f"{evidence.query} (in part: {'; '.join(evidence.notes) or 'the rest is not recorded'})"


def _unread(evidence: Evidence) -> str:
    """What could not be read, and why, as a sentence."""
    if evidence.status == "not-recorded":
        return f"{evidence.query} (not recorded)"
    return f"{evidence.query} ({evidence.text.splitlines()[0]})"


def accept(diagnosis: Diagnosis, verdict: Verdict, finding: str | None) -> Verdict:
    """The verdict with the finding a model chose, if it exists and is sure enough; None chooses no cause."""
    if verdict.root is not None and finding == verdict.root.id:
        return verdict
    chosen = next((f for f in diagnosis.findings if f.id == finding and f.confidence >= THRESHOLD), None)
    if chosen is not None:
        chain = [f for f in verdict.chain if f is not verdict.root and chosen.entity in f.leads_to] + [chosen]
        return Verdict(
            "diagnosed", chosen.headline, chosen, chain, verdict.states, verdict.ruled_out, verdict.missing
        )
    if finding is None and verdict.outcome == "diagnosed" and verdict.root:
        doubt = f"{verdict.root.headline} is possible, but the model did not accept it."
        return Verdict(
            "inconclusive", doubt, verdict.root, [], verdict.states, verdict.ruled_out, verdict.missing
        )
    return verdict


def _score(diagnosis: Diagnosis, finding: Finding) -> float:
    """How well a finding explains the alert: its confidence, less for mere symptoms and for other topics."""
    score = finding.confidence
    if finding.cause.symptom:
        score *= SYMPTOM_WEIGHT
    families = diagnosis.case.runbook.families
    if families and finding.cause.family not in families:
        score *= OFF_TOPIC_WEIGHT
    if diagnosis.case.runbook.id == "traffic" and _never_served(diagnosis, finding):
        score *= BESIDE_WEIGHT
    return score


def _never_served(diagnosis: Diagnosis, finding: Finding) -> bool:
    """Whether it keeps pods from starting while as many others as wanted serve: no request meets such a pod."""
    if finding.cause.family not in ("image", "config", "scheduling", "admission"):
        return False
    workload = (
        diagnosis.case.obj(finding.entity) if finding.entity.kind in ("Deployment", "StatefulSet") else None
    )
    if workload is None:
        return False
    return int(workload.at("status.availableReplicas") or 0) >= int(workload.at("spec.replicas", 1))


def _chain(diagnosis: Diagnosis) -> list[Finding]:
    """From the best finding near the subject to the deepest one it leads to."""
    found_at = diagnosis.found_at
    near = [f for f in diagnosis.findings if not found_at[f.id].cause]
    chain: list[Finding] = []
    candidates = near
    while candidates:
        best = max(candidates, key=lambda f: _score(diagnosis, f))
        chain.append(best)
        candidates = [
            f
            for f in diagnosis.findings
            if f not in chain
            and (f.entity in best.leads_to or found_at[f.id].cause == best.id)
            and (
                f.confidence >= THRESHOLD or f.cause.symptom
            )  # a symptom links, even where it cannot be the root
        ]
    return chain


def _ruled_out(diagnosis: Diagnosis, chain: list[Finding]) -> list[RuledOut]:
    """What the chain's analyzers excluded, then other findings that explain the alert less well."""
    said: dict[str, RuledOut] = {}
    for finding in reversed(chain):
        for excluded in finding.ruled_out:
            said.setdefault(excluded.cause, excluded)
    taken = {finding.cause.id for finding in chain}
    return [excluded for cause, excluded in said.items() if cause not in taken]


def _without_cause(diagnosis: Diagnosis, missing: list[str], weak: Finding | None) -> Verdict:
    """No finding is sure enough: is nothing wrong, or is too little known?"""
    states = [s for s in diagnosis.states if s.entity in _near(diagnosis)]
    sentence = " ".join(dict.fromkeys(s.sentence for s in states))
    by_state = diagnosis.case.runbook.settled_by_state
    settling = [
        s
        for s in states  # a healthy neighbour cannot vouch for the subject
        if s.settles or (by_state and s.entity in diagnosis.subjects and not _is_missed(s))
    ]
    if weak is None and settling:
        kinds = {s.kind for s in settling}
        outcome = "self-resolved" if kinds & {"recovered"} else "not-actionable"
        return Verdict(outcome, sentence, states=states, missing=missing)
    if weak is not None:
        sentence = _doubt(weak)
    elif states:
        sentence = f"{sentence} The condition of the alert itself could not be checked."
    else:
        sentence = "The evidence that could be read does not show a cause."
    return Verdict("inconclusive", sentence, weak, states=states, missing=missing)


def _doubt(weak: Finding) -> str:
    """What is left to say of a finding that is no cause: a symptom is a fact, anything else a possibility."""
    if weak.cause.symptom:
        return f"{weak.headline}; the evidence does not tell why."
    return f"Possibly so, but the evidence does not settle it: {weak.headline}."


def _is_missed(state: State) -> bool:
    """A Service that is gone does not end the alert: whoever calls it still does."""
    return state.kind == "gone" and state.entity.kind == "Service"


def _near(diagnosis: Diagnosis) -> set[Ref]:
    return {ref for ref, followed in diagnosis.case.followed.items() if not followed.cause}
