"""One investigation: the ledger, and what the analyzers make of it. It knows no model and no agent."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from agent.diagnosis.case import Case
from agent.diagnosis.engine import Diagnosis, diagnose, failure
from agent.diagnosis.search import find_subjects
from agent.diagnosis.switches import Switches
from agent.evidence.ledger import Evidence, Ledger
from agent.evidence.query import Query, get
from agent.intake.alert import Alert
from agent.intake.runbook import Runbook, choose
from agent.intake.subject import Subject

MAX_ROUNDS = 14


class Investigation:
    """The bodies of the two tools every model is offered: collect evidence, diagnose what is there.

    `clock` tells the seconds it is worked, as opposed to those it waits for others.
    """

    def __init__(
        self,
        alert: Alert,
        subject: Subject,
        ledger: Ledger,
        now: datetime,
        switches: Switches | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.alert = alert
        self.subject = subject
        self.ledger = ledger
        self.now = now
        self.switches = switches or Switches()
        self.clock = clock
        self.runbook: Runbook = choose(alert)

    async def collect(self, queries: Iterable[Query]) -> list[Evidence]:
        """Read what was not read before; the pod before its logs, whose secrets only its environment tells."""
        wanted = []
        for query in queries:
            if query.verb == "logs" and not self._has_read_pod(query.namespace, query.name):
                wanted.append(get("Pod", query.namespace, query.name))
            wanted.append(query)
        return await self.ledger.collect(wanted)

    def _has_read_pod(self, namespace: str, name: str) -> bool:
        """Whether that pod was read, by itself or in a list."""
        wanted = get("Pod", namespace, name)
        return any(
            entry.query == wanted or (entry.query.kind == "Pod" and _holds(entry.data, namespace, name))
            for entry in self.ledger.entries
        )

    async def complete(self, rounds: int = MAX_ROUNDS) -> Diagnosis:
        """Collect what the runbook and then the open questions ask, until none is left: the work without a team."""
        await self.collect(self.runbook.queries(self.subject))
        for _ in range(rounds):
            known = len(self.ledger.entries)
            await self.collect(self.diagnose().questions)
            if len(self.ledger.entries) == known:
                break
        return self.diagnose()

    def diagnose(self) -> Diagnosis:
        """Findings and open questions over all evidence so far; never raises, whatever shape that has."""
        case = Case(
            self.ledger.entries, alert=self.alert, subject=self.subject, runbook=self.runbook, now=self.now
        )
        try:
            return self.switches.apply(diagnose(case, find_subjects(case)))
        except Exception as error:  # of a hand-made recording, say
            return Diagnosis(case, [], failures=[failure("the evidence", error)])


def _holds(listed: Any, namespace: str, name: str) -> bool:
    """Whether one of the objects of a list is that one."""
    metas = [item["metadata"] for item in listed or () if isinstance(item, dict) and "metadata" in item]
    return any(
        isinstance(meta, dict) and (meta.get("namespace"), meta.get("name")) == (namespace, name)
        for meta in metas
    )
