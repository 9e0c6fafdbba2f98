"""The register of rules and edges: what is reported for an object, and what is in its neighbourhood."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause
from agent.diagnosis.finding import Finding
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.state import State
from agent.ref import Ref

Said = Iterable[Finding | State]


@dataclass(frozen=True)
class Rule:
    """A function that reports what is wrong with an object, or why nothing is; `finds` are all its causes."""

    name: str
    finds: frozenset[Cause]
    function: Callable[[Case, Obj], Said]

    def said(self, case: Case, obj: Obj) -> Iterator[Finding | State]:
        """Run it on an object. Raises ValueError for a finding whose cause it does not declare."""
        for each in self.function(case, obj):
            if isinstance(each, Finding) and each.cause not in self.finds:
                raise ValueError(f"rule {self.name} found {each.cause.id}, which it does not declare")
            yield each


Edge = Callable[[Case, Obj], Iterable[Ref]]
_RULES: dict[str, list[Rule]] = {}
_EDGES: dict[str, list[Edge]] = {}


def rule(
    *kinds: str, finds: Iterable[Cause] = ()
) -> Callable[[Callable[[Case, Obj], Said]], Callable[[Case, Obj], Said]]:
    """Register a rule for objects of these kinds. It does no I/O and follows no objects."""

    def register(function: Callable[[Case, Obj], Said]) -> Callable[[Case, Obj], Said]:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        for kind in kinds:
            _RULES.setdefault(kind, []).append(Rule(name, frozenset(finds), function))
        return function

    return register


def edge(*kinds: str) -> Callable[[Edge], Edge]:
    """Register a function that says which objects belong to the neighbourhood of one of these kinds."""

    def register(function: Edge) -> Edge:
        for kind in kinds:
            _EDGES.setdefault(kind, []).append(function)
        return function

    return register


def rules_for(kind: str) -> list[Rule]:
    """The rules for objects of a kind."""
    return _RULES.get(kind, [])


def edges_for(kind: str) -> list[Edge]:
    """The edges of objects of a kind."""
    return _EDGES.get(kind, [])


def found() -> frozenset[Cause]:
    """Every cause that some rule finds."""
    return frozenset(cause for each in _RULES.values() for rule in each for cause in rule.finds)
