"""A fact: derived from the evidence of a case, computed once for it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from agent.diagnosis.case import Case
from agent.diagnosis.read.thing import Obj

P = ParamSpec("P")
T = TypeVar("T")


def fact(function: Callable[Concatenate[Case, P], T]) -> Callable[Concatenate[Case, P], T]:
    """Compute it once per case and arguments: objects compare by where they were read, others by value."""

    @wraps(function)
    def once(case: Case, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (function, *map(_key, args), *((name, _key(value)) for name, value in kwargs.items()))
        return case.once(key, lambda: function(case, *args, **kwargs))

    return once


def _key(value: object) -> object:
    return (value.ref, value.evidence.id, value.prefix) if isinstance(value, Obj) else value
