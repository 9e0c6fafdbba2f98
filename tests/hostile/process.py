"""A process of the program, watched from outside."""

import subprocess
import time
from pathlib import Path

_TERM = 1 << 14  # SIGTERM in the masks of /proc


def handles_term(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process handles SIGTERM by now; until its first line runs, no Python program does."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    caught = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(caught) and bool(int(caught[0], 16) & _TERM)


def wait_until_handled(process: subprocess.Popen[bytes]) -> None:
    """Wait for the first line of the program."""
    while not handles_term(process):
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
