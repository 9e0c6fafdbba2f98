"""Invented causes, findings and rules: what the engine and the ranking make of them, whatever ships."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from agent.diagnosis import registry
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause
from agent.diagnosis.engine import Diagnosis, diagnose
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import Rule, Said
from agent.diagnosis.state import State
from agent.evidence.ledger import Evidence
from agent.intake.alert import parse_alerts
from agent.intake.runbook import choose
from agent.intake.subject import route
from agent.ref import Ref
from tests.diagnosis.objects import pod
from tests.diagnosis.world import NOW, World, collected

SETTLED_BY_STATE = "KubePodNotReady"
SETTLED_BY_MEASURES = "SomethingOdd"


def at(name: str) -> Ref:
    """The pod of that name."""
    return Ref("Pod", "shop", name)


def cause(id: str, **more: Any) -> Cause:
    """A cause that no file has."""
    return Cause(id, more.pop("family", "weather"), f"A {id}", "It is.", "It shows.", "Mend it.", **more)


def found(what: str | Cause, where: str, *leads_to: str, sure: Sure = Sure.LIKELY, **more: Any) -> Finding:
    """A finding of a cause at a pod, which leads to others."""
    about = cause(what) if isinstance(what, str) else what
    targets = tuple(map(at, leads_to))
    return Finding(
        about, at(where), f"It is {about.id}", (Claim("So it is."),), sure, leads_to=targets, **more
    )


class Rules:
    """Rules and edges in place of all that ship; `visited` are the pods that were looked at, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.visited: list[str] = []
        self._rules = [Rule("invented.visit", frozenset(), self._visit)]
        self._edges: list[registry.Edge] = []
        monkeypatch.setattr(registry, "rules_for", lambda kind: self._rules)
        monkeypatch.setattr(registry, "edges_for", lambda kind: self._edges)

    def say(
        self,
        name: str,
        *said: Finding | State | Exception,
        by: str = "invented.rule",
        finds: Sequence[Cause] | None = None,
    ) -> "Rules":
        """Add a rule that says this of a pod, and raises what is an exception; it declares what it finds."""
        declared = [each.cause for each in said if isinstance(each, Finding)] if finds is None else finds
        return self.add(lambda case, obj: _each(said, obj.ref.name == name), by, declared)

    def add(
        self, function: Callable[[Case, Obj], Said], by: str = "invented.rule", finds: Sequence[Cause] = ()
    ) -> "Rules":
        """Add a rule."""
        self._rules.append(Rule(by, frozenset(finds), function))
        return self

    def join(self, name: str, *others: str | Exception) -> "Rules":
        """Add an edge from a pod to others."""

        def edge(case: Case, obj: Obj) -> Iterator[Ref]:
            return (at(other) for other in _each(others, obj.ref.name == name))

        self._edges.append(edge)
        return self

    def diagnose(
        self,
        *subjects: str,
        gone: Sequence[str] = (),
        unread: Sequence[str] = (),
        also: Sequence[Evidence] = (),
        alert: str = SETTLED_BY_STATE,
    ) -> Diagnosis:
        """What is made of these subjects; of the pods a to h each exists and was read, but for those named."""
        names = [name for name in "abcdefgh" if name not in unread]
        world = World().add(*(pod(name) for name in names if name not in gone))
        raw = f'{{"labels": {{"alertname": "{alert}", "namespace": "shop", "pod": "{subjects[0]}"}}}}'
        about = parse_alerts(raw.encode()).alerts[0]
        evidence = collected(world, *(f"get Pod shop/{name}" for name in names))
        case = Case([*evidence, *also], alert=about, subject=route(about), runbook=choose(about), now=NOW)
        return diagnose(case, [at(name) for name in subjects])

    def _visit(self, case: Case, obj: Obj) -> Said:
        self.visited.append(obj.ref.name)
        return ()


def _each(said: Sequence[Any], is_here: bool) -> Iterator[Any]:
    for each in said if is_here else ():
        if isinstance(each, Exception):
            raise each
        yield each
