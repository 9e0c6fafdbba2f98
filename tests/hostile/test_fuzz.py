"""A slice of `make fuzz`, the same cases every time."""

import subprocess
import sys


def test_no_case_of_a_slice_breaks_an_invariant() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--seed", "9", "--share", "0.02", "--seconds", "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
