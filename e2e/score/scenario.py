"""A scenario: one folder with a manifest, an alert, and what a right verdict looks like."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from e2e.score.recorded import Recorded, read

SCENARIOS = Path(__file__).parent.parent / "scenarios"
PLACEHOLDER = "scenario"
_WORD = re.compile(rf"(?<![A-Za-z0-9_]){PLACEHOLDER}(?![A-Za-z0-9_])")
_KEYS = {
    "outcome", "cause", "entity", "evidence", "advice", "not_advice", "also", "kind", "tags", "ready",
    "settle", "steps", "node", "prometheus",
}  # fmt: skip


class ScenarioError(ValueError):
    """A scenario folder that does not say what it must."""


@dataclass(frozen=True)
class Scenario:
    """One folder of `e2e/scenarios`.

    `outcomes`, `causes` and `entities` are what is acceptable; entities, `evidence` and advice speak of the
    placeholder namespace. Each word of `advice` stands in a recommendation's sentence or command, none of
    `not_advice` does. `also` are faults beside the verdict, as cause@entity: each is in the chain or among the
    findings considered. `healthy` controls accept no diagnosis at all.
    """

    folder: Path
    outcomes: tuple[str, ...]
    causes: tuple[str, ...]
    entities: tuple[str, ...]
    evidence: tuple[str, ...]
    advice: tuple[str, ...]
    not_advice: tuple[str, ...]
    healthy: bool
    tags: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def family(self) -> str:
        """What stands before the first dash of the name."""
        return self.name.partition("-")[0]

    @property
    def recording(self) -> Path:
        """The recording of its live run."""
        return self.folder / "recording.tar.gz"

    @property
    def recorded(self) -> Recorded:
        """What that recording holds: also the alert and the namespace of the run."""
        return read(self.recording)

    @property
    def alert(self) -> Path:
        """The alert: JSON as Alertmanager sends it, or plain text."""
        return next(p for p in (self.folder / "alert.json", self.folder / "alert.txt") if p.exists())


def load(folder: Path) -> Scenario:
    """Read a scenario; raises ScenarioError for what is missing or unknown."""
    raw = yaml.safe_load((folder / "expect.yaml").read_text())
    if unknown := set(raw) - _KEYS:
        raise ScenarioError(f"{folder.name}: unknown keys in expect.yaml: {', '.join(sorted(unknown))}")
    healthy = raw.get("kind", "fault") == "healthy"
    outcomes = _several(raw.get("outcome"))
    if not outcomes:
        raise ScenarioError(f"{folder.name}: expect.yaml names no outcome")
    if not healthy and "diagnosed" in outcomes and not raw.get("cause"):
        raise ScenarioError(f"{folder.name}: a diagnosis is expected, but no cause is named")
    if not any((folder / name).exists() for name in ("alert.json", "alert.txt")):
        raise ScenarioError(f"{folder.name}: there is no alert.json and no alert.txt")
    return Scenario(
        folder, outcomes, _several(raw.get("cause")), _several(raw.get("entity")), _several(raw.get("evidence")),
        _several(raw.get("advice")), _several(raw.get("not_advice")),
        healthy, _several(raw.get("tags")), raw, _several(raw.get("also")),
    )  # fmt: skip


def load_all(only: str = "") -> list[Scenario]:
    """All scenarios whose name matches a regular expression, by name."""
    folders = sorted(path.parent for path in SCENARIOS.glob("*/expect.yaml"))
    return [load(folder) for folder in folders if re.search(only, folder.name)]


def load_recorded() -> list[Scenario]:
    """All scenarios that have a recording, by name."""
    return [scenario for scenario in load_all() if scenario.recording.exists()]


def placed(text: str, namespace: str) -> str:
    """A text of the scenario with its namespace filled in."""
    return _WORD.sub(namespace, text)


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)
