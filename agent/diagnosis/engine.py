"""The engine: runs the analyzers over the neighbourhood of the subject, as far as there is evidence."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from agent.diagnosis import edges, registry, rules
from agent.diagnosis.case import Case, Followed
from agent.diagnosis.causes import causes
from agent.diagnosis.finding import Finding
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import Rule
from agent.diagnosis.state import State
from agent.evidence.query import Query
from agent.ref import Ref

MAX_VISITS = 60


@dataclass
class Diagnosis:
    """Everything the analyzers said: findings, states, open questions, and which object pointed at which."""

    case: Case
    subjects: list[Ref]
    findings: list[Finding] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    found_at: dict[str, Followed] = field(default_factory=dict)
    """The object under analysis when a finding, by its id, was made: its entity may be another one."""
    found_by: dict[str, str] = field(default_factory=dict)
    """The rule that made a finding, by its id, as `module.function`."""
    switched_off: list[tuple[Finding, str]] = field(default_factory=list)
    """Findings that an operator switched off, each with the reason."""
    lowered: dict[str, str] = field(default_factory=dict)
    """The reason for each finding (by id) that an operator lowered to possible."""
    failures: list[str] = field(default_factory=list)
    """What could not be analyzed, and why: evidence in a shape that Kubernetes does not produce."""

    @property
    def questions(self) -> dict[Query, str]:
        """Queries that would add evidence, each with the reason for asking."""
        return self.case.questions


@cache
def load() -> None:
    """Import every rule and edge; raises ValueError for causes that no rule finds."""
    for package in (rules, edges):
        for name in sorted(m.name for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")):
            importlib.import_module(name)
    if orphans := sorted(set(causes()) - {cause.id for cause in registry.found()}):
        raise ValueError(f"no rule finds the causes {', '.join(orphans)}")


def diagnose(case: Case, subjects: list[Ref]) -> Diagnosis:
    """Analyze the subjects and, from there, every object that is followed or led to."""
    load()
    diagnosis = Diagnosis(case, subjects)
    for ref in subjects:
        case.follow(ref)
    visited: set[Ref] = set()
    while todo := [ref for ref in case.followed if ref not in visited]:
        for ref in todo:
            visited.add(ref)
            if len(visited) > MAX_VISITS:
                left = sum(each not in visited for each in case.followed) + 1
                case.left_out[f"{left} objects (not examined: the limit is {MAX_VISITS})"] = None
                case.current = None
                return diagnosis
            _visit(case, ref, diagnosis)
    case.current = None
    return diagnosis


def _visit(case: Case, ref: Ref, diagnosis: Diagnosis) -> None:
    case.current = case.followed[ref]
    obj = case.obj(ref, f"what is {ref}?")
    if not obj:
        if ref in diagnosis.subjects and (quote := case.absent(ref.kind, ref.namespace, ref.name)):
            diagnosis.states.append(State("gone", ref, f"{ref} no longer exists.", (quote,)))
        return
    for edge in registry.edges_for(ref.kind):
        with _failing(obj, diagnosis):
            for neighbour in edge(case, obj):
                case.follow(neighbour)
    for rule in registry.rules_for(ref.kind):
        with _failing(obj, diagnosis):
            for said in rule.said(case, obj):
                _note(case, obj, rule, said, diagnosis)


def _note(case: Case, obj: Obj, rule: Rule, said: Finding | State, diagnosis: Diagnosis) -> None:
    if isinstance(said, State):
        diagnosis.states.append(said)
        return
    if all(said.id != known.id for known in diagnosis.findings):
        diagnosis.findings.append(said)
        diagnosis.found_at[said.id] = case.followed[obj.ref]
        diagnosis.found_by[said.id] = rule.name
    for target in said.leads_to:
        case.lead(target, said.id)


@contextmanager
def _failing(obj: Obj, diagnosis: Diagnosis) -> Iterator[None]:
    """Keep one malformed object from costing the verdict on the others."""
    try:
        yield
    except Exception as error:
        diagnosis.failures.append(failure(str(obj.ref), error))


def failure(what: str, error: Exception) -> str:
    """A sentence saying that something could not be analyzed."""
    return f"{what} (cannot be analyzed: {type(error).__name__}: {str(error)[:200]})"
