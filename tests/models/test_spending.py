"""The budget file: dollars per UTC day, shared by runs that know nothing of each other."""

import asyncio
import fcntl
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from agent.cli import run
from agent.models import spending
from agent.models.spending import Spending, SpendingError
from tests.models.runs import PRICED

DAY = date(2026, 11, 22)
ADDING = """
import asyncio, sys
from pathlib import Path
from agent.models.spending import Spending
async def main():
    for _ in range(20):
        await Spending(Path(sys.argv[1]), 0).add(0.001)
asyncio.run(main())
"""


def _spending(path: Path, cap: float = 0.0, today: date = DAY) -> Spending:
    return Spending(path, cap, today=lambda: today)


def test_each_day_has_its_own_sum(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    asyncio.run(_spending(path).add(0.25))
    asyncio.run(_spending(path).add(0.5))
    asyncio.run(_spending(path, today=date(2026, 11, 23)).add(1.0))
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
    asyncio.run(_spending(path).add(1.0))
    days = json.loads(path.read_text())
    assert len(days) == spending.KEPT_DAYS and "2025-01-01" not in days and "2026-11-22" in days


def test_a_lock_that_is_never_released_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "LOCK_SECONDS", 0.1)
    with (tmp_path / "spent.json.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SpendingError, match="another run held it"):
            asyncio.run(_spending(tmp_path / "spent.json").add(1.0))


@pytest.mark.parametrize(
    "text", ["", "no", "[1]", '{"monday": 1}', '{"2026-11-22": "much"}', '{"2026-11-22": -1}']
)
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spent.json"
    path.write_text(text)
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
    assert path.read_text() == text


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpendingError, match="cannot"):
        asyncio.run(_spending(tmp_path / "file" / "spent.json").add(1.0))
