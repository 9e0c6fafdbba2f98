"""The command `tekton`: the steps of the Pipeline beside the investigation."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.tekton.notify import URL_FILE
from agent.tekton.task_runs import INVESTIGATE

MAX_HOURS = 24 * 366


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the steps to the command line."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    report = steps.add_parser("report", help="tell that an investigation reached no outcome, and why")
    report.add_argument("--run", required=True, metavar="NAME", help="the PipelineRun")
    report.add_argument("--namespace", required=True, metavar="NAME", help="of the PipelineRun")
    report.add_argument("--task", default=INVESTIGATE, metavar="NAME", help=f"default {INVESTIGATE}")
    report.add_argument("--reason", default="", help="of the task's status, as Tekton gives it")
    report.add_argument(
        "--results", required=True, type=Path, metavar="DIR", help="where Tekton takes results"
    )
    tell = steps.add_parser(
        "tell", help="tell of PipelineRuns that ended without an outcome and without a word"
    )
    for step in (report, tell):
        step.add_argument(
            "--url-file", type=Path, default=URL_FILE, metavar="FILE",
            help="the webhook's address; nothing is posted where there is no such file",
        )  # fmt: skip
    prune = steps.add_parser("prune", help="delete PipelineRuns that ended long ago")
    prune.add_argument("--keep-hours", type=hours, default=24.0, metavar="HOURS", help="default 24")
    prune.add_argument(
        "--keep-last-hours", type=hours, default=168.0, metavar="HOURS",
        help="for the last run of each alert; default 168",
    )  # fmt: skip


def hours(text: str) -> float:
    """Read hours for argparse: from 0 to a year; raises ValueError."""
    read = float(text)
    if not 0 <= read <= MAX_HOURS:
        raise ValueError
    return read


def run(options: argparse.Namespace) -> int:
    """Do one step; returns the exit status and raises errors meant for people."""
    return _STEPS[options.step](options)


def _report(options: argparse.Namespace) -> int:
    from agent.tekton.report import report
    from agent.tekton.results import not_investigated, write_values

    because = report(options.run, options.namespace, options.task, options.reason, options.url_file, _print)
    write_values(options.results, not_investigated(because))
    return 0


def _tell(options: argparse.Namespace) -> int:
    from agent.tekton.marks import Marks
    from agent.tekton.runs import Runs
    from agent.tekton.task_runs import TaskRuns
    from agent.tekton.untold import tell_untold

    runs = Runs.here().all()
    count = tell_untold(runs, TaskRuns.here().of, Marks.here().mark, _print, options.url_file)
    print(f"told of {count} PipelineRuns that ended without an outcome and without a word")
    return 0


def _prune(options: argparse.Namespace) -> int:
    from agent.tekton.prune import Keep, prune
    from agent.tekton.runs import Runs

    keep = Keep(timedelta(hours=options.keep_hours), timedelta(hours=options.keep_last_hours))
    count = prune(Runs.here(), datetime.now(UTC), keep, _print)
    print(
        f"deleted {count} PipelineRuns that ended more than {options.keep_hours:g} h ago,"
        f" the last of each alert {options.keep_last_hours:g} h ago"
    )
    return 0


def _print(line: str) -> None:
    """Print a line that is out before anything else happens."""
    print(line, flush=True)


_STEPS = {"report": _report, "tell": _tell, "prune": _prune}
