"""The command `tekton`: the steps of the Pipeline beside the investigation."""

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.tekton.notify import URL_FILE
from agent.tekton.task_runs import INVESTIGATE

MAX_HOURS = 24 * 366
MOST = 1000
TOLD = 10  # alerts of one message


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
    _add_sweep(steps.add_parser("sweep", help="start a run for each alert that fires and has no verdict"))


def _add_sweep(sweep: argparse.ArgumentParser) -> None:
    sweep.add_argument(
        "--alertmanager", action="append", required=True, metavar="URL", help="ask it; several are one HA set"
    )
    sweep.add_argument(
        "--receiver", default="", metavar="REGEX", help="take the alerts of these receivers only"
    )
    sweep.add_argument(
        "--access", type=Path, metavar="DIR",
        help="a mounted Secret: token, header (Name: value) and ca.crt for the Alertmanagers, where there are",
    )  # fmt: skip
    sweep.add_argument(
        "--most", type=most, default=10, metavar="N", help="investigations at once, default 10"
    )
    sweep.add_argument(
        "--url-file",
        type=Path,
        metavar="FILE",
        help="the chat webhook that is told what is given up, if it is there",
    )
    sweep.add_argument("--json", action="store_true", help="print the figures as JSON")


def hours(text: str) -> float:
    """Read hours for argparse: from 0 to a year; raises ValueError."""
    read = float(text)
    if not 0 <= read <= MAX_HOURS:
        raise ValueError
    return read


def most(text: str) -> int:
    """Read a number of runs for argparse: from 1 to 1000; raises ValueError."""
    read = int(text)
    if not 1 <= read <= MOST:
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


def _sweep(options: argparse.Namespace) -> int:
    """Sweep once; the exit status is 1 when no Alertmanager answered or a run could not be created."""
    from agent.evidence.alertmanager import Access, Alertmanager
    from agent.progress import say
    from agent.tekton.notify import notify, read_url
    from agent.tekton.runs import Runs
    from agent.tekton.sweep import sweep
    from agent.tekton.sweep_firing import ask

    access = Access.of(options.access) if options.access else Access()
    sources = [Alertmanager(url, access) for url in options.alertmanager]
    url = read_url(options.url_file) if options.url_file and options.url_file.exists() else ""

    def tell(lines: list[str]) -> None:
        more = f" (and {len(lines) - TOLD} more)" if len(lines) > TOLD else ""
        notify(url, "; ".join(lines[:TOLD]) + more)

    asked = ask(sources, options.receiver, say)
    tally = sweep(asked, Runs.here(), options.most, datetime.now(UTC), say, tell if url else None)
    print(json.dumps(tally.as_json()) if options.json else tally.line())
    return 0 if tally.done else 1


_STEPS = {"report": _report, "tell": _tell, "prune": _prune, "sweep": _sweep}
