"""`make score`: every scenario, investigated and judged, live or from its recording, and under perturbation."""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from e2e.cluster import environment
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.score import perturb
from e2e.score.judge import Judgement, judge, judge_withheld
from e2e.score.live import run_live
from e2e.score.replay import replay_alone, replay_scenario
from e2e.score.scenario import Scenario, load_all, placed
from e2e.score.table import Row, line, summary


def main() -> None:
    """Score; exit status 1 when a scenario is judged wrong."""
    parser = argparse.ArgumentParser(prog="python -m e2e.score", description=__doc__)
    parser.add_argument("--live", action="store_true", help="on the cluster; without it, from the recordings")
    parser.add_argument("--record", action="store_true", help="with --live: keep the recordings of this run")
    parser.add_argument("--only", default="", metavar="REGEX", help="scenarios whose name matches")
    parser.add_argument(
        "--parallel", type=int, default=8, help="scenarios on the cluster at once (default 8)"
    )
    options = parser.parse_args()
    scenarios = load_all(options.only)
    if not scenarios:
        sys.exit(f"no scenario matches {options.only!r}")
    rows = (
        scored_live(scenarios, environment.locate().cluster, record=options.record, parallel=options.parallel)
        if options.live
        else _replayed(scenarios)
    )
    print()
    print("\n".join(summary(rows)))
    wrong = sum(not row.judgement.right for row in rows)
    if not options.live:
        wrong += _perturbed([s for s in scenarios if s.recording.exists()])
    sys.exit(1 if wrong else 0)


def scored_live(scenarios: list[Scenario], cluster: Cluster, *, record: bool, parallel: int = 8) -> list[Row]:
    """Run and judge scenarios on a cluster; those with host faults run alone, after all others."""

    def one(scenario: Scenario) -> Row:
        try:
            run = run_live(scenario, cluster, record=record)
        except (ClusterError, TimeoutError, subprocess.TimeoutExpired) as error:
            row = Row(scenario, "not run", Judgement(False, str(error)[-400:]), 0.0, 0)
        else:
            row = _row(scenario, run.result, judge(scenario, run.result, run.namespace), run.seconds)
        print(line(row), flush=True)
        return row

    apart = [s for s in scenarios if s.raw.get("node")]
    # Series take minutes to grow: those that need them start first.
    together = sorted((s for s in scenarios if s not in apart), key=lambda s: not s.raw.get("prometheus"))
    with ThreadPoolExecutor(parallel) as pool:
        rows = list(pool.map(one, together))
    return rows + [one(scenario) for scenario in apart]


def _replayed(scenarios: list[Scenario]) -> list[Row]:
    rows = []
    for scenario in scenarios:
        if not scenario.recording.exists():
            row = Row(scenario, "no recording", Judgement(False, "run it live with --record first"), 0.0, 0)
        else:
            begun = time.perf_counter()
            result = replay_scenario(scenario)
            seconds = time.perf_counter() - begun
            row = _row(scenario, result, judge(scenario, result, scenario.recorded.namespace), seconds)
        print(line(row), flush=True)
        rows.append(row)
    return rows


def _row(scenario: Scenario, result: dict, judgement: Judgement, seconds: float) -> Row:
    return Row(scenario, result["cause"] or result["outcome"], judgement, seconds, result["usage"]["reads"])


def _perturbed(scenarios: list[Scenario], seeds: int = 3) -> int:
    """The second table: the same recordings, disturbed. Returns how many verdicts became wrong."""
    counts = {
        "names replaced": [0, 0],
        "order shuffled": [0, 0],
        "unrelated failures": [0, 0],
        "evidence withheld": [0, 0],
    }
    print("\nthe same recordings, disturbed")
    for scenario in scenarios:
        for kind, judgement in disturbed(scenario, seeds):
            counts[kind][0] += 1
            if not judgement.right:
                counts[kind][1] += 1
                print(f"WRONG {kind}: {scenario.name}: {judgement.why}")
    for kind, (total, wrong) in counts.items():
        print(f"  {kind:<22}{total:4d} runs{wrong:4d} wrong")
    return sum(wrong for _, wrong in counts.values())


def disturbed(scenario: Scenario, seeds: int) -> list[tuple[str, Judgement]]:
    """Every perturbation of one scenario, judged by what the rules find: the team adds nothing to it."""
    recorded = scenario.recorded
    namespace = recorded.namespace
    taken = perturb.take(scenario.recording, recorded.alert, namespace)
    judged = []
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for seed in range(seeds):
            chance = random.Random(f"{scenario.name} {seed}")
            renamed, change = perturb.renamed(taken, chance)
            result = replay_alone(renamed.alert.encode(), renamed.write(place / f"renamed{seed}"))
            judged.append(
                ("names replaced", judge(_renamed(scenario, change, namespace), result, renamed.namespace))
            )
            for kind, other in (
                ("order shuffled", perturb.shuffled(taken, chance)),
                ("unrelated failures", perturb.noisy(taken, chance)),
            ):
                result = replay_alone(other.alert.encode(), other.write(place / f"{kind}{seed}"))
                judged.append((kind, judge(scenario, result, namespace)))
            less = perturb.withheld(taken, chance)
            result = replay_alone(less.alert.encode(), less.write(place / f"withheld{seed}"))
            judged.append(("evidence withheld", judge_withheld(scenario, result)))
    return judged


def _renamed(scenario: Scenario, change: Callable[[str], str], namespace: str) -> Scenario:
    """What is expected, in the new names."""

    def speak(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(change(placed(word, namespace)) for word in words)

    return replace(
        scenario,
        entities=speak(scenario.entities),
        evidence=speak(scenario.evidence),
        advice=speak(scenario.advice),
        not_advice=speak(scenario.not_advice),
        also=speak(scenario.also),
    )


if __name__ == "__main__":
    main()
