"""`make fuzz`: the whole program under hostile input; exit status 1 when anything is wrong."""

import argparse
import gc
import io
import multiprocessing
import os
import random
import shlex
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from types import ModuleType

from tests.fuzz import alerts, recordings, servers
from tests.fuzz.case import chance
from tests.fuzz.invariants import UNSTEADY, check
from tests.fuzz.report import Outcome, Stage, table
from tests.fuzz.running import FORMATS, Run, running

STAGES: dict[str, ModuleType] = {"alerts": alerts, "recordings": recordings, "servers": servers}
SHARES = {"alerts": 0.5, "recordings": 0.25, "servers": 0.25}  # of the time
WAITING = {"servers": 4}  # processes per core of a stage that mostly waits
_SAMPLE = Path(__file__).parents[2] / "agent" / "samples" / "high-cpu-traffic"
FRESH = 50  # every so many cases run as a process from the start


def main() -> int:
    """Run the stages, or one case of one of them; returns the exit status."""
    options = _options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    if options.case is not None:
        return _one(seed, options.only or "alerts", options.case)
    print(f"seed {seed}, {options.seconds:g} s; again: make fuzz SEED={seed}", flush=True)
    _load()
    stages = []
    names = [options.only] if options.only else list(STAGES)
    left = sum(SHARES[name] for name in names)
    end = time.time() + options.seconds
    for name in names:
        budget = (end - time.time()) * SHARES[name] / left  # what one stage does not need is the next one's
        left -= SHARES[name]
        stages.append(
            _stage(seed, name, max(1, int(STAGES[name].COUNT * options.share)), time.time() + budget)
        )
    print(f"\n{table(stages)}")
    return 1 if any(stage.counts for stage in stages) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=560, help="for all stages together (default 560)")
    parser.add_argument("--seed", type=int, help="a number; by default a new one")
    parser.add_argument("--only", choices=STAGES, help="one stage")
    parser.add_argument(
        "--case", type=int, help="one case of the stage, with all that is needed to look at it"
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the cases, 0 to 1 (default 1)")
    return parser.parse_args()


def _load() -> None:
    """Load what a run needs before runs are forked: by two of them, on a recording and on a port nobody listens at."""
    from agent.cli import run

    with (
        tempfile.TemporaryDirectory() as scratch,
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
    ):
        kubeconfig = Path(scratch) / "kubeconfig"
        kubeconfig.write_text(servers.KUBECONFIG.replace("{port}", "1"))
        run(["investigate", f"{_SAMPLE}/alert.txt", "--replay", f"{_SAMPLE}/recording", "--output", scratch])
        run(["investigate", f"{_SAMPLE}/alert.txt", "--kubeconfig", str(kubeconfig)])
    gc.freeze()


def _stage(seed: int, name: str, aim: int, end: float) -> Stage:
    stage = Stage(name, aim, seed)
    workers = (os.cpu_count() or 1) * WAITING.get(name, 1)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        for outcome in pool.map(partial(_try, seed, name, end), range(aim), chunksize=4):
            if outcome:
                stage.add(outcome)
    stage.end()
    return stage


def _try(seed: int, name: str, end: float, number: int) -> Outcome | None:
    """One case; None when the time is up."""
    if time.time() > end:
        return None
    outcome = _judged(seed, name, number, fresh=number % FRESH == 0)
    if any(kind in UNSTEADY for kind, _ in outcome.faults):
        return _judged(seed, name, number, fresh=True)
    return outcome


def _judged(seed: int, name: str, number: int, *, fresh: bool) -> Outcome:
    dice = chance(seed, name, number)
    case, form = STAGES[name].make(dice), dice.choice(FORMATS)
    with running(case, form, fresh=fresh) as run:
        return Outcome(number, check(run, STAGES[name].CODES), run.status, run.peak)


def _one(seed: int, name: str, number: int) -> int:
    """Run one case, keep its folder, and say everything about it."""
    dice = chance(seed, name, number)
    case, form = STAGES[name].make(dice), dice.choice(FORMATS)
    with running(case, form, fresh=True, keep=True) as run:
        faults = check(run, STAGES[name].CODES)
        _say(run)
    for kind, words in faults:
        print(f"{kind}: {words}".encode("ascii", "backslashreplace").decode())
    return 1 if faults else 0


def _say(run: Run) -> None:
    print(f"files    {run.folder}")
    print(f"command  {shlex.join(['incident-agent', *run.command])}")
    print(f"ended    {run.status} after {run.seconds:.2f} s, {run.peak:.0f} MiB")
    print(run.stderr.encode("ascii", "backslashreplace").decode().strip())


if __name__ == "__main__":
    sys.exit(main())
