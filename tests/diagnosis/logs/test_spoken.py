"""What programs say when they fail is told apart by kind; what they say when they work is not trouble."""

from typing import get_args

import pytest

from agent.diagnosis.logs import Kind, read_log
from agent.diagnosis.logs.classes import CLASSES
from agent.diagnosis.logs.pattern import Class
from tests.diagnosis.logs.spoken import ROUTINE, SPOKEN

STAMP = "2026-11-22T18:00:01.123456789Z "


@pytest.mark.parametrize("exited", [True, False], ids=["exited", "running"])
@pytest.mark.parametrize("kind", SPOKEN)
def test_the_kind_of_a_failure_is_told_by_its_words(kind: str, exited: bool) -> None:
    said = {text: read_log(f"INFO starting\nINFO loading\n{text}", exited=exited) for text in SPOKEN[kind]}
    assert {text: [f.kind for f in found[:1]] for text, found in said.items()} == {
        text: [kind] for text in said
    }


@pytest.mark.parametrize("kind", SPOKEN)
def test_the_decisive_line_is_a_verbatim_part_of_one_line_of_the_log(kind: str) -> None:
    for text in SPOKEN[kind]:
        stamped = "\n".join(STAMP + line for line in text.split("\n"))
        found = read_log(stamped, exited=True)
        assert found, text
        for each in found:
            assert each.line
            assert each.line in stamped.split("\n")[each.index]
            assert STAMP.strip() not in each.line
            assert each.at is not None


@pytest.mark.parametrize("exited", [True, False], ids=["exited", "running"])
@pytest.mark.parametrize("text", [*ROUTINE, ""])
def test_routine_lines_are_no_trouble(text: str, exited: bool) -> None:
    assert read_log(text, exited=exited) == []


@pytest.mark.parametrize("kind", sorted({each.kind for each in CLASSES}))
def test_no_pattern_accepts_everything(kind: str) -> None:
    patterns: list[Class] = [each for each in CLASSES if each.kind == kind]
    assert not [each for each in patterns if each.pattern.search("")]
    assert not [each for each in patterns if each.pattern.search("ledger 4.2.0 serves quietly")]


def test_every_kind_is_spoken_of() -> None:
    assert set(SPOKEN) == set(get_args(Kind))
