"""Causes that an operator switches off or lowers: never the verdict, always told with the reason."""

from typing import Any

import pytest

from agent.diagnosis.ranking import Verdict
from agent.diagnosis.switches import Switches, SwitchesError, parse_switches
from tests.diagnosis import test_dependency as dependency
from tests.diagnosis.objects import crashing
from tests.diagnosis.test_oom import ALERT, world

OOM = "oom-killed"


def verdict(switches: Switches) -> Verdict:
    """Of a container that was killed at its memory limit."""
    return world(crashing(reason="OOMKilled", code=137)).investigate(ALERT, switches=switches)[0]


def test_without_switches_it_is_the_verdict() -> None:
    found = verdict(Switches())
    assert found.root and found.root.cause.id == OOM


def test_a_cause_that_is_off_is_no_verdict_and_is_told_with_its_reason() -> None:
    found = verdict(Switches(off={OOM: "batch pods may be killed"}))
    assert found.root is None or found.root.cause.id != OOM
    told = [(each.part, each.why) for each in found.considered if each.finding.cause.id == OOM]
    assert told == [("off", "switched off by configuration: batch pods may be killed")]


def test_a_cause_that_is_lowered_is_no_diagnosis() -> None:
    found = verdict(Switches(lower={OOM: "ticket 123"}))
    assert found.outcome == "inconclusive"
    told = [each.why for each in found.considered if each.finding.cause.id == OOM]
    assert told == ["lowered by configuration: ticket 123"]


def test_what_lies_behind_a_finding_that_is_off_is_still_found() -> None:
    def chain(switches: Switches) -> list[str]:
        put = dependency.world(dependency.REFUSED).add(dependency.service())
        put = dependency.ledger(put, ready=False, status=crashing("ledger"))
        put.log("shop", "ledger-a-x1", "ledger", "KeyError: 'DB_HOST'\n", previous=True)
        return [found.id for found in put.investigate(dependency.ALERT, switches=switches)[0].chain]

    whole = chain(Switches())
    assert len(whole) > 1
    without = chain(Switches(off={whole[0].partition("@")[0]: "known", "dependency-down": "known"}))
    assert without and without[-1] == whole[-1] and whole[0] not in without


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("off: {oom-kiled: x}", "did you mean oom-killed?"),
        ("off: {zzz: x}", "`incident-agent explain` lists them"),
        ("off: {oom-killed: ''}", "has no reason"),
        ("off: {oom-killed: [x]}", "has no reason"),
        ("off: [oom-killed]", "is not a map"),
        ("of: {oom-killed: x}", "has 'of'"),
        ("- off", "is not a map"),
        ("off: {oom-killed: x}\nlower: {oom-killed: y}", "under off and under lower"),
        ("off: {", "is not YAML"),
        ("[" * 5000, "is not YAML"),
        ("!!python/object/apply:os.system [ls]", "is not a map"),
        ("\x00", "is not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(SwitchesError) as caught:
        parse_switches(text.encode(), "causes.yaml")
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith("causes.yaml")


def test_an_empty_file_switches_nothing() -> None:
    assert parse_switches(b"", "causes.yaml") == Switches()


def test_a_file_is_read_before_anything_else_and_shown_in_the_report(tmp_path: Any, capsys: Any) -> None:
    from agent.cli import run

    sample = "agent/samples/oom"
    given = ["investigate", f"{sample}/alert.json", "--replay", f"{sample}/recording", "--causes"]
    (tmp_path / "causes.yaml").write_text("off: {oom-killed: known}")
    assert run([*given, str(tmp_path / "causes.yaml")]) == 0
    assert "switched off by configuration: known" in capsys.readouterr().out.replace("\n    ", " ")
    assert run([*given, str(tmp_path / "none.yaml")]) == 2
    assert "cannot read --causes" in capsys.readouterr().err
