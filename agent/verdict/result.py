"""The result: one versioned JSON document per incident; everything else shown or stored is a rendering of it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1.0"
Outcome = Literal["diagnosed", "self-resolved", "not-actionable", "inconclusive", "failed"]


class Document(BaseModel):
    """Base of all parts: unknown fields are refused, so that reader and writer agree."""

    model_config = ConfigDict(extra="forbid")


class AlertPart(Document):
    """The alert as it was received, redacted. Its texts are untrusted."""

    name: str
    title: str
    status: str
    severity: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime | None
    fingerprint: str
    runbook_url: str
    grouped: int = Field(description="how many alerts this incident groups, including this one")


class SubjectPart(Document):
    """What the alert is about, and which label or words decided it."""

    entity: str | None = Field(description="namespace/Kind/name, or Kind/name for cluster-scoped objects")
    container: str
    service: str
    why: str


class QuotePart(Document):
    """Words that occur verbatim in the evidence with that id."""

    evidence: str
    text: str


class ClaimPart(Document):
    """One statement. A fact has quotes; a hypothesis may have none."""

    text: str
    kind: Literal["fact", "hypothesis"]
    entity: str
    evidence: list[str]
    quotes: list[QuotePart]


class LinkPart(Document):
    """One link of the causal chain, from the subject of the alert towards the root."""

    cause: str
    entity: str
    headline: str
    confidence: float
    rule: str = Field(default="", description="the rule that found it, as module.function")
    rank: list[str] = Field(default=[], description="the parts of its rank in its favor")


class ConsideredPart(LinkPart):
    """A finding outside the chain: which one was chosen instead, and why."""

    behind: str = Field(description="the finding that was chosen, as cause@entity; empty if none was")
    part: str = Field(description="the part of the rank that decided")
    why: str


class VisitPart(Document):
    """One object that was examined, and what led to it: another object, and the finding if one did."""

    entity: str
    by: str
    finding: str


class RuledOutPart(Document):
    """A cause that was considered and excluded."""

    cause: str
    why: str
    quotes: list[QuotePart]


class ObservationPart(Document):
    """What was found to be healthy, recovered, intended, in progress, or gone."""

    kind: str
    entity: str
    sentence: str
    quotes: list[QuotePart]


class LeadPart(Document):
    """Where no cause was found: a recurring line of a log, a change or a warning to look at first.

    The most telling stands first. `command` shows more of it and can be pasted; it is empty where there is none.
    """

    kind: str = Field(description="log, change or event")
    entity: str
    sentence: str
    quotes: list[QuotePart]
    command: str


class RecommendationPart(Document):
    """What to do. `command` and `verify` can be pasted; nothing is executed by the agent.

    Each is one or more kubectl calls in shell quoting, joined by `&&`, made of constant or checked words;
    `<...>` is for a person to fill in. Empty if there is none; if a word broke the rules, `sentence` says so.
    Recommendations are steps in order, except those with `instead`.
    """

    action: str
    sentence: str
    command: str
    risk: str
    verify: str
    instead: bool = Field(
        default=False, description="an alternative to the recommendation before it: one of them is enough"
    )


class EvidencePart(Document):
    """The index of the ledger; the texts are written next to the result with --output."""

    id: str
    source: str
    query: str
    status: str
    collected_at: datetime
    digest: str
    truncated: bool
    notes: list[str] = Field(description="what was left out of it, or what the source marked as doubtful")
    characters: int


class MessagePart(Document):
    """Who said or did what, in order."""

    source: str
    kind: str
    text: str


class UsagePart(Document):
    """What the run cost. `usd` is 0 for the embedded rule model; `reads` counts queries asked."""

    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    seconds: float
    reads: int


class VersionsPart(Document):
    """What produced this document."""

    agent: str
    autogen: str
    python: str


class Result(Document):
    """One incident, investigated.

    `cause` is an id of the closed vocabulary (`incident-agent explain`), None unless the outcome is
    diagnosed. `confidence` is in 0..1. `reason` says why an outcome is failed, or why the verdict
    is from the rules although a language model was asked; otherwise it is empty.
    """

    schema_version: str = SCHEMA_VERSION
    incident_id: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    alert: AlertPart
    subject: SubjectPart
    outcome: Outcome
    reason: str
    summary: str
    cause: str | None
    cause_title: str
    entity: str | None
    confidence: float
    chain: list[LinkPart]
    considered: list[ConsideredPart] = []
    visited: list[VisitPart] = []
    claims: list[ClaimPart]
    ruled_out: list[RuledOutPart]
    observations: list[ObservationPart]
    leads: list[LeadPart] = []
    recommendations: list[RecommendationPart]
    missing: list[str]
    evidence: list[EvidencePart]
    commander: str = Field(description="what the Commander said first, for people")
    investigator: str = Field(description="the verdict in one sentence, assembled from the findings")
    transcript: list[MessagePart]
    usage: UsagePart
    versions: VersionsPart
