"""Steps: recommendations as what is done one after the other, each step a choice of one or more ways."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Way(Protocol):
    """A recommendation: `instead` says that it takes the place of the one before it."""

    @property
    def instead(self) -> bool:
        """Whether it is another way to do the same."""


W = TypeVar("W", bound=Way)


def steps(recommendations: Iterable[W]) -> list[list[W]]:
    """The steps in order; of the ways of one step, one is enough."""
    found: list[list[W]] = []
    for each in recommendations:
        if each.instead and found:
            found[-1].append(each)
        else:
            found.append([each])
    return found
