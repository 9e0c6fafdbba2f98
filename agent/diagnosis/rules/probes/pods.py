"""The state of a pod with nothing wrong, and the bare symptom of one that is not ready."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.read.pod import containers, is_deleting, is_finished, is_ready
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

NOT_READY = cause("pod-not-ready")
GATE = cause("readiness-gate-unmet")

YOUNG = timedelta(seconds=60)


@rule("Pod", finds=(GATE, NOT_READY))
def state_of_pod(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """Healthy, recovered, finished or still starting; otherwise the remaining symptom."""
    if is_deleting(pod):
        return
    if is_finished(pod):
        yield State(
            "healthy", pod.ref, f"Pod {pod.ref.name} has completed successfully.", pod.quote("status.phase")
        )
    elif is_ready(pod):
        if not any(c.keeps_ending(case.now) for c in containers(pod) if c.status):
            yield _well(case, pod)
    elif pod.condition("Ready").get("reason") == "ReadinessGatesNotReady":
        yield _gate(case, pod)
    elif _is_starting(case, pod):
        text = f"Pod {pod.ref.name} was created less than a minute ago and is starting."
        yield State("progressing", pod.ref, text, pod.quote("metadata.creationTimestamp"))
    elif pod.at("status.phase") == "Running" and pod.condition("Ready").get("reason") == "ContainersNotReady":
        yield _not_ready(case, pod)


def _well(case: Case, pod: Obj) -> State:
    since = pod.time("status.conditions[Ready].lastTransitionTime")
    ended = [c for c in containers(pod) if c.ended and not (c.is_init and not c.is_sidecar)]
    began = case.alert.starts_at
    was_unready = bool(since and began and since > began and pod.created and since - pod.created > YOUNG)
    if ended:
        worst = max(ended, key=lambda c: c.restarts)
        times = f"{worst.restarts} time{'s' * (worst.restarts != 1)}"
        text = f"Pod {pod.ref.name} is ready; its {worst.called} restarted {times} and has run well since."
        quotes = (*worst.quote("restartCount", "state.running.startedAt"), *worst.quote_end())
        return State("recovered", pod.ref, text, (*pod.quote_condition("Ready", "status"), *quotes))
    if was_unready:
        text = f"Pod {pod.ref.name} has been ready since {since:%H:%M:%S} UTC, after the alert began."
        return State("recovered", pod.ref, text, pod.quote_condition("Ready", "status", "lastTransitionTime"))
    text = f"Pod {pod.ref.name} is ready and has not restarted."
    return State("healthy", pod.ref, text, pod.quote_condition("Ready", "status", "lastTransitionTime"))


def _is_starting(case: Case, pod: Obj) -> bool:
    """Whether it is young, placed on a node, and no container has a problem."""
    if (
        pod.created is None
        or pod.at("status.phase") == "Failed"
        or case.now - pod.created > YOUNG
        or pod.condition("PodScheduled").get("status") != "True"
    ):
        return False
    return all(
        c.waiting in ("", "ContainerCreating", "PodInitializing") and not c.restarts for c in containers(pod)
    )


def _gate(case: Case, pod: Obj) -> Finding:
    gates = [str(g.get("conditionType")) for g in pod.items("spec.readinessGates")]
    unmet = [g for g in gates if pod.condition(g).get("status") != "True"]
    names = ", ".join(unmet)
    workload = workload_of(case, pod)
    quotes = (*pod.quote_condition("Ready"), *(q for g in unmet for q in pod.quote_condition(g)))
    return Finding(
        cause=GATE,
        entity=workload.ref,
        headline=f"The pod is not ready because its readiness gate {names} is not True",
        claims=(Claim(f"The containers are ready, but the gate {names} is not True", quotes),),
        sure=Sure.STATED,
        recommendations=(look(pod.ref, "looking at the gate's controller", GATE.remedy),),
        since=pod.time("status.conditions[Ready].lastTransitionTime"),
    )


def _not_ready(case: Case, pod: Obj) -> Finding:
    names = ", ".join(c.name for c in containers(pod) if c.status and not c.ready and not c.ready_init)
    return Finding(
        cause=NOT_READY,
        entity=workload_of(case, pod).ref,
        headline=f"Pod {pod.ref.name} is not ready (containers: {names})",
        claims=(Claim(f"Pod {pod.ref.name} is not ready", pod.quote_condition("Ready")),),
        sure=Sure.POSSIBLE,
        recommendations=(look(pod.ref, "", NOT_READY.remedy),),
        since=pod.time("status.conditions[Ready].lastTransitionTime"),
    )
