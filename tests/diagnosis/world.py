"""A small world for tests of the analyzers: objects, events and logs, and the loop that asks for them."""

import asyncio
import json
from datetime import timedelta
from typing import Any

from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.finding import Finding
from agent.diagnosis.ranking import Verdict, weigh
from agent.diagnosis.read.selector import selector_text  # noqa: F401 - handy in tests
from agent.diagnosis.switches import Switches
from agent.evidence.answer import Answer
from agent.evidence.ledger import Evidence, Ledger
from agent.evidence.query import Query
from agent.evidence.redaction import Redactor
from agent.intake.alert import Alert, parse_alerts
from agent.intake.subject import route
from agent.investigation import Investigation
from agent.times import format_time
from tests.diagnosis.advice import check
from tests.samples import NOW


def ago(minutes: float) -> str:
    """A time so many minutes before NOW, as the API writes it."""
    return format_time(NOW - timedelta(minutes=minutes))


class World:
    """Answers queries from what a test put in; everything else is "not found" or empty."""

    name = "kubernetes"
    read_seconds = 5.0

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.happened: list[dict[str, Any]] = []
        self.logged: dict[tuple[str, str, str, bool], str] = {}
        self.measured: dict[str, list[dict[str, Any]]] = {}
        self.used: list[dict[str, Any]] = []
        self.refuse: dict[str, Answer] = {}
        self.asked: list[str] = []

    def add(self, *objects: dict[str, Any]) -> "World":
        """Put objects in (each with kind and metadata)."""
        for data in objects:
            meta = data["metadata"]
            self.objects[data["kind"], meta.get("namespace", ""), meta["name"]] = data
        return self

    def event(self, kind: str, namespace: str, name: str, reason: str, message: str, *, type: str = "Warning",
              minutes: float = 2, count: int = 3, field_path: str = "") -> "World":  # fmt: skip
        """Put an event in, last seen so many minutes ago."""
        about = {"kind": kind, "namespace": namespace, "name": name, "fieldPath": field_path}
        times = {"firstTimestamp": ago(minutes + 5), "lastTimestamp": ago(minutes)}
        what = {"reason": reason, "message": message, "type": type, "count": count, "involvedObject": about}
        self.happened.append(what | times | {"metadata": {"name": f"{name}.{len(self.happened)}"}})
        return self

    def log(self, namespace: str, pod: str, container: str, text: str, *, previous: bool = False) -> "World":
        """Put a container's log in."""
        self.logged[namespace, pod, container, previous] = text
        return self

    async def answer(self, query: Query) -> Answer:
        """What the cluster would say."""
        self.asked.append(str(query))
        for prefix, refusal in self.refuse.items():
            if str(query).startswith(prefix):
                return refusal
        match query.verb:
            case "get":
                found = self.objects.get((query.kind, query.namespace, query.name))
                missing = Answer("not-found", message=f'{query.kind} "{query.name}" not found')
                return Answer(data=found) if found else missing
            case "list":
                spaces = [o for (kind, ns, _), o in sorted(self.objects.items())
                          if kind == query.kind and query.namespace in ("*", ns)]  # fmt: skip
                return Answer(data=[o for o in spaces if _selected(o, query)])
            case "events":
                return Answer(data=[e for e in self.happened if _is_about(e["involvedObject"], query)])
            case "logs":
                text = self.logged.get((query.namespace, query.name, query.container, query.previous))
                missing = Answer("not-found", message="previous terminated container not found")
                return Answer(data=text) if text is not None else missing
            case "usage":
                return Answer(data=[u for u in self.used if u["namespace"] == query.namespace])
            case _:
                return Answer(data=next((v for k, v in self.measured.items() if k in query.promql), []))

    def investigate(
        self, alert: dict[str, Any] | str, rounds: int = 12, switches: Switches | None = None
    ) -> tuple[Verdict, Diagnosis]:
        """Investigate until no question is open."""
        raw = alert if isinstance(alert, str) else json.dumps(alert)
        parsed: Alert = parse_alerts(raw.encode()).alerts[0]
        ledger = Ledger(lambda query: self, Redactor(), read_seconds=self.read_seconds)
        investigation = Investigation(parsed, route(parsed), ledger, NOW, switches)

        diagnosis = asyncio.run(investigation.complete(rounds))
        texts = {e.id: e.text for e in ledger.entries}
        assert diagnosis.failures == []
        for finding in diagnosis.findings:  # every quote stands in its evidence, in every test
            for quote in (q for claim in finding.claims for q in claim.quotes):
                assert quote.text in texts[quote.evidence], (finding.id, quote)
        check(diagnosis)
        return weigh(diagnosis), diagnosis

    def root(self, alert: dict[str, Any] | str) -> Finding:
        """The root of the verdict, where there has to be one."""
        verdict, _ = self.investigate(alert)
        assert verdict.root, verdict.sentence
        return verdict.root


def quoted(finding: Finding) -> str:
    """All that the claims of a finding quote."""
    return "\n".join(quote.text for claim in finding.claims for quote in claim.quotes)


def collected(world: World, *queries: str) -> list[Evidence]:
    """What the world answers to these queries, as evidence."""
    return asyncio.run(Ledger(lambda query: world, Redactor()).collect(map(Query.parse, queries)))


def _is_about(involved: dict[str, Any], query: Query) -> bool:
    named = (involved["kind"], involved["name"]) == (query.kind, query.name)
    return involved["namespace"] == query.namespace and (named or not query.name)


def _selected(obj: dict[str, Any], query: Query) -> bool:
    labels = obj["metadata"].get("labels") or {}
    for term in filter(None, query.label.split(",")):
        key, _, value = term.partition("=")
        if labels.get(key) != value:
            return False
    for term in filter(None, query.field.split(",")):
        path, _, value = term.partition("=")
        node: Any = obj
        for step in path.split("."):
            node = node.get(step) if isinstance(node, dict) else None
        if node != value:
            return False
    return True
