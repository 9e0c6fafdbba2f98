"""The share of the scenarios that one CI run makes live."""

import subprocess
from pathlib import Path

import pytest

from e2e.score import share as shares
from e2e.score.scenario import load_all
from e2e.score.share import THIRDS, left_out, share, touched_lately, turn_of_commit

ALL = load_all()


def test_three_turns_in_a_row_are_all_scenarios_and_none_is_in_two() -> None:
    turns = [[s.name for s in share(ALL, turn, set())] for turn in range(7, 7 + THIRDS)]
    assert sorted(name for turn in turns for name in turn) == sorted(s.name for s in ALL)


def test_a_turn_is_about_a_third() -> None:
    assert all(len(ALL) / 4 < len(share(ALL, turn, set())) < len(ALL) / 2 for turn in range(THIRDS))


def test_what_was_touched_is_in_every_turn() -> None:
    name = ALL[0].name
    assert all(name in [s.name for s in share(ALL, turn, {name})] for turn in range(THIRDS))


def test_what_is_left_out_is_said_in_80_columns() -> None:
    said = left_out(ALL, share(ALL, 1, set()))
    assert "make e2e-scenarios" in said and max(map(len, said.splitlines())) <= 80
    assert not any(s.name in said for s in share(ALL, 1, set()))


def test_the_turn_and_what_was_touched_are_read_from_the_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-C", tmp_path, "-c", "user.name=x", "-c", "user.email=x@x", *words], check=True
        )

    place = tmp_path / "e2e" / "scenarios"
    monkeypatch.setattr(shares, "ROOT", tmp_path)
    monkeypatch.setattr(shares, "SCENARIOS", place)
    git("init", "-q")
    for name, date in (("old", "2026-01-01T00:00:00Z"), ("new", "2026-01-03T00:00:00Z")):
        (place / name).mkdir(parents=True)
        (place / name / "expect.yaml").touch()
        git("add", ".")
        monkeypatch.setenv("GIT_COMMITTER_DATE", date)
        git("commit", "-qm", name)
    assert (turn_of_commit(), touched_lately()) == (2, {"new"})
