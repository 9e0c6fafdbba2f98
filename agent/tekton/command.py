"""The command `tekton`: the steps of the Pipeline other than the investigation."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

MAX_HOURS = 24 * 366


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the steps to the command line."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    report = steps.add_parser("report", help="report how the investigation ended")
    report.add_argument("--run", required=True, metavar="NAME", help="name of the PipelineRun")
    report.add_argument(
        "--status", required=True, help="status of the investigation: Succeeded, Failed or None"
    )
    report.add_argument("--reason", default="", help="reason for that status, as Tekton gives it")
    report.add_argument(
        "--results", required=True, type=Path, metavar="DIR", help="where Tekton reads results"
    )
    notify = steps.add_parser("notify", help="post the verdict to a chat webhook")
    notify.add_argument(
        "--url-file", required=True, type=Path, metavar="FILE", help="file with the webhook's address"
    )
    notify.add_argument("--text", required=True, help="the text to post")
    prune = steps.add_parser("prune", help="delete PipelineRuns that ended long ago")
    prune.add_argument(
        "--keep-hours", type=hours, default=24.0, metavar="HOURS", help="how long to keep them; default 24"
    )


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
    from agent.tekton.report import conclusion, report
    from agent.tekton.results import write_values

    write_values(options.results, {"conclusion": conclusion(options.status, options.reason)})
    print(report(options.run, options.status, options.reason), end="")
    return 0


def _notify(options: argparse.Namespace) -> int:
    from agent.tekton.notify import notify, read_url

    notify(read_url(options.url_file), options.text)
    print("posted the verdict")
    return 0


def _prune(options: argparse.Namespace) -> int:
    from agent.tekton.prune import prune
    from agent.tekton.runs import Runs

    names = prune(Runs.here(), datetime.now(UTC), timedelta(hours=options.keep_hours))
    print(f"deleted {len(names)} PipelineRuns that ended more than {options.keep_hours:g} h ago")
    return 0


_STEPS = {"report": _report, "notify": _notify, "prune": _prune}
