"""The share of the scenarios that one CI run makes live: a third, another one with each commit."""

import subprocess
import textwrap
import zlib
from pathlib import Path

from e2e.score.scenario import SCENARIOS, Scenario

THIRDS = 3
WHOLE = "make e2e-scenarios"
ROOT = Path(__file__).parents[2]


def share(scenarios: list[Scenario], turn: int, touched: set[str]) -> list[Scenario]:
    """The scenarios of a turn, and all that were touched; three turns in a row are all of them."""
    return [
        s for s in scenarios if s.name in touched or zlib.crc32(s.name.encode()) % THIRDS == turn % THIRDS
    ]


def turn_of_commit() -> int:
    """How many commits led to the one that is checked out."""
    return int(_git("rev-list", "--count", "HEAD"))


def touched_lately() -> set[str]:
    """The scenarios that commits of the last day before this one touched."""
    day_before = int(_git("log", "-1", "--format=%ct")) - 24 * 3600
    place = str(SCENARIOS.relative_to(ROOT))
    files = _git("log", f"--since={day_before}", "--format=", "--name-only", "--", place).splitlines()
    return {Path(file).relative_to(place).parts[0] for file in files if file}


def left_out(scenarios: list[Scenario], chosen: list[Scenario]) -> str:
    """What a share leaves out, for people."""
    names = [s.name for s in scenarios if s not in chosen]
    head = f"{len(chosen)} of {len(scenarios)} scenarios live; `{WHOLE}` makes all. Left out:"
    return "\n".join(
        [head, *textwrap.wrap(", ".join(names), 78, initial_indent="  ", subsequent_indent="  ")]
    )


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", "-C", ROOT, *words], capture_output=True, text=True, check=True
    ).stdout.strip()
