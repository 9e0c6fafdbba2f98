"""Pods that no scheduler places: gates, a scheduler that is not running, a node that does not exist."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.pod import is_deleting
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.ref import Ref

KUBE_SYSTEM, SCHEDULER = "kube-system", "kube-scheduler"
LEASE = timedelta(seconds=60)  # four times the lease duration of kube-scheduler
PATIENCE = timedelta(seconds=20)  # a running scheduler reports something within a second or two

SCHEDULING_GATE = cause("scheduling-gate")
UNKNOWN_SCHEDULER = cause("unknown-scheduler")
SCHEDULER_DOWN = cause("scheduler-down")
NODE_NAME_UNKNOWN = cause("node-name-unknown")


@rule("Pod", finds=(SCHEDULING_GATE,))
def gated(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod held back by its scheduling gates."""
    gates = [str(gate.get("name")) for gate in pod.items("spec.schedulingGates")]
    condition = pod.condition("PodScheduled")
    if condition.get("reason") != "SchedulingGated" or not gates or is_deleting(pod):
        return
    owner = workload_of(case, pod)
    quotes = pod.quote_condition("PodScheduled", "reason", "message") + pod.quote(
        *(f"spec.schedulingGates[{gate}].name" for gate in gates)
    )
    named = ", ".join(gates)
    yield Finding(
        cause=SCHEDULING_GATE,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} waits at the scheduling gate {named}, which has not been removed",
        claims=(Claim(f"The scheduler must not place the pod before the gate {named} is removed", quotes),),
        sure=Sure.STATED,
        recommendations=(
            look(
                pod.ref,
                "finding the owner of the gate",
                f"Find out who should remove {named}; check the pod's labels and owners.",
            ),
            edit(owner.ref, "removing the scheduling gate", f"Remove {named} from spec.schedulingGates."),
        ),
        since=pod.created,
    )


@rule("Pod", finds=(NODE_NAME_UNKNOWN, SCHEDULER_DOWN, UNKNOWN_SCHEDULER))
def unseen(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod that no scheduler has looked at, for longer than a scheduler needs."""
    young = pod.created is None or case.now - pod.created < PATIENCE
    if pod.at("status.phase") != "Pending" or is_deleting(pod) or young or pod.condition("PodScheduled"):
        return
    if pod.at("spec.nodeName"):
        yield from _bound_by_name(case, pod)
        return
    name = str(pod.at("spec.schedulerName") or "default-scheduler")
    said = [
        event
        for event in (case.events(pod.ref, "has a scheduler reported anything?") or [])
        if "chedul" in event.reason
    ]
    if said:
        return
    claim = Claim(
        f"No scheduler has looked at pod {pod.ref.name}, which asks for the scheduler {name}",
        pod.quote("spec.schedulerName", "status.phase", "metadata.creationTimestamp"),
    )
    if name == "default-scheduler":
        yield from _scheduler_down(case, claim)
        return
    owner = workload_of(case, pod)
    yield Finding(
        cause=UNKNOWN_SCHEDULER,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} asks for the scheduler {name}, which does not run",
        claims=(claim,),
        sure=Sure.STATED,
        recommendations=(
            edit(
                owner.ref,
                "correcting the scheduler's name",
                f"Set schedulerName to one that runs, not {name}.",
            ),
        ),
        since=pod.created,
    )


def _bound_by_name(case: Case, pod: Obj) -> Iterator[Finding]:
    node = str(pod.at("spec.nodeName"))
    case.get("Node", "", node, f"does the node exist that pod {pod.ref.name} is bound to?")
    absent = case.absent("Node", "", node)
    if absent is None:
        return
    owner = workload_of(case, pod)
    yield Finding(
        cause=NODE_NAME_UNKNOWN,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} is bound by name to the node {node}, which does not exist",
        claims=(
            Claim(
                f"The pod is bound to {node} by its specification", pod.quote("spec.nodeName", "status.phase")
            ),
            Claim(f"There is no node {node}", (absent,)),
        ),
        sure=Sure.STATED,
        recommendations=(
            edit(owner.ref, "removing the node's name", "Remove nodeName from the pod template."),
        ),
        since=pod.created,
    )


def _scheduler_down(case: Case, claim: Claim) -> Iterator[Finding]:
    lease = case.get("Lease", KUBE_SYSTEM, SCHEDULER, "does the scheduler renew its lease?")
    renewed = lease.time("spec.renewTime") if lease else None
    if not lease or not renewed or case.now - renewed < LEASE:
        return
    label, why = f"component={SCHEDULER}", "does the scheduler's pod run?"
    pods = case.list("Pod", KUBE_SYSTEM, label=label, why=why, need="some") or []
    yield Finding(
        cause=SCHEDULER_DOWN,
        entity=pods[0].ref if pods else Ref("Namespace", "", KUBE_SYSTEM),
        headline="The cluster's scheduler is down: new pods are not scheduled",
        claims=(
            claim,
            Claim("The scheduler has not renewed its lease since then", lease.quote("spec.renewTime")),
        ),
        sure=Sure.STATED,
        recommendations=(
            Recommendation(
                action="looking at kube-scheduler",
                sentence="See whether kube-scheduler is running and what it reports.",
                command=kubectl(KUBE_SYSTEM, "describe pods -l component={value}", value=SCHEDULER),
                risk="none",
            ),
        ),
        leads_to=tuple(each.ref for each in pods),
        since=renewed,
    )
