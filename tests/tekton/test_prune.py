"""Which runs are deleted, and what is kept of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent import cli
from agent.tekton.prune import Keep, expired, prune, record

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
KEEP = Keep(timedelta(hours=24), timedelta(hours=168))
A, B = "a" * 16, "b" * 16


def run(
    name: str, days: float = 2, *, outcome: str = "diagnosed", batch: str = "", **status: Any
) -> dict[str, Any]:
    """A run that ended so many days ago."""
    ended = (NOW - timedelta(days=days)).isoformat()
    told = [{"name": "outcome", "value": outcome}] if outcome else []
    return {
        "metadata": {
            "name": name, "labels": {}, "annotations": {"incident-agent/episodes": batch} if batch else {},
            "creationTimestamp": ended,
        },
        "status": {"completionTime": ended, "results": told} | status,
    }  # fmt: skip


def deleted(*runs: dict[str, Any]) -> list[str]:
    return [each["metadata"]["name"] for each in expired(runs, NOW, KEEP)]


def test_runs_by_hand_are_deleted_a_day_after_their_end():
    running = {"metadata": {"name": "running"}, "status": {"startTime": "2025-01-01T00:00:00Z"}}
    runs = [run("old", 1.01), run("young", 0.99), running, {"metadata": {"name": "new"}}]
    assert deleted(*runs) == ["old"]


def test_the_last_run_of_an_alert_is_kept_for_a_week():
    assert deleted(run(f"incident-{A}-100", 6.9), run(f"incident-{B}-100", 7.1)) == [f"incident-{B}-100"]


def test_an_alert_that_fired_again_is_traced_by_its_later_run():
    assert deleted(run(f"incident-{A}-100", 3), run(f"incident-{A}-200", 2)) == [f"incident-{A}-100"]


def test_of_several_attempts_the_one_with_an_outcome_is_kept():
    first, second = run(f"incident-{A}-100", 3), run(f"incident-{A}-100-2", 2, outcome="")
    assert deleted(first, second) == [f"incident-{A}-100-2"]
    failed = run(f"incident-{A}-100", 3, outcome="")
    assert deleted(failed, second) == [f"incident-{A}-100"]


def test_a_batch_that_is_the_last_trace_of_one_of_its_alerts_is_kept():
    batch = run("incident-batch-x", batch=f"incident-{A}-100 incident-{B}-100")
    assert deleted(batch, run(f"incident-{A}-200", 1.5)) == []
    assert deleted(batch, run(f"incident-{A}-200", 1.5), run(f"incident-{B}-200", 1.5)) == [
        "incident-batch-x"
    ]


def test_a_run_that_only_keeps_a_name_is_no_trace():
    place = run(f"incident-{A}-100", 2, outcome="")
    place["metadata"]["labels"] = {"incident-agent/worked-by": "incident-batch-x"}
    batch = run("incident-batch-x", 3, outcome="", batch=f"incident-{A}-100")
    assert deleted(place, batch) == [f"incident-{A}-100"]


def test_a_run_that_has_not_ended_is_a_trace_too():
    again = {"metadata": {"name": f"incident-{A}-200"}, "status": {}}
    assert deleted(run(f"incident-{A}-100"), again) == [f"incident-{A}-100"]


def test_what_a_run_came_to_is_one_line_of_json():
    ended = run("incident-x", conditions=[{"type": "Succeeded", "status": "True", "reason": "Completed"}])
    line = record(ended)
    assert "\n" not in line
    assert json.loads(line) | {"ended": ""} == {
        "run": "incident-x", "alertname": "", "started": None, "ended": "", "status": "True", "reason": "Completed",
        "results": {"outcome": "diagnosed"},
    }  # fmt: skip


class Kept:
    """Runs that write down what is done with them."""

    def __init__(self, *runs: dict[str, Any]) -> None:
        self.runs, self.done = runs, list[str]()

    def all(self) -> Any:
        return iter(self.runs)

    def delete(self, name: str) -> None:
        self.done.append(f"delete {name}")


def test_a_record_is_written_before_its_run_is_deleted_and_without_it_nothing_is():
    kept = Kept(run("one"), run("two"))
    assert prune(kept, NOW, KEEP, lambda line: kept.done.append(f"write {json.loads(line)['run']}")) == 2  # type: ignore[arg-type]
    assert kept.done == ["write one", "delete one", "write two", "delete two"]

    def full(line: str) -> None:
        raise OSError("no space left")

    other = Kept(run("one"))
    with pytest.raises(OSError, match="no space"):
        prune(other, NOW, KEEP, full)  # type: ignore[arg-type]
    assert other.done == []


@pytest.mark.parametrize("flag", ["--keep-hours", "--keep-last-hours"])
@pytest.mark.parametrize("hours", ["-1", "nan", "1e300", "soon"])
def test_pruning_takes_only_hours_that_can_be(flag: str, hours: str, capsys: pytest.CaptureFixture[str]):
    assert cli.run(["tekton", "prune", f"{flag}={hours}"]) == 2
    assert f"invalid hours value: '{hours}'" in capsys.readouterr().err
