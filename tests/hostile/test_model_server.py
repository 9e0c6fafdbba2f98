"""A model server of any manners: the run ends with the verdict of the rules, in time, within the caps, in words."""

import itertools
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from openai import _base_client

from tests.hostile.manners import Manner, faults, generated, known, redirecting
from tests.models.runs import PRICED, Run, marks, start
from tests.models.server import Mind, sensible, serving

CAP = 2.0
SEED = 20261122
GENERATED = 20


@pytest.fixture
def meet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the program against a server of those manners, and says what was wrong with the run."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    investigate = Run(capsys)
    monkeypatch.setattr(_base_client, "INITIAL_RETRY_DELAY", 0.01)  # what is waited for is not the subject here

    def run(mind: Mind) -> tuple[Any, list[str]]:
        file = tmp_path / "spent.json"
        options = [*PRICED, "--max-usd", f"{CAP}", "--budget-file", str(file), "--max-usd-per-day", f"{CAP}"]
        with serving(mind) as server:
            result = investigate(server.url, *options, "--model-timeout", "0.4", "--deadline", "20")
        wrong = faults(result, server, CAP, json.loads(file.read_text()))
        return result, wrong + (["a traceback"] if "Traceback" in investigate.progress else [])

    return run


@pytest.mark.parametrize("manner", known(), ids=lambda manner: manner.name)
def test_a_known_manner(manner: Manner, meet: Any) -> None:
    assert meet(manner.mind)[1] == []


@pytest.mark.parametrize(
    "manner", [*itertools.islice(generated(SEED), GENERATED)], ids=lambda manner: manner.name
)
def test_a_generated_manner(manner: Manner, meet: Any) -> None:
    assert meet(manner.mind)[1] == []
