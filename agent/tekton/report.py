"""The closing report of a PipelineRun: how the investigation ended, in words."""

# Reasons of a TaskRun's Succeeded condition (Tekton Pipelines v1.15, taskrun_types.go and pod/status.go).
_WORDS = {
    "TaskRunTimeout": "it ran longer than its timeout; lower the parameter deadline or raise the timeout",
    "TaskRunCancelled": "the run was cancelled, or its time was up",
    "TaskRunImagePullFailed": "its image cannot be pulled; check the parameter image and the registry",
    "PullImageFailed": "its image cannot be pulled; check the parameter image and the registry",
    "CreateContainerConfigError": "its container cannot be created; a Secret or ConfigMap may be missing",
    "PodCreationFailed": "its pod was refused; restricted pod security needs Tekton's feature flag "
    'set-security-context: "true"',
    "PodAdmissionFailed": "the node refused its pod",
    "PodEvicted": "its pod was evicted from the node",
    "ExceededResourceQuota": "the namespace's ResourceQuota leaves no room for its pod",
    "ExceededNodeResources": "no node has room for its pod",
    "StepOOM": "it ran out of memory",
    "TaskRunResultLargerThanAllowedLimit": "its results are larger than Tekton allows",
    "TaskRunResolutionFailed": "the Task cannot be found; is it installed, or the bundle reachable?",
    "TaskRunValidationFailed": "the Task refuses its parameters or workspaces",
    "Failed": "the log of its step says why: the last line, or the line Reason",
    "StepFailed": "the log of its step says why: the last line, or the line Reason",
}


def conclusion(status: str, reason: str) -> str:
    """One sentence from the task's status (Succeeded, Failed, None) and the reason Tekton gives."""
    if status == "Succeeded":
        return "The investigation reached an outcome."
    if status == "None":
        return "No verdict: the investigation did not finish; the run was cancelled or timed out."
    why = _WORDS.get(reason, "see the TaskRun's status")
    return f"No verdict: the investigation failed ({reason or 'no reason given'}): {why}."


def report(run: str, status: str, reason: str) -> str:
    """The text for the log of the closing task."""
    where = (
        f"The verdict: tkn pipelinerun describe {run}"
        if status == "Succeeded"
        else f"More: tkn pipelinerun logs {run} -t investigate; tkn pipelinerun describe {run}"
    )
    return f"{conclusion(status, reason)}\n{where}\n"
