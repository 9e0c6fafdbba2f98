"""What the agents say to each other: the types of their answers, the same for every model."""

from typing import Literal

from pydantic import BaseModel


class Step(BaseModel):
    """The Commander's answer: delegate with the first questions, or conclude."""

    kind: Literal["delegate", "conclude"]
    assignee: Literal["investigator"] | None
    statement: str
    queries: list[str]
    finding: str | None


class ModelClaim(BaseModel):
    """A statement of a model, with the words of evidence that are to carry it."""

    text: str
    evidence: str
    quote: str


class Report(BaseModel):
    """The Investigator's answer: which finding explains the alert, by its id, or none."""

    statement: str
    finding: str | None
    claims: list[ModelClaim]


class Briefing(BaseModel):
    """The task as the team receives it. Everything in `alert` is untrusted data."""

    alert: dict[str, object]
    subject: str
    runbook: str
    first_queries: list[str]
