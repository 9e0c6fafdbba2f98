"""What programs say when they fail is told apart by kind; what they say when they work is not trouble."""

from typing import get_args

import pytest

from agent.diagnosis.logs import Kind, read_log
from agent.diagnosis.logs.classes import CLASSES
from agent.diagnosis.logs.pattern import Class
from tests.diagnosis.logs.spoken import ROUTINE, SPOKEN

CASES = [(kind, text) for kind, texts in SPOKEN.items() for text in texts]
IDS = [f"{kind}: {text.splitlines()[-1][:60]}" for kind, text in CASES]


@pytest.mark.parametrize("exited", [True, False], ids=["exited", "running"])
@pytest.mark.parametrize(("kind", "text"), CASES, ids=IDS)
def test_the_kind_of_a_failure_is_told_by_its_words(kind: str, text: str, exited: bool) -> None:
    found = read_log(f"INFO starting\nINFO loading\n{text}", exited=exited)
    assert [f.kind for f in found[:1]] == [kind]


@pytest.mark.parametrize(("kind", "text"), CASES, ids=IDS)
def test_the_decisive_line_is_a_verbatim_part_of_one_line_of_the_log(kind: str, text: str) -> None:
    stamped = "\n".join(f"2026-11-22T18:00:01.123456789Z {line}" for line in text.split("\n"))
    found = read_log(stamped, exited=True)
    assert found
    for each in found:
        assert each.line
        assert each.line in stamped.split("\n")[each.index]
        assert "2026-11-22T18:00:01.123456789Z" not in each.line
        assert each.at is not None


@pytest.mark.parametrize("exited", [True, False], ids=["exited", "running"])
@pytest.mark.parametrize("text", [*ROUTINE, ""])
def test_routine_lines_are_no_trouble(text: str, exited: bool) -> None:
    assert read_log(text, exited=exited) == []


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.kind)
def test_no_pattern_accepts_everything(each: Class) -> None:
    assert each.pattern.search("") is None
    assert each.pattern.search("ledger 4.2.0 serves quietly") is None


def test_every_kind_is_spoken_of() -> None:
    assert set(SPOKEN) == set(get_args(Kind))
