"""Which test shows which cause, as it was observed: `python -m tests.coverage` writes the page.

What a test's verdict was is never declared. Tests on the page are held to it whenever they run.
"""

import re
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.diagnosis.causes import Cause, causes
from agent.diagnosis.ranking import Verdict, weigh
from e2e.score.replay import diagnosed
from e2e.score.scenario import Scenario, load_recorded
from tests.diagnosis.world import World

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "causes-and-tests.md"
_ROW = re.compile(r"^\| ([a-z0-9-]+) \| (?:`(.+?)`)? \| (?:`(.+?)`)? \|$", re.MULTILINE)
_HEAD = """\
# Causes and tests

For each cause: a test in which it is the verdict, and a look-alike in which it is not, because the verdict
is a cause it is confused with, or it was found and outranked, or it was ruled out. A name without `::` is a
recorded scenario. `make docs` writes this page from what was observed, and the tests named here check it.

| cause | verdict in | look-alike in |
|---|---|---|
"""


@dataclass(frozen=True)
class Seen:
    """One verdict a test came to: its root, if any, and the causes that lost beside it.

    `open` where the root is no more than a possibility. A symptom is never that: the verdict ends there,
    with its own reason left open.
    """

    where: str
    root: Cause | None
    open: bool
    lost: frozenset[str]

    @classmethod
    def of(cls, where: str, verdict: Verdict) -> "Seen":
        """What was seen of a verdict."""
        root = verdict.root.cause if verdict.root else None
        is_open = verdict.outcome != "diagnosed" and root is not None and not root.symptom
        lost = {each.finding.cause.id for each in verdict.considered}
        return cls(where, root, is_open, frozenset(lost | {each.cause for each in verdict.ruled_out}))

    def is_of(self, cause: Cause) -> bool:
        """Whether this cause is the verdict."""
        return self.root == cause and not self.open

    def is_look_alike(self, cause: Cause) -> bool:
        """Whether this cause could be taken for what this is, and is not the verdict."""
        root = self.root
        near = root is not None and (root.id in cause.confused_with or cause.id in root.confused_with)
        return not self.is_of(cause) and (near or cause.id in self.lost)


@dataclass(frozen=True)
class Row:
    """One cause of the page, with the names of its two tests; "" where there is none."""

    cause: str
    verdict: str
    look_alike: str

    def broken(self, where: str, seen: Iterable[Seen]) -> Iterator[str]:
        """What the page says of a test, and what was not seen there."""
        about = causes()[self.cause]
        if where == self.verdict and not any(each.is_of(about) for each in seen):
            yield f"{self.cause} is the verdict"
        if where == self.look_alike and not any(each.is_look_alike(about) for each in seen):
            yield f"something looks like {self.cause}"


@cache
def rows() -> list[Row]:
    """The rows of the page."""
    return [Row(*(each or "" for each in found)) for found in _ROW.findall(PAGE.read_text())]


def broken(where: str, seen: list[Seen]) -> list[str]:
    """What the page says of a test and is not so."""
    return [said for row in rows() for said in row.broken(where, seen)]


def replayed(scenario: Scenario) -> Seen:
    """What is seen in a recording."""
    return Seen.of(scenario.name, weigh(diagnosed(scenario.recorded.alert.encode(), scenario.recording)))


@contextmanager
def observed(where: str) -> Iterator[list[Seen]]:
    """The verdicts that worlds come to from here on."""
    seen: list[Seen] = []
    investigate = World.investigate

    def observing(world: World, *args: Any, **more: Any) -> Any:
        verdict, diagnosis = investigate(world, *args, **more)
        seen.append(Seen.of(where, verdict))
        return verdict, diagnosis

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "investigate", observing)
        yield seen


class _Observer:
    """Sees the verdicts of the tests that pass."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        with observed(item.nodeid) as seen:
            yield
        self.seen += seen


def _page(seen: list[Seen]) -> str:
    """The page: of the tests that show a cause a recording if there is one, else the shortest name."""
    seen = sorted(
        {each for each in seen if not {"|", "`"} & set(each.where)},
        key=lambda each: ("::" in each.where, len(each.where), each.where),
    )
    lines = []
    for about in sorted(causes().values(), key=lambda each: each.id):
        verdict = next((each.where for each in seen if each.is_of(about)), "")
        look_alike = next((each.where for each in seen if each.is_look_alike(about)), "")
        cells = " | ".join(f"`{name}`" if name else "" for name in (verdict, look_alike))
        lines.append(f"| {about.id} | {cells} |\n")
    return _HEAD + "".join(lines)


def main() -> int:
    """Run the tests of the diagnosis and all recordings, and write the page."""
    observer = _Observer()
    code = pytest.main(["-qq", "--no-summary", str(ROOT / "tests" / "diagnosis")], plugins=[observer])
    PAGE.write_text(_page([*observer.seen, *map(replayed, load_recorded())]))
    return code


if __name__ == "__main__":
    sys.exit(main())
