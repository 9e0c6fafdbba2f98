"""A run of several incidents: a few are worked at once, none waits for another, and each has its result."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent import run as module
from agent.cli import run as command_line
from agent.evidence.answer import Answer
from agent.evidence.query import Query
from agent.files import OutputError
from agent.intake.alert import parse_alerts
from agent.intake.incident import Incident, incidents
from agent.run import PARALLEL, work
from agent.settings import Settings
from agent.turns import PARALLEL_READS
from agent.verdict.worked import Worked
from tests.samples import CRASH, NOW
from tests.team.server import Body, Reply, sensible, serving


def crash(number: int) -> dict[str, Any]:
    """The alert of one of several pods, each of its own owner."""
    labels = {**CRASH["labels"], "pod": f"desk{number}-0"}  # type: ignore[dict-item]
    return {**CRASH, "labels": labels, "fingerprint": f"{number:016x}"}


def payload(count: int) -> list[Incident]:
    return incidents(parse_alerts(json.dumps([crash(number) for number in range(count)]).encode()).alerts)


class Slow:
    """A cluster without objects whose answers take their time; it counts what is asked at the same time.

    What is asked of the first incident waits while `hold` says so.
    """

    name = "slow"

    def __init__(self, seconds: Callable[[Query], float], hold: Callable[[], bool]) -> None:
        self._seconds, self._hold = seconds, hold
        self._pods: list[str] = []
        self.most_reads = self.most_incidents = 0

    async def answer(self, query: Query) -> Answer:
        self._pods.append(query.name)
        self.most_reads = max(self.most_reads, len(self._pods))
        self.most_incidents = max(self.most_incidents, len({*self._pods}))
        await asyncio.sleep(self._seconds(query))
        while query.name == "desk0-0" and self._hold():
            await asyncio.sleep(0.01)
        self._pods.remove(query.name)
        return Answer("not-found", message="not found")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Slow]:
    """Let every incident read from one slow cluster."""

    def made(seconds: Callable[[Query], float], hold: Callable[[], bool] = lambda: False) -> Slow:
        source = Slow(seconds, hold)
        monkeypatch.setattr(module, "open_sources", lambda *_: (lambda query: source, NOW))
        return source

    return made


def worked(
    count: int, deliver: Callable[[int, Worked], None] | None = None, **settings: Any
) -> tuple[list[tuple[int, Worked]], list[str]]:
    """What is delivered of a payload of so many incidents, and what is said meanwhile."""
    delivered: list[tuple[int, Worked]] = []
    said: list[str] = []
    keep = deliver or (lambda place, each: delivered.append((place, each)))
    asyncio.run(work(payload(count), Settings(**settings), said.append, keep))
    return delivered, said


def test_several_incidents_wait_for_their_reads_at_the_same_time(slow: Callable[..., Slow]) -> None:
    source = slow(lambda _: 0.05)
    delivered, _ = worked(8)
    assert sorted(place for place, _ in delivered) == [*range(8)]
    assert 1 < source.most_incidents <= PARALLEL
    assert 1 < source.most_reads <= PARALLEL_READS
    for place, each in delivered:
        assert each.result.subject.entity == f"bank/Pod/desk{place}-0"
        assert all("desk" not in e.query or f"desk{place}" in e.query for e in each.result.evidence)


def test_each_is_delivered_when_it_is_done_and_not_behind_a_slower_one(slow: Callable[..., Slow]) -> None:
    places: list[int] = []
    slow(lambda _: 0.0, hold=lambda: len(places) < 2)
    worked(3, lambda place, _: places.append(place), read_timeout=60)
    assert sorted(places[:2]) == [1, 2] and places[2:] == [0]


def test_what_is_said_of_an_incident_begins_with_which_one_it_is(slow: Callable[..., Slow]) -> None:
    slow(lambda _: 0.0)
    _, said = worked(3)
    for number in (1, 2, 3):
        of_one = [line for line in said if line.startswith(f"incident {number} of 3: ")]
        assert any(f"investigating bank/Pod/desk{number - 1}-0" in line for line in of_one)
        assert len(of_one) > 2
    assert all(line.startswith("incident ") for line in said)


def test_of_a_single_incident_no_number_is_said(slow: Callable[..., Slow]) -> None:
    slow(lambda _: 0.0)
    assert not [line for line in worked(1)[1] if line.startswith("incident")]


def test_all_have_one_deadline(slow: Callable[..., Slow]) -> None:
    slow(lambda _: 60.0)
    delivered, _ = worked(2 * PARALLEL, deadline=2, read_timeout=50)
    begun_late = [each.result for _, each in delivered if each.origin == "declined"]
    assert len(delivered) == 2 * PARALLEL and len(begun_late) == PARALLEL
    assert {result.reason for result in begun_late} == {"the deadline passed before it began"}


def test_an_error_ends_the_run_when_what_is_under_way_is_delivered(slow: Callable[..., Slow]) -> None:
    slow(lambda query: 0.0 if query.name == "desk0-0" else 0.2)
    places: list[int] = []

    def deliver(place: int, each: Worked) -> None:
        if place == 0:
            raise OutputError("the printer is out of paper")
        places.append(place)

    with pytest.raises(OutputError, match="out of paper"):
        worked(3 * PARALLEL, deliver)
    assert sorted(places) == [*range(1, PARALLEL)]


def test_the_list_and_the_files_are_whole_in_whatever_order_incidents_end(
    slow: Callable[..., Slow], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow(lambda _: 0.0, hold=lambda: len([*(tmp_path / "out").glob("*/result.json")]) < 4)
    (tmp_path / "alert.json").write_text(json.dumps([crash(number) for number in range(5)]))
    given = ["investigate", str(tmp_path / "alert.json"), "--format", "json", "--read-timeout", "60"]
    given += ["--output", str(tmp_path / "out"), "--tekton-results", str(tmp_path / "results")]
    assert command_line(given) == 0
    printed = json.loads(capsys.readouterr().out)
    ids = [each.id for each in payload(5)]
    assert [each["incident_id"] for each in printed][-1] == ids[0]
    assert sorted(each["incident_id"] for each in printed) == ids
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ids
    for each in printed:
        assert json.loads((tmp_path / "out" / each["incident_id"] / "result.json").read_text()) == each
    of_equals = (tmp_path / "results" / "incident-id").read_text()
    assert of_equals == ids[0], "the first of the payload, not the first that ended"


def test_the_cap_of_a_day_holds_over_incidents_worked_at_once(
    slow: Callable[..., Slow], tmp_path: Path
) -> None:
    slow(lambda _: 0.0)
    spent, cap = tmp_path / "spent.json", 0.2
    seen: list[float] = []

    def mind(body: Body) -> Reply:
        seen.append(sum(json.loads(spent.read_text()).values()))
        return sensible(body)

    with serving(mind) as server:
        delivered, _ = worked(
            PARALLEL, model="openai:stub-1", model_url=server.url, usd_per_mtok_in=0.001, usd_per_mtok_out=20.0,
            max_usd=0.0, max_usd_per_day=cap, budget_file=str(spent),
        )  # fmt: skip
    usages = [each.result.usage for _, each in delivered]
    refused = [each for _, each in delivered if "--max-usd-per-day 0.2" in each.result.reason]
    assert seen and max(seen) <= cap, "each request was counted with its most before it was sent"
    assert len(refused) > 0, "the cap is reached"
    assert sum(json.loads(spent.read_text()).values()) == pytest.approx(
        sum(usage.usd for usage in usages), abs=1e-5
    )
