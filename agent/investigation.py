"""One investigation: the ledger, and what the analyzers make of it. It knows no model and no agent."""

from collections.abc import Iterable
from datetime import datetime

from agent.alert import Alert
from agent.diagnosis.case import Case
from agent.diagnosis.engine import Diagnosis, diagnose
from agent.diagnosis.search import find_subjects
from agent.evidence.ledger import Evidence, Ledger
from agent.evidence.query import Query
from agent.runbook import Runbook, choose
from agent.subject import Subject


class Investigation:
    """The bodies of the two tools every model is offered: collect evidence, diagnose what is there."""

    def __init__(self, alert: Alert, subject: Subject, ledger: Ledger, now: datetime) -> None:
        self.alert = alert
        self.subject = subject
        self.ledger = ledger
        self.now = now
        self.runbook: Runbook = choose(alert)

    async def collect(self, queries: Iterable[Query]) -> list[Evidence]:
        """Read what was not read before."""
        return await self.ledger.collect(queries)

    def diagnose(self) -> Diagnosis:
        """Findings and open questions over all evidence so far."""
        case = Case(
            self.ledger.entries, alert=self.alert, subject=self.subject, runbook=self.runbook, now=self.now
        )
        return diagnose(case, find_subjects(case))
