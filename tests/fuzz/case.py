"""A case: what one run is given, and what it must not do."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DEADLINE = 3.0


@dataclass
class Case:
    """The input of one run of `incident-agent investigate`, as files of one folder."""

    alert: bytes
    options: list[str] = field(default_factory=list)
    """Further options; `{}` in one stands for the folder."""
    files: dict[str, bytes | Path] = field(default_factory=dict)
    """By their path in the folder: their content, or what they are a symbolic link to."""
    secrets: list[str] = field(default_factory=list)
    """Planted; they must not be shown, written, or sent."""
    through: str = "file"
    """How the alert arrives: file, stdin, or base64."""
    blind: bool = False
    """No answer about the cluster is true: nothing may be diagnosed or called well."""
    serve: Callable[[Path], None] | None = None
    """Runs the servers of the run until it is killed; writes `port` and `requests` into the folder."""


def chance(seed: int, stage: str, number: int) -> random.Random:
    """The random numbers of one case: the same for the same seed, stage and number on every machine."""
    return random.Random(f"{seed}/{stage}/{number}")
