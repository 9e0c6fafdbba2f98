"""The budget file: dollars per UTC day, shared by runs that know nothing of each other."""

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from agent.cli import run
from agent.team.models import spending
from agent.team.models.spending import Spending, SpendingError
from tests.team.runs import PRICED

DAY = date(2026, 11, 22)
ADDING = """
import asyncio, sys
from pathlib import Path
from agent.team.models.spending import Spending
async def main():
    for _ in range(20):
        await Spending(Path(sys.argv[1]), 0).reserve(0.001)
asyncio.run(main())
"""


RESERVING = """
import asyncio, sys
from pathlib import Path
from agent.team.models.spending import Spending, SpendingError
async def main():
    spending = Spending(Path(sys.argv[1]), 0.05)
    try:
        for number in range(40):
            held = await spending.reserve(0.002)
            if number % 2:
                await spending.release(held, 0.001)
    except SpendingError as error:
        assert "--max-usd-per-day" in str(error), error
asyncio.run(main())
"""


def _spending(path: Path, cap: float = 0.0, today: date = DAY) -> Spending:
    return Spending(path, cap, today=lambda: today)


def test_each_day_has_its_own_sum(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    asyncio.run(_spending(path).reserve(0.25))
    asyncio.run(_spending(path).reserve(0.5))
    asyncio.run(_spending(path, today=date(2026, 11, 23)).reserve(1.0))
    assert json.loads(path.read_text()) == {"2026-11-22": 0.75, "2026-11-23": 1.0}


def test_what_would_pass_the_cap_of_the_day_is_refused_and_not_added(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    asyncio.run(_spending(path, 1.0).reserve(0.9))
    with pytest.raises(SpendingError, match=r"--max-usd-per-day 1: \$0\.9000 are spent"):
        asyncio.run(_spending(path, 1.0).reserve(0.2))
    assert json.loads(path.read_text()) == {"2026-11-22": 0.9}
    asyncio.run(_spending(path, 1.0, today=date(2026, 11, 23)).reserve(0.2))


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    adding = [subprocess.Popen([sys.executable, "-c", ADDING, str(path)]) for _ in range(3)]
    assert [process.wait(60) for process in adding] == [0, 0, 0]
    assert sum(json.loads(path.read_text()).values()) == pytest.approx(0.06)


def test_old_days_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    path.write_text(json.dumps({f"2025-01-{day:02}": 1.0 for day in range(1, 32)}))
    asyncio.run(_spending(path).reserve(1.0))
    days = json.loads(path.read_text())
    assert len(days) == spending.KEPT_DAYS and "2025-01-01" not in days and "2026-11-22" in days


def test_a_lock_that_is_never_released_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "LOCK_SECONDS", 0.1)
    with (tmp_path / "spent.json.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SpendingError, match="another run held it"):
            asyncio.run(_spending(tmp_path / "spent.json").reserve(1.0))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "[1]",
        '{"monday": 1}',
        '{"2026-11-22": "much"}',
        '{"2026-11-22": -1}',
        '{"2026-11-22": true}',
        '{"2026-11-22": "1.5"}',
        '{"2026-11-22": NaN}',
        '{"2026-11-22": 1e999}',
        '{"2026-11-22": 1' + "0" * 400 + "}",
        '{"2026-11-22": {}}',
        '{"2026-11-22": 1, "2026-11-22": 0}',
        '{"2026-11-22": 1, "20261122": 0}',
        "null",
        "7",
        "[" * 30_000,
        '{"2026-11-22":' * 4_000,
        "\ud800",
        '{"2026-11-22": 1}\0',
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spent.json"
    path.write_bytes(written := text.encode("utf-8", "surrogatepass"))
    options = [
        "--model",
        "openai:m",
        "--model-url",
        "http://127.0.0.1:1",
        *PRICED,
        "--budget-file",
        str(path),
    ]
    assert run(["investigate", *options, "--alert-base64", "SGlnaCBDUFUgb24geA=="]) == 2
    said = capsys.readouterr()
    assert "no JSON object of days and dollars" in said.err and said.err.count("\n") == 1
    assert path.read_bytes() == written


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpendingError, match="cannot"):
        asyncio.run(_spending(tmp_path / "file" / "spent.json").reserve(1.0))


def test_what_was_not_used_of_a_reservation_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"

    async def one() -> None:
        spending = _spending(path)
        await spending.release(await spending.reserve(1.0), 0.75)

    asyncio.run(one())
    assert json.loads(path.read_text()) == {"2026-11-22": 0.25}


@pytest.mark.parametrize("unused", [-5.0, 99.0])
def test_no_more_is_given_back_than_was_reserved_and_no_less_than_nothing(
    unused: float, tmp_path: Path
) -> None:
    path = tmp_path / "spent.json"
    path.write_text('{"2026-11-22": 3.0}')

    async def one() -> None:
        spending = _spending(path)
        await spending.release(await spending.reserve(1.0), unused)

    asyncio.run(one())
    assert 3.0 <= json.loads(path.read_text())["2026-11-22"] <= 4.0


def test_a_reservation_is_given_back_to_its_day_also_after_midnight(tmp_path: Path) -> None:
    path, days = tmp_path / "spent.json", iter([DAY, date(2026, 11, 23)])

    async def two() -> None:
        spending = Spending(path, 0.0, today=lambda: next(days))
        held = await spending.reserve(1.0)
        await spending.reserve(2.0)
        await spending.release(held, 1.0)

    asyncio.run(two())
    assert json.loads(path.read_text()) == {"2026-11-22": 0.0, "2026-11-23": 2.0}


def test_the_cap_holds_for_runs_in_parallel(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    reserving = [subprocess.Popen([sys.executable, "-c", RESERVING, str(path)]) for _ in range(4)]
    assert [process.wait(60) for process in reserving] == [0] * 4
    (spent,) = json.loads(path.read_text()).values()
    assert 0.048 <= spent <= 0.05


def test_a_clock_that_went_back_a_day_counts_on_the_day_that_was_begun(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    path.write_text('{"2026-11-23": 0.9}')
    with pytest.raises(SpendingError, match=r"\$0\.9000 are spent"):
        asyncio.run(_spending(path, 1.0).reserve(0.2))
    asyncio.run(_spending(path, 1.0).reserve(0.05))
    assert json.loads(path.read_text()) == {"2026-11-23": 0.95}


def test_a_clock_that_went_back_further_is_said(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    path.write_text('{"2999-01-01": 0}')
    with pytest.raises(SpendingError, match="knows the day 2999-01-01, and today is 2026-11-22"):
        asyncio.run(_spending(path, 1.0).reserve(0.2))


@pytest.mark.parametrize("lost", ['{"2026-11-22": 0}', "{}", None])
def test_a_file_that_lost_what_this_run_spent_is_refused(lost: str | None, tmp_path: Path) -> None:
    path = tmp_path / "spent.json"

    async def two() -> None:
        spending = _spending(path, 1.0)
        await spending.reserve(0.5)
        path.write_text(lost) if lost else path.unlink()
        await spending.reserve(0.5)

    with pytest.raises(SpendingError, match="has lost what this run spent on 2026-11-22"):
        asyncio.run(two())


def test_all_names_of_a_file_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    path, link = tmp_path / "shared" / "spent.json", tmp_path / "link.json"
    link.symlink_to(path)
    asyncio.run(_spending(path, 1.0).reserve(0.75))
    with pytest.raises(SpendingError, match=r"\$0\.7500 are spent"):
        asyncio.run(_spending(link, 1.0).reserve(0.75))
    assert link.is_symlink() and sorted(p.name for p in tmp_path.iterdir()) == ["link.json", "shared"]


@pytest.mark.parametrize("place", ["spent.json", "spent.json.lock"])
def test_what_is_no_regular_file_is_refused_at_once(place: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / place)
    if place == "spent.json":
        with pytest.raises(SpendingError, match="regular file"):
            asyncio.run(_spending(tmp_path / "spent.json").reserve(1.0))
    else:
        asyncio.run(_spending(tmp_path / "spent.json").reserve(1.0))  # a lock holds on any file


def test_links_that_lead_nowhere_and_files_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "big").write_bytes(b" " * 10**6)
    (tmp_path / "ok.lock").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "loop", tmp_path / "big", tmp_path / "ok", Path("/dev/zero")):
        with pytest.raises(SpendingError, match="cannot"):
            asyncio.run(_spending(path).reserve(1.0))
    assert not (tmp_path / "elsewhere").exists()
