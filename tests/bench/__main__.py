"""`make bench`: what a run costs, beside the barest AutoGen team and beside the bare interpreter."""

import argparse
import sys
from pathlib import Path

from tests.bench.process import Cost, median, side_by_side

SAMPLE = Path("agent/samples/high-cpu-traffic")
SCRIPT = str(Path(sys.executable).parent / "incident-agent")
RUN = [SCRIPT, "investigate", str(SAMPLE / "alert.txt"), "--replay", str(SAMPLE / "recording")]


def main() -> None:
    """Measure, print the figures and the ratios with their aims."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="counted runs of each command (default 11)")
    runs = parser.parse_args().runs
    costs = side_by_side(
        {
            "investigate (recording)": RUN,
            "barest AutoGen team": [sys.executable, "-m", "tests.bench.barest_team"],
            "incident-agent --help": [SCRIPT, "--help"],
            "python -c pass": [sys.executable, "-c", "pass"],
        },
        runs,
    )
    print(f"median of {runs} runs each, in turn       wall      CPU   peak RSS")
    for name, measured in costs.items():
        wall, cpu, rss = (median(measured, field) for field in ("wall", "cpu", "rss"))
        print(f"  {name:<32}{wall * 1000:8.0f} ms{cpu * 1000:6.0f} ms{rss:8.0f} MiB")
    run, team, help_, bare = costs.values()
    _ratio("investigate / barest team, wall", run, team, "1.5")
    _ratio("--help / python -c pass, wall", help_, bare, "3")


def _ratio(name: str, a: list[Cost], b: list[Cost], aim: str) -> None:
    ratios = sorted(x.wall / y.wall for x, y in zip(a, b, strict=True))
    middle = ratios[len(ratios) // 2]
    print(f"{name:<36}{middle:6.2f}  (from {ratios[0]:.2f} to {ratios[-1]:.2f}; aim: at most {aim})")


if __name__ == "__main__":
    main()
