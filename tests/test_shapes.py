"""Evidence of a shape that no cluster gives, as in a recording made by hand, costs words, not the verdict."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run
from tests.samples import replayed

NAMED = {"metadata": {"namespace": "bank", "name": "desk-0"}}
CRASHING = {
    "spec": {"containers": [{"name": "main"}]},
    "status": {"containerStatuses": [
        {"name": "main", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
         "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}},
    ]},
}  # fmt: skip
ODD: list[Any] = [
    {"spec": 7, "status": "text"},
    {"metadata": [1], "spec": {}},
    {**NAMED, "spec": {"containers": ["main", None]}, "status": {"containerStatuses": 3.5}},
    {**NAMED, "status": {"containerStatuses": [{"name": ["x"], "restartCount": {}, "state": []}]}},
    {**NAMED, "metadata": {"ownerReferences": {"kind": 1}, "labels": ["a"]}, "spec": {"volumes": {"a": 1}}},
]


@pytest.mark.parametrize("pod", ODD)
def test_an_object_that_makes_no_sense_is_said_and_leaves_the_outcome_open(
    pod: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries: list[dict[str, Any]] = [
        {"query": "get Pod bank/desk-0", "data": pod},
        {"query": "list Pod bank", "data": [pod]},
    ]
    assert run([*replayed(tmp_path, entries), "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["cause"] is None
    assert "Traceback" not in said.err


def test_what_could_not_be_analyzed_is_listed_beside_what_could_not_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries: list[dict[str, Any]] = [
        {"query": "get Pod bank/desk-0", "data": NAMED | CRASHING},
        {"query": "events bank Pod/desk-0", "data": [{"reason": "BackOff", "count": "many"}]},
    ]
    assert run([*replayed(tmp_path, entries), "--format", "json"]) == 0
    missing = json.loads(capsys.readouterr().out)["missing"]
    (line,) = [line for line in missing if line.startswith("bank/Pod/desk-0 (cannot be analyzed: ")]
    assert "'many'" in line
