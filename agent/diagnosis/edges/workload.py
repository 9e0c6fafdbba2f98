"""Workloads: the pods that show their state, what owns them, what scales them."""

from collections.abc import Iterator

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.graph import owner_ref, pods_of, workload_of
from agent.diagnosis.facts.replicas import in_trouble, is_starting
from agent.diagnosis.facts.rollout import is_told_by_pods
from agent.diagnosis.facts.runs import runs_of, telling_pods
from agent.diagnosis.facts.scaler import target_of
from agent.diagnosis.facts.stand_ins import own_pods, stand_ins
from agent.diagnosis.read.pod import is_well
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import edge
from agent.kinds import REPLICATED, ROLLED_OUT
from agent.ref import Ref

MOST_SERVING = 2


@edge(*ROLLED_OUT, "ReplicaSet", "ReplicationController")
def pods(case: Case, workload: Obj) -> Iterator[Ref]:
    """The unhealthy pods; if logs are read, also some that serve, unless the others are just starting."""
    owner = owner_ref(workload)
    if owner and workload.ref.kind == "ReplicaSet":  # its rollout counts
        yield owner
        return
    if not is_told_by_pods(case, workload):
        return
    chosen = stand_ins(case, workload) or []
    yield from (pod.ref for pod in chosen)
    if case.runbook.reads_logs and not (chosen and all(is_starting(case, pod) for pod in chosen)):
        serving = [pod for pod in own_pods(case, workload) or [] if is_well(pod)]
        yield from (pod.ref for pod in serving[:MOST_SERVING])


@edge("Pod")
def workload(case: Case, pod: Obj) -> Iterator[Ref]:
    """What made a pod in trouble that the alert is about: its other pods and its versions may tell more."""
    if case.is_subject and in_trouble(case, pod) and (above := workload_of(case, pod)) is not pod:
        yield above.ref


@edge("Job")
def pods_of_a_job(case: Case, job: Obj) -> Iterator[Ref]:
    """Those that failed last, or that it waits for; where others wait for the Job, one that runs."""
    telling = telling_pods(case, job) or []
    if not telling and case.led_by:
        telling = (pods_of(case, job) or [])[:1]
    yield from (pod.ref for pod in telling)


@edge("CronJob")
def newest_run(case: Case, cron_job: Obj) -> Iterator[Ref]:
    """The active run, or else the newest one."""
    runs = Lack.UNREAD if cron_job.at("spec.suspend") is True else runs_of(case, cron_job)
    if runs is not Lack.UNREAD:
        active = [str(each.get("name")) for each in cron_job.items("status.active")]
        names = active or [job.ref.name for job in runs or []]
        yield from (Ref("Job", cron_job.ref.namespace, name) for name in names[:1])


@edge(*REPLICATED)
def scalers(case: Case, workload: Obj) -> Iterator[Ref]:
    """What scales it, if the alert is about scaling."""
    if "autoscaling" in case.runbook.families:
        why = f"what scales {workload.ref}?"
        found = case.list("HorizontalPodAutoscaler", workload.ref.namespace, why=why, need="some")
        yield from (hpa.ref for hpa in found or [] if target_of(hpa) == workload.ref)


@edge("HorizontalPodAutoscaler")
def scaled(case: Case, hpa: Obj) -> Iterator[Ref]:
    """The workload it scales, if it exists."""
    if workload := case.obj(target_of(hpa), "what does the HPA scale?"):
        yield workload.ref
