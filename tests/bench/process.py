"""What a process costs, as the operating system accounts for it when it has ended."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Wall and CPU in seconds, peak resident memory in MiB."""

    wall: float
    cpu: float
    rss: float


def measure(command: list[str]) -> Cost:
    """Run a command to its end; raises RuntimeError when it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def side_by_side(commands: dict[str, list[str]], runs: int) -> dict[str, list[Cost]]:
    """Costs of several commands, run in turn so that a drifting machine drifts for all; one warm-up each."""
    for command in commands.values():
        measure(command)
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            costs[name].append(measure(command))
    return costs


def median(costs: list[Cost], field: str) -> float:
    """The median of one figure."""
    return statistics.median(getattr(cost, field) for cost in costs)
