"""What the fuzzer tells: a line of progress per stage, what is wrong with how to see it again, and the table."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.fuzz.invariants import KINDS, MAX_PEAK, Fault

WIDTH = 80
_SHOWN = 3  # faults of one kind of one stage
_MEANING = {
    "traceback": "tracebacks", "status": "wrong exit statuses", "late": "late deadlines",
    "leak": "leaks of planted secrets",
    "command": "unclean commands", "output": "unclean output", "result": "invalid results",
    "verdict": "wrong verdicts", "memory": f"above {MAX_PEAK:.0f} MiB",
}  # fmt: skip


@dataclass
class Outcome:
    """One case: its number, what is wrong with it, its exit status and its peak in MiB."""

    number: int
    faults: list[Fault]
    status: int
    peak: float


@dataclass
class Stage:
    """What is known of a stage so far."""

    name: str
    aim: int
    seed: int
    done: int = 0
    peak: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    _drawn: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one case; tell what is wrong with it, and the progress."""
        self.done += 1
        self.statuses[outcome.status] += 1
        self.peak = max(self.peak, outcome.peak)
        self.seconds = time.monotonic() - self.begun
        for kind, words in outcome.faults:
            self.counts[kind] += 1
            if self.counts[kind] <= _SHOWN:
                self._tell(outcome.number, kind, words)
        if sys.stdout.isatty() and self.seconds - self._drawn > 0.2:
            self._drawn = self.seconds
            print(f"\r{self.line()}", end="", flush=True)

    def line(self) -> str:
        """The line of progress."""
        return (
            f"{self.name:<12}{self.done:>7,} of {self.aim:<7,}{self.seconds:>6.0f} s"
            f"{sum(self.counts.values()):>7,} wrong{self.peak:>8.0f} MiB"
        ).ljust(WIDTH - 1)

    def end(self) -> None:
        """The line of progress, for good."""
        print(f"\r{self.line()}".rstrip() if sys.stdout.isatty() else self.line().rstrip(), flush=True)

    def _tell(self, number: int, kind: str, words: str) -> None:
        again = f"make fuzz SEED={self.seed} ONLY={self.name} CASE={number}"
        clean = "".join(c if c.isprintable() else "?" for c in words)
        start = "\r" if sys.stdout.isatty() else ""
        print(f"{start}  {kind}: {clean}"[: 4 * WIDTH].ljust(WIDTH - 1) + f"\n    again: {again}", flush=True)


def table(stages: list[Stage]) -> str:
    """The summary."""
    rows = [("", *(stage.name for stage in stages))]
    rows += [("cases", *(f"{stage.done:,} of {stage.aim:,}" for stage in stages))]
    rows += [
        (f"exit status {code}", *(f"{stage.statuses[code]:,}" for stage in stages)) for code in (0, 1, 2)
    ]
    rows += [(_MEANING[kind], *(f"{stage.counts[kind]:,}" for stage in stages)) for kind in KINDS]
    rows += [("peak memory, MiB", *(f"{stage.peak:.0f}" for stage in stages))]
    rows += [("seconds", *(f"{stage.seconds:.0f}" for stage in stages))]
    return "\n".join(f"{first:<26}" + "".join(f"{cell:>18}" for cell in cells) for first, *cells in rows)
