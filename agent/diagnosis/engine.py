"""The engine: runs the analyzers over the neighbourhood of the subject, as far as evidence reaches."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from agent.diagnosis import analyzers
from agent.diagnosis.case import Case, Followed
from agent.diagnosis.finding import Finding, Quote
from agent.diagnosis.thing import Obj
from agent.evidence.query import Query
from agent.ref import Ref

MAX_VISITS = 60


@dataclass(frozen=True)
class State:
    """What an analyzer says of an entity in which it finds nothing wrong.

    healthy: in its desired state. recovered: was in trouble, is well now. intended: looks like trouble
    but somebody wants it so (scaled to zero, suspended). progressing: on its way, within its time. gone:
    does not exist any more. `settles`: the condition of the alert itself was measured, so this answers it
    even where the state of objects would not.
    """

    kind: Literal["healthy", "recovered", "intended", "progressing", "gone"]
    entity: Ref
    sentence: str
    quotes: tuple[Quote, ...] = ()
    settles: bool = False


Analyzer = Callable[[Case, Obj], Iterable[Finding | State]]
_ANALYZERS: dict[str, list[Analyzer]] = {}


def analyzer(*kinds: str) -> Callable[[Analyzer], Analyzer]:
    """Register a function that looks at objects of these kinds; it must not do I/O."""

    def register(function: Analyzer) -> Analyzer:
        for kind in kinds:
            _ANALYZERS.setdefault(kind, []).append(function)
        return function

    return register


@cache
def load() -> None:
    """Import every module of `analyzers`: a new cause is a new file there."""
    for module in sorted(info.name for info in pkgutil.iter_modules(analyzers.__path__)):
        importlib.import_module(f"{analyzers.__name__}.{module}")


@dataclass
class Diagnosis:
    """Everything the analyzers said: findings, states, open questions and who pointed at whom."""

    case: Case
    subjects: list[Ref]
    findings: list[Finding] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    found_at: dict[str, Followed] = field(default_factory=dict)
    """The object under analysis when a finding, by its id, was made: its entity may be another one."""
    found_by: dict[str, str] = field(default_factory=dict)
    """The rule that made a finding, by its id, as `module.function`."""
    switched_off: list[tuple[Finding, str]] = field(default_factory=list)
    """Findings that an operator's switches took away, each with the reason."""
    lowered: dict[str, str] = field(default_factory=dict)
    """Why findings, by their ids, are only possible for an operator."""
    failures: list[str] = field(default_factory=list)
    """What could not be analyzed, and why: evidence of a shape that Kubernetes does not give it."""

    @property
    def questions(self) -> dict[Query, str]:
        """Queries that would tell more, with the reason for asking."""
        return self.case.questions


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
                case.left_out[f"{left} objects (not looked at: {MAX_VISITS} are at most)"] = None
                case.current = None
                return diagnosis
            _visit(case, ref, diagnosis)
    case.current = None
    return diagnosis


def _visit(case: Case, ref: Ref, diagnosis: Diagnosis) -> None:
    case.current = case.followed[ref]
    obj = case.obj(ref, f"what is {ref}?")
    if obj is None:
        if ref in diagnosis.subjects and (quote := case.absent(ref.kind, ref.namespace, ref.name)):
            diagnosis.states.append(State("gone", ref, f"{ref} does not exist any more.", (quote,)))
        return
    for rule, said in _analyze(case, obj, diagnosis.failures):
        if isinstance(said, State):
            diagnosis.states.append(said)
            continue
        if all(said.id != known.id for known in diagnosis.findings):
            diagnosis.findings.append(said)
            diagnosis.found_at[said.id] = case.followed[ref]
            diagnosis.found_by[said.id] = rule
        for target in said.leads_to:
            case.lead(target, said.id)


def _analyze(case: Case, obj: Obj, failures: list[str]) -> Iterator[tuple[str, Finding | State]]:
    """What each rule says of an object, with the rule's name."""
    for function in _ANALYZERS.get(obj.ref.kind, ()):
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        try:
            yield from ((name, said) for said in function(case, obj))
        except Exception as error:  # one object that makes no sense must not cost the verdict on the others
            failures.append(failure(str(obj.ref), error))


def failure(what: str, error: Exception) -> str:
    """That something could not be analyzed, in words."""
    return f"{what} (cannot be analyzed: {type(error).__name__}: {str(error)[:200]})"
