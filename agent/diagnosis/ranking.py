"""Ranking: from all findings to the one root, the chain to it, and the outcome."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.finding import Finding, Recommendation, RuledOut, Sure, one_of
from agent.diagnosis.rank import WHY_BEHIND, best, part_between, rank
from agent.diagnosis.state import State
from agent.evidence.ledger import Evidence
from agent.ref import Ref
from agent.steps import steps

MOST_SAID = 3


@dataclass(frozen=True)
class Considered:
    """A finding that is not on the way to the root: which one was chosen instead, and why.

    `part` is the part of the rank that decided, "id" where ranks are equal, or "aside" for what is
    behind a finding that was not chosen itself. `behind` is None if no cause was found at all.
    """

    finding: Finding
    behind: Finding | None
    part: str
    reason: str = ""

    @property
    def why(self) -> str:
        """The reason as a clause; an operator's in the operator's words."""
        return f"{WHY_BEHIND[self.part]}: {self.reason}" if self.reason else WHY_BEHIND[self.part]


@dataclass
class Verdict:
    """What the findings amount to.

    `outcome` is diagnosed, self-resolved, not-actionable or inconclusive. `chain` runs from the first
    finding on the subject to `root`; `considered` are the other findings. `missing` says in sentences
    what could not be read.
    """

    outcome: str
    sentence: str
    root: Finding | None = None
    chain: list[Finding] = field(default_factory=list)
    considered: list[Considered] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    ruled_out: list[RuledOut] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def statement(verdict: Verdict) -> str:
    """The verdict as the Investigator states it, in a line or two."""
    match verdict.outcome:
        case "diagnosed" if verdict.root:
            said = [each for each in advised(verdict) if each.action][:MOST_SAID]
            advice = f" Recommend {_joined(steps(said))}." if said else ""
            return f"Analysis complete. {verdict.root.headline.rstrip('.')}.{advice}"
        case "self-resolved":
            return f"Analysis complete. The incident has resolved itself. {verdict.sentence}"
        case "not-actionable":
            return f"Analysis complete. No action is needed. {verdict.sentence}"
        case _:
            return f"Analysis complete. No cause was found. {verdict.sentence}"


def advised(verdict: Verdict) -> tuple[Recommendation, ...]:
    """What to do about the root: without a rollback, if the version before fails, too."""
    root = verdict.root
    if root is None:
        return ()
    if not any(each.part == "wanted" and each.finding.entity == root.entity for each in verdict.considered):
        return root.recommendations
    left = (
        [way for way in step if " rollout undo " not in f" {way.command} "]
        for step in steps(root.recommendations)
    )
    return tuple(way for step in left for way in one_of(*step))


def _joined(plan: list[list[Recommendation]]) -> str:
    """The steps as one phrase; "then" separates a choice from the next step."""
    said = [_listed([way.action for way in step], "or") for step in plan]
    return ", then ".join(said) if any(len(step) > 1 for step in plan) else _listed(said, "and")


def _listed(parts: list[str], word: str) -> str:
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def weigh(diagnosis: Diagnosis) -> Verdict:
    """Choose the root among the findings, or say why there is none."""
    chain, considered = _climb(diagnosis)
    case = diagnosis.case
    root = chain[-1] if chain else None
    if root is not None and root.sure >= Sure.LIKELY:
        verdict = Verdict("diagnosed", root.headline, root, chain, states=diagnosis.states)
    else:
        verdict = _without_cause(diagnosis, root)
        if root and (reason := diagnosis.lowered.get(root.id)):
            verdict.sentence = f"{root.headline}; {WHY_BEHIND['lowered']}: {reason}."
        considered = [*(Considered(f, None, "carried") for f in chain), *considered]
        if lists := [e for e in case.partial() if e.query.verb in ("list", "events", "usage")]:
            verdict.sentence += f" Not everything could be examined: {', '.join(map(_partly, lists))}."
    off = [Considered(f, None, "off", reason) for f, reason in diagnosis.switched_off]
    verdict.considered = off + [_as_lowered(diagnosis, each) for each in considered]
    verdict.ruled_out = _ruled_out(chain)
    unread = [*_all_unread(case.refused()), *map(_partly, case.partial())]
    verdict.missing = [*unread, *dict.fromkeys(diagnosis.failures), *case.left_out]
    return verdict


def _as_lowered(diagnosis: Diagnosis, each: Considered) -> Considered:
    """Give a finding that an operator lowered to possible the operator's reason."""
    reason = diagnosis.lowered.get(each.finding.id, "")
    return replace(each, part="lowered", reason=reason) if reason and each.part == "carried" else each


def _partly(evidence: Evidence) -> str:
    """A sentence naming what was read only in part."""
    return f"{evidence.query} (in part: {'; '.join(evidence.notes) or 'the rest is not recorded'})"


def _all_unread(refused: Sequence[Evidence]) -> Iterator[str]:
    """What could not be read, and why; metrics missing for one reason, such as no Prometheus, in one sentence."""
    measures = Counter(_why_unread(each) for each in refused if each.query.verb == "metrics")
    for each in refused:
        why = _why_unread(each)
        if each.query.verb != "metrics" or measures[why] == 1:
            yield f"{each.query} ({why})"
        elif measures[why]:
            yield f"{measures[why]} Prometheus queries ({why})"
            measures[why] = 0


def _why_unread(evidence: Evidence) -> str:
    return "not recorded" if evidence.status == "not-recorded" else evidence.text.splitlines()[0]


def accept(diagnosis: Diagnosis, verdict: Verdict, finding: str | None) -> Verdict:
    """The verdict with the finding a model chose, if it exists and is sure enough; None chooses no cause."""
    if verdict.root is not None and finding == verdict.root.id:
        return verdict
    chosen = next((f for f in diagnosis.findings if f.id == finding and f.sure >= Sure.LIKELY), None)
    if chosen is not None:
        chain = [f for f in verdict.chain if f is not verdict.root and chosen.entity in f.leads_to] + [chosen]
        others = [f for f in verdict.chain if f not in chain]
        considered = [
            *(Considered(f, chosen, "model") for f in others),
            *(each for each in verdict.considered if each.finding is not chosen),
        ]
        return replace(
            verdict,
            outcome="diagnosed",
            sentence=chosen.headline,
            root=chosen,
            chain=chain,
            considered=considered,
        )
    if finding is None and verdict.outcome == "diagnosed" and verdict.root:
        doubt = f"The model doubts what the analyzers found: {verdict.root.headline.rstrip('.')}."
        doubted = [Considered(f, None, "doubted") for f in verdict.chain]
        return replace(
            verdict,
            outcome="inconclusive",
            sentence=doubt,
            chain=[],
            considered=[*doubted, *verdict.considered],
        )
    return verdict


def _climb(diagnosis: Diagnosis) -> tuple[list[Finding], list[Considered]]:
    """From the best finding near the subject to the deepest one it leads to, and the findings passed over."""
    chain: list[Finding] = []
    passed: dict[str, Considered] = {}
    candidates = [f for f in diagnosis.findings if not diagnosis.found_at[f.id].cause]
    while candidates:
        taken = best(diagnosis, candidates)
        chain.append(taken)
        for other in candidates:
            if other is not taken:
                part = part_between(rank(diagnosis, taken), rank(diagnosis, other))
                passed.setdefault(other.id, Considered(other, taken, part))
        candidates = [f for f in diagnosis.findings if f not in chain and _is_next(diagnosis, taken, f)]
    beside = [f for f in diagnosis.findings if f not in chain]
    return chain, [passed.get(f.id) or Considered(f, chain[-1], "aside") for f in beside if chain]


def _is_next(diagnosis: Diagnosis, taken: Finding, other: Finding) -> bool:
    """Whether a finding leads to another one; a symptom can be a link even if it cannot be the root."""
    led = other.entity in taken.leads_to or diagnosis.found_at[other.id].cause == taken.id
    return led and (other.sure >= Sure.LIKELY or other.cause.symptom)


def _ruled_out(chain: list[Finding]) -> list[RuledOut]:
    """What the rules that made the chain excluded, the root's first; never a cause of the chain itself."""
    said: dict[str, RuledOut] = {}
    for finding in reversed(chain):
        for excluded in finding.ruled_out:
            said.setdefault(excluded.cause, excluded)
    taken = {finding.cause.id for finding in chain}
    return [excluded for cause, excluded in said.items() if cause not in taken]


def _without_cause(diagnosis: Diagnosis, weak: Finding | None) -> Verdict:
    """No finding is sure enough: is nothing wrong, or is too little known?"""
    states = [s for s in diagnosis.states if s.entity in _near(diagnosis)]
    sentence = " ".join(dict.fromkeys(s.sentence for s in states))
    by_state = diagnosis.case.runbook.settled_by_state
    settling = [
        s
        for s in states  # a healthy neighbour proves nothing about the subject
        if s.settles or (by_state and s.entity in diagnosis.subjects and not _is_missed(s))
    ]
    if weak is None and settling:
        kinds = {s.kind for s in settling}
        outcome = "self-resolved" if kinds & {"recovered"} else "not-actionable"
        return Verdict(outcome, sentence, states=states)
    if weak is not None:
        sentence = _doubt(weak)
    elif states:
        sentence = f"{sentence} The alert's own condition could not be checked."
    elif diagnosis.case.is_blind:
        sentence = "Nothing could be read, so nothing is known of it."
    else:
        sentence = "The evidence that could be read does not show a cause."
    return Verdict("inconclusive", sentence, weak, states=states)


def _doubt(weak: Finding) -> str:
    """A sentence for a finding that is not the cause: a symptom is a fact, anything else a possibility."""
    if weak.cause.symptom:
        return f"{weak.headline}; the evidence does not show why."
    return f"Possible, but the evidence does not confirm it: {weak.headline}."


def _is_missed(state: State) -> bool:
    """Whether a missing Service keeps the alert going: its callers still call it."""
    return state.kind == "gone" and state.entity.kind == "Service"


def _near(diagnosis: Diagnosis) -> set[Ref]:
    return {ref for ref, followed in diagnosis.case.followed.items() if not followed.cause}
