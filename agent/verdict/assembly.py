"""Assembly: builds the result from the ledger, the findings and the conversation. Code writes it, not a model."""

import platform
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version

from agent import __version__
from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.finding import Claim, Finding
from agent.diagnosis.leads import leads
from agent.diagnosis.rank import rank
from agent.diagnosis.ranking import Considered, Verdict, accept, advised, statement, weigh
from agent.diagnosis.read.quote import Quote
from agent.evidence.ledger import Evidence, Ledger
from agent.intake.alert import Alert
from agent.intake.incident import Incident
from agent.intake.subject import Subject
from agent.investigation import Investigation
from agent.team.conversation import Conversation
from agent.verdict.result import (
    AlertPart,
    ClaimPart,
    ConsideredPart,
    EvidencePart,
    LeadPart,
    LinkPart,
    MessagePart,
    ObservationPart,
    QuotePart,
    RecommendationPart,
    Result,
    RuledOutPart,
    SubjectPart,
    UsagePart,
    VersionsPart,
    VisitPart,
)

NO_PLAN = "No investigation plan was made."
MODEL_CLAIMS = 10
SHORTEST_QUOTE = 6  # characters; a single letter occurs in any evidence
LONGEST_SENTENCE = 500


def assemble(
    incident: Incident,
    investigation: Investigation,
    conversation: Conversation,
    *,
    run_id: str,
    started_at: datetime,
    finished_at: datetime,
    model: str,
) -> Result:
    """The result of an investigated incident, however the conversation ended."""
    refused: list[str] = []
    diagnosis = investigation.diagnose()
    verdict = _verdict(investigation.ledger, diagnosis, conversation, refused)
    root = verdict.root if verdict.outcome == "diagnosed" else None
    texts = {evidence.id: evidence.text for evidence in investigation.ledger.entries}
    led = _leads(diagnosis, texts) if verdict.outcome == "inconclusive" else []
    if led:
        verdict.sentence += f" First lead: {led[0].sentence.rstrip('.')}."
    doubted = verdict.root if verdict.outcome == "inconclusive" else None
    shown = verdict.chain if root else [doubted] if doubted else []
    claims = _claims(shown, texts) + _model_claims(conversation, texts, refused)
    return Result(
        incident_id=incident.id,
        run_id=run_id,
        started_at=started_at,
        finished_at=finished_at,
        alert=alert_part(investigation.alert, len(incident.alerts)),
        subject=_subject(investigation.subject, diagnosis),
        outcome=verdict.outcome,  # type: ignore[arg-type]
        reason=conversation.reason,
        summary=verdict.sentence,
        cause=root.cause.id if root else None,
        cause_title=root.cause.title if root else "",
        entity=str(root.entity) if root else None,
        confidence=root.sure.confidence if root else 0.0,
        chain=[_link(diagnosis, finding) for finding in (verdict.chain if root else [])],
        considered=[_considered(diagnosis, each) for each in verdict.considered],
        visited=_visited(diagnosis),
        claims=claims,
        ruled_out=_ruled_out(verdict, texts),
        observations=_observations(verdict, texts),
        leads=led,
        recommendations=_recommendations(root, doubted, verdict),
        missing=verdict.missing,
        evidence=[_evidence(evidence) for evidence in investigation.ledger.entries],
        commander=conversation.plan.statement[:LONGEST_SENTENCE] if conversation.plan else NO_PLAN,
        investigator=_told(verdict, conversation),
        transcript=_transcript(conversation, refused),
        usage=_usage(conversation, model, finished_at - started_at, len(texts)),
        versions=_versions(),
    )


def decline(
    incident: Incident, alert: Alert, *, run_id: str, at: datetime, outcome: str, reason: str, model: str
) -> Result:
    """The result of an incident that was not investigated: not actionable, or failed before it began."""
    sentence = reason[:1].upper() + reason[1:].rstrip(".") + "."
    return Result(
        incident_id=incident.id, run_id=run_id, started_at=at, finished_at=at,
        alert=alert_part(alert, len(incident.alerts)),
        subject=SubjectPart(entity=None, container="", service="", why="not looked for"),
        outcome=outcome,  # type: ignore[arg-type]
        reason=reason if outcome == "failed" else "", summary=sentence, cause=None, cause_title="", entity=None,
        confidence=0.0, chain=[], claims=[], ruled_out=[], observations=[], recommendations=[], missing=[],
        evidence=[], commander=f"No investigation started. {sentence}", investigator="Not asked.", transcript=[],
        usage=UsagePart(model=model, calls=0, prompt_tokens=0, completion_tokens=0, usd=0.0, seconds=0.0, reads=0),
        versions=_versions(),
    )  # fmt: skip


def _verdict(ledger: Ledger, diagnosis: Diagnosis, conversation: Conversation, refused: list[str]) -> Verdict:
    """The verdict that the evidence supports; a model may choose only among the findings."""
    verdict = weigh(diagnosis)
    verdict.missing += _unasked(ledger, diagnosis, verdict)
    if conversation.ended == "terminated":
        return Verdict("failed", conversation.reason, missing=verdict.missing)
    if conversation.ended == "deadline":
        verdict.missing.append(conversation.reason)
    answer = conversation.conclusion or conversation.report
    if answer is None or conversation.ended != "finished":
        return verdict
    accepted = accept(diagnosis, verdict, answer.finding)
    if answer.finding and (accepted.root is None or accepted.root.id != answer.finding):
        refused.append(f"finding refused, the evidence does not support it: {answer.finding[:200]}")
    return accepted


def _unasked(ledger: Ledger, diagnosis: Diagnosis, verdict: Verdict) -> list[str]:
    """What was not read: queries beyond the run's limit and, if there is no cause, questions not asked."""
    beyond = [
        f"{query} (not read: the limit is {len(ledger.entries)} queries)" for query in ledger.turned_away
    ]
    open_yet = [] if verdict.outcome == "diagnosed" else diagnosis.questions
    return beyond + [f"{query} (not asked)" for query in open_yet if query not in ledger.turned_away]


def _claims(chain: list[Finding], texts: dict[str, str]) -> list[ClaimPart]:
    """The claims of the chain, root first, with the quotes that occur in their evidence."""
    return [
        _claim(claim, str(finding.entity), texts) for finding in reversed(chain) for claim in finding.claims
    ]


def _claim(claim: Claim, entity: str, texts: dict[str, str]) -> ClaimPart:
    quotes = _quotes(claim.quotes, texts)
    kind = claim.kind if quotes else "hypothesis"
    evidence = list(dict.fromkeys(quote.evidence for quote in quotes))
    return ClaimPart(text=claim.text, kind=kind, entity=entity, evidence=evidence, quotes=quotes)


def _model_claims(conversation: Conversation, texts: dict[str, str], refused: list[str]) -> list[ClaimPart]:
    """A model's own claims, as hypotheses, where their quote occurs in evidence that exists."""
    kept = []
    for claim in conversation.report.claims[:MODEL_CLAIMS] if conversation.report else []:
        if len(claim.quote.strip()) >= SHORTEST_QUOTE and claim.quote in texts.get(claim.evidence, ""):
            quote, said = QuotePart(evidence=claim.evidence, text=claim.quote), claim.text[:LONGEST_SENTENCE]
            kept.append(
                ClaimPart(text=said, kind="hypothesis", entity="", evidence=[quote.evidence], quotes=[quote])
            )
        else:
            refused.append(
                f"claim refused, {claim.evidence[:20]!r} does not contain the words it quotes: {claim.text[:200]}"
            )
    return kept


def _ruled_out(verdict: Verdict, texts: dict[str, str]) -> list[RuledOutPart]:
    return [
        RuledOutPart(cause=r.cause, why=r.why, quotes=_quotes(r.quotes, texts)) for r in verdict.ruled_out
    ]


def _observations(verdict: Verdict, texts: dict[str, str]) -> list[ObservationPart]:
    return [
        ObservationPart(
            kind=s.kind, entity=str(s.entity), sentence=s.sentence, quotes=_quotes(s.quotes, texts)
        )
        for s in verdict.states
    ]


def _leads(diagnosis: Diagnosis, texts: dict[str, str]) -> list[LeadPart]:
    """The leads whose words stand in the evidence."""
    parts = [
        LeadPart(
            kind=lead.kind,
            entity=str(lead.entity),
            sentence=lead.sentence,
            quotes=_quotes(lead.quotes, texts),
            command=str(lead.command or ""),
        )
        for lead in leads(diagnosis)
    ]
    return [part for part in parts if part.quotes]


def _told(verdict: Verdict, conversation: Conversation) -> str:
    return (
        f"Analysis cut short: {conversation.reason}." if verdict.outcome == "failed" else statement(verdict)
    )


def _transcript(conversation: Conversation, refused: list[str]) -> list[MessagePart]:
    """The conversation, followed by what was refused from it."""
    said = [MessagePart(source=s, kind=k, text=t) for s, k, t in conversation.transcript]
    return said + [MessagePart(source="check", kind="refused", text=text) for text in refused]


def _usage(conversation: Conversation, model: str, spent: timedelta, reads: int) -> UsagePart:
    return UsagePart(
        model=model,
        calls=conversation.calls,
        prompt_tokens=conversation.prompt_tokens,
        completion_tokens=conversation.completion_tokens,
        usd=round(conversation.usd, 6),
        seconds=round(spent.total_seconds(), 3),
        reads=reads,
    )


def _quotes(quotes: Iterable[Quote], texts: dict[str, str]) -> list[QuotePart]:
    return [
        QuotePart(evidence=quote.evidence, text=quote.text)
        for quote in dict.fromkeys(quotes)
        if quote.text and quote.text in texts.get(quote.evidence, "")
    ]


def _recommendations(
    root: Finding | None, doubted: Finding | None, verdict: Verdict
) -> list[RecommendationPart]:
    """What to do about the root; for a merely possible finding, only what to check."""
    advice = advised(verdict) if root else ()
    if doubted:
        advice = tuple(replace(r, instead=False) for r in doubted.recommendations if r.risk == "none")
    return [
        RecommendationPart(
            action=r.action,
            sentence=r.told,
            command=str(r.command or ""),
            risk=r.risk,
            verify=str(r.verify or ""),
            instead=r.instead,
        )
        for r in advice
    ]


def _link(diagnosis: Diagnosis, finding: Finding) -> LinkPart:
    return LinkPart(
        cause=finding.cause.id,
        entity=str(finding.entity),
        headline=finding.headline,
        confidence=finding.sure.confidence,
        rule=diagnosis.found_by[finding.id],
        rank=rank(diagnosis, finding).words(),
    )


def _considered(diagnosis: Diagnosis, each: Considered) -> ConsideredPart:
    link = _link(diagnosis, each.finding).model_dump()
    return ConsideredPart(**link, behind=each.behind.id if each.behind else "", part=each.part, why=each.why)


def _visited(diagnosis: Diagnosis) -> list[VisitPart]:
    return [
        VisitPart(entity=str(each.ref), by=str(each.by or ""), finding=each.cause)
        for each in diagnosis.case.followed.values()
    ]


def _evidence(evidence: Evidence) -> EvidencePart:
    return EvidencePart(
        id=evidence.id,
        source=evidence.source,
        query=str(evidence.query),
        status=evidence.status,
        collected_at=evidence.collected_at,
        digest=evidence.digest,
        truncated=evidence.truncated,
        notes=list(evidence.notes),
        characters=len(evidence.text),
    )


def alert_part(alert: Alert, grouped: int) -> AlertPart:
    """The alert as the result shows it."""
    return AlertPart(
        name=alert.name,
        title=alert.title,
        status=alert.status,
        severity=alert.severity,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at,
        fingerprint=alert.fingerprint,
        runbook_url=alert.runbook_url,
        grouped=grouped,
    )


def _subject(subject: Subject, diagnosis: Diagnosis) -> SubjectPart:
    found = diagnosis.subjects
    entity = str(subject.ref or (found[0] if found else "")) or None
    return SubjectPart(entity=entity, container=subject.container, service=subject.service, why=subject.why)


def _versions() -> VersionsPart:
    return VersionsPart(
        agent=__version__, autogen=version("autogen-agentchat"), python=platform.python_version()
    )
