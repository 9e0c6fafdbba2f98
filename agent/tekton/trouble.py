"""Trouble: why a PipelineRun has no verdict, in words, from what Tekton says of it and of its TaskRun."""

import re
from datetime import timedelta
from typing import Any

from agent.line import printable
from agent.times import parse_time

# Reasons of the condition Succeeded, of PipelineRuns and TaskRuns (Tekton Pipelines v1.15: pipelinerun_types.go,
# taskrun_types.go, pkg/pod/status.go).
_CANCELLED = ("Cancelled", "CancelledRunningFinally", "StoppedRunningFinally", "TaskRunCancelled")
_TIMED_OUT = ("TaskRunTimeout", "PipelineRunTimeout")
_NO_IMAGE = ("TaskRunImagePullFailed", "PullImageFailed", "ImagePullBackOff", "ErrImagePull")
_WORDS = {
    "CreateContainerConfigError": "its container cannot be created; a Secret or ConfigMap may be missing",
    "PodCreationFailed": "its pod was refused",
    "PodAdmissionFailed": "the node refused its pod",
    "PodEvicted": "its pod was evicted from the node",
    "ExceededResourceQuota": "the namespace's ResourceQuota leaves no room for its pod",
    "ExceededNodeResources": "no node has room for its pod",
    "TaskRunResultLargerThanAllowedLimit": "its results are larger than Tekton allows",
    "TaskRunResolutionFailed": "the Task cannot be found",
    "TaskRunValidationFailed": "the Task refuses its parameters or workspaces",
    "CouldntGetPipeline": "the Pipeline cannot be found",
    "CouldntGetTask": "a Task cannot be found",
    "ParameterMissing": "the Pipeline lacks a parameter",
}
_SIGNALS = {137: "killed", 143: "told to end", 255: "killed by a signal"}
"""By exit status. 255 is Tekton's entrypoint for a process that died of a signal while it lived itself."""
_EXITED = re.compile(r"exited with code (\d{1,3})")
"""In the message of a condition: of Tekton's own containers nothing else tells."""
_OUT_OF_TIME = "timed out"
LONGEST = 300
"""Characters of what is quoted."""


def why(run: dict[str, Any], task_run: dict[str, Any] | None = None) -> str:
    """Why there is no verdict, without a full stop: the TaskRun's account of it where there is one."""
    if task_run is None or condition(task_run).get("status") != "False":
        return _of_run(run)
    said = _of_task_run(task_run)
    tries = 1 + len(task_run.get("status", {}).get("retriesStatus") or [])
    return f"{said}, {tries} tries" if tries > 1 else said


def condition(thing: dict[str, Any]) -> dict[str, Any]:
    """The condition Succeeded of a PipelineRun or a TaskRun; empty when there is none yet."""
    conditions = thing.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == "Succeeded"), {})


def results(thing: dict[str, Any]) -> dict[str, Any]:
    """Results of a PipelineRun or a TaskRun by name."""
    found = thing.get("status", {}).get("results") or []
    return {each.get("name", ""): each.get("value") for each in found}


def has_log(task_run: dict[str, Any] | None) -> bool:
    """Whether the investigation ended by itself, so that its log says something."""
    ended = _terminated(task_run or {})
    return bool(ended) and ended.get("exitCode") not in _SIGNALS and ended.get("reason") != "OOMKilled"


def _of_run(run: dict[str, Any]) -> str:
    found = condition(run)
    reason = found.get("reason", "")
    if reason in _CANCELLED:
        return "the run was cancelled"
    if reason in _TIMED_OUT:
        return f"{_OUT_OF_TIME}{_after(run)}"
    return _in_words(reason, found.get("message", ""))


def _of_task_run(task_run: dict[str, Any]) -> str:
    found, ended = condition(task_run), _terminated(task_run)
    reason, message = found.get("reason", ""), found.get("message", "")
    if reason in _TIMED_OUT:
        return f"{_OUT_OF_TIME}{_after(task_run)}{_unstarted(task_run)}"
    if reason in _CANCELLED:
        if _OUT_OF_TIME in f"{message} {task_run.get('spec', {}).get('statusMessage', '')}":
            return f"{_OUT_OF_TIME}{_after(task_run)}, with the whole run{_unstarted(task_run)}"
        return "the run was cancelled"
    if reason in _NO_IMAGE:
        image = _quoted(_image(task_run) or message)
        return f"its image cannot be pulled: {image}" if image else "its image cannot be pulled"
    if ended:
        return _exited(task_run, ended)
    code = _EXITED.search(message)
    if code and (words := _SIGNALS.get(int(code[1]))):
        return f"{words}, exit {code[1]}"
    return _in_words(reason, message)


def _exited(task_run: dict[str, Any], ended: dict[str, Any]) -> str:
    code = ended.get("exitCode")
    if ended.get("reason") == "OOMKilled":
        return f"killed at its memory limit, exit {code} (OOMKilled)"
    if code in _SIGNALS:
        return f"{_SIGNALS[code]}, exit {code}"
    summary = results(task_run).get("summary")
    return f"failed, exit {code}" + (f": {_quoted(summary)}" if isinstance(summary, str) and summary else "")


def _in_words(reason: str, message: str) -> str:
    """What Tekton says, after our own words for it where there are any."""
    words = _WORDS.get(reason) or reason or "Tekton gives no reason"
    said = _quoted(message)
    return f"{words} ({said})" if said else words


def _terminated(task_run: dict[str, Any]) -> dict[str, Any]:
    """How the step that failed has ended; empty where none has: without a container Tekton made it up."""
    ended = [step.get("terminated") or {} for step in task_run.get("status", {}).get("steps") or []]
    return next((each for each in ended if each.get("exitCode") and each.get("containerID")), {})


def _unstarted(task_run: dict[str, Any]) -> str:
    """That no container began. Of one that never did, Tekton gives the start of the TaskRun as its start."""
    status = task_run.get("status", {})
    started = (
        (step.get("running") or step.get("terminated") or {}).get("startedAt")
        for step in status.get("steps") or []
    )
    begun = any(each and each != status.get("startTime") for each in started)
    return "" if begun else ", its container never started"


def _image(task_run: dict[str, Any]) -> str:
    values = {each.get("name"): each.get("value") for each in task_run.get("spec", {}).get("params") or []}
    return str(values.get("image") or "")


def _after(thing: dict[str, Any]) -> str:
    status = thing.get("status", {})
    begun, ended = parse_time(status.get("startTime")), parse_time(status.get("completionTime"))
    return f" after {_duration(ended - begun)}" if begun and ended else ""


def _duration(time: timedelta) -> str:
    seconds = round(time.total_seconds())
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{round(seconds / 60)} minutes"


def _quoted(text: str) -> str:
    line = printable(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
