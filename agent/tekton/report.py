"""The report of a run that reached no outcome: what its pod could not say itself, since it is gone.

It belongs into the `finally` of a Pipeline. It reads the PipelineRun and its TaskRuns with the run's own account;
what it may not read, Tekton's status and reason have to do.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.errors import UserError
from agent.tekton.task_runs import TaskRuns
from agent.tekton.telling import ATTEMPT, commands, tell_not_investigated
from agent.tekton.trouble import condition, why


def report(
    name: str, namespace: str, task: str, reason: str, url_file: Path, say: Callable[[str], None]
) -> str:
    """Say what became of the task `task` of a PipelineRun, and post it; returns why there is no outcome.

    `reason` is what Tekton gives with the task's status. Raises NotifyError.
    """
    run, task_run = _read(name, namespace, task, say)
    if condition(task_run or {}).get("status") != "False":
        task_run = _ended(task_run, reason)
    because = why(run, task_run)
    say(f"No outcome was reached: {because}.")
    for each in commands(run, task_run):
        say(f"{each[:1].upper()}{each[1:]}")
    if run["metadata"].get("labels", {}).get(ATTEMPT, "1") != "1":
        say("This was tried before; who tries again tells when it is given up.")
    elif tell_not_investigated(run, because, task_run, url_file=url_file):
        say("Posted.")
    else:
        say("Posted nowhere: no webhook is set up.")
    return because


def _read(
    name: str, namespace: str, task: str, say: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The PipelineRun and the TaskRun of its task; a bare run, and none, where they may not be read."""
    run: dict[str, Any] = {"metadata": {"name": name, "namespace": namespace}}
    try:
        tasks = TaskRuns.here()
        run = tasks.pipeline_run(name, namespace)
        return run, tasks.of(run, task)
    except UserError as error:
        say(f"note: {error}")
        return run, None


def _ended(task_run: dict[str, Any] | None, reason: str) -> dict[str, Any] | None:
    """A TaskRun that cannot be read, or that Tekton begins anew after it gave it up, as it was when it failed.

    None where there was none: the run knows why.
    """
    tried = (task_run or {}).get("status", {}).get("retriesStatus") or []
    if not tried and reason in ("", "None"):
        return None
    known = {"conditions": [{"type": "Succeeded", "status": "False", "reason": reason}]}
    return (task_run or {}) | {"status": (tried[-1] if tried else known) | {"retriesStatus": tried}}
