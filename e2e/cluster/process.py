"""Which process something belongs to, told apart from a later one that got the same number."""

import os
from pathlib import Path


def identity(pid: int | None = None) -> str:
    """`PID-START` of a process (this one by default); empty when there is none. Fit for a label of Kubernetes.

    START is the 22nd field of /proc/PID/stat: clock ticks between the boot and the start of the process.
    """
    number = os.getpid() if pid is None else pid
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return ""
    # The second field is the name in parentheses, and may hold spaces itself.
    return f"{number}-{stat.rpartition(')')[2].split()[19]}"


def lives(who: str) -> bool:
    """Whether the process of this identity still runs."""
    pid = who.partition("-")[0]
    return pid.isdigit() and identity(int(pid)) == who
