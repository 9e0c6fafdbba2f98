"""Every cause has a test in which it is the verdict, and one in which it only looks so."""

import ast
from collections.abc import Iterator

import pytest

from agent.diagnosis.causes import causes
from e2e.score.scenario import load_recorded
from tests.coverage import ROOT, Row, Seen, rows

WITHOUT_VERDICT = {"dependency-down", "killed", "pod-on-lost-node"}


def _tests() -> Iterator[str]:
    """The names of all tests of the diagnosis, without parameters."""
    for path in (ROOT / "tests" / "diagnosis").rglob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(ROOT)}::{node.name}"


def test_the_page_has_every_cause_once() -> None:
    assert [row.cause for row in rows()] == sorted(causes()), "run `make docs`"


def test_every_cause_is_the_verdict_of_a_test() -> None:
    """Whoever adds the test takes the cause off the list, and runs `make docs`."""
    assert {row.cause for row in rows() if not row.verdict} == WITHOUT_VERDICT


def test_every_cause_has_a_look_alike() -> None:
    assert {row.cause for row in rows() if not row.look_alike} == set()


def test_every_test_that_the_page_names_exists() -> None:
    known = {*_tests(), *(scenario.name for scenario in load_recorded())}
    named = {name.partition("[")[0] for row in rows() for name in (row.verdict, row.look_alike)} - {""}
    assert named - known == set(), "run `make docs`"


def seen(root: str, *lost: str) -> Seen:
    return Seen("here", causes()[root] if root else None, False, frozenset(lost))


@pytest.mark.parametrize(
    ("there", "looks"),
    [
        (seen("dependency-timeout"), True),  # it stands in the other's confused_with
        (seen("service-wrong-target-port"), False),
        (seen("", "network-policy-blocks"), True),  # ruled out, or outranked
        (seen("network-policy-blocks"), False),
        (seen(""), False),
    ],
)
def test_a_look_alike_is_confused_with_the_cause_or_made_it_lose(there: Seen, looks: bool) -> None:
    assert there.is_look_alike(causes()["network-policy-blocks"]) == looks


def test_a_test_that_does_not_show_what_the_page_says_is_told_so() -> None:
    row = Row("network-policy-blocks", verdict="here", look_alike="there")
    assert list(row.broken("here", [seen("dependency-timeout")])) == ["network-policy-blocks is the verdict"]
    assert list(row.broken("there", [seen("oom-killed")])) == ["something looks like network-policy-blocks"]
    assert list(row.broken("here", [seen("network-policy-blocks")])) == []
    assert list(row.broken("elsewhere", [])) == []
