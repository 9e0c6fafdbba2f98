"""A slice of `make fuzz`, the same cases every time."""

import subprocess
import sys

import pytest

from tests.fuzz.__main__ import STAGES
from tests.fuzz.case import Case, chance


@pytest.mark.parametrize("stage", STAGES)
def test_a_case_depends_on_its_seed_and_number_only(stage: str) -> None:
    def given(number: int) -> tuple[object, ...]:
        case: Case = STAGES[stage].make(chance(7, stage, number))
        return case.alert, case.files, case.options, case.secrets

    assert [given(number) for number in range(10)] == [given(number) for number in reversed(range(10))][::-1]


def test_no_case_of_a_slice_breaks_an_invariant() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--seed", "9", "--share", "0.002", "--seconds", "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
