"""Runs: the Jobs of a CronJob, and which pods of a Job show how it is going."""

from datetime import timedelta

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.fact import fact
from agent.diagnosis.facts.graph import owner_ref, pods_of
from agent.diagnosis.facts.replicas import representatives
from agent.diagnosis.read.pod import containers
from agent.diagnosis.read.thing import Obj

LONG = timedelta(hours=12)  # KubeJobNotCompleted of kubernetes-mixin


def has(job: Obj, condition: str) -> bool:
    """Whether a condition of a Job is met."""
    return job.condition(condition).get("status") == "True"


def is_failed(job: Obj) -> bool:
    """Whether it has failed, or is about to and its pods are being ended."""
    return has(job, "Failed") or has(job, "FailureTarget")


def is_at_rest(job: Obj) -> bool:
    """Whether nothing of it should run: it succeeded, or is suspended."""
    return has(job, "Complete") or has(job, "Suspended") or job.at("spec.suspend") is True


def is_long(case: Case, job: Obj) -> bool:
    """Whether it has been running for very long."""
    started = job.time("status.startTime") or job.created
    return started is not None and case.now - started > LONG


def runs_of(case: Case, cron_job: Obj) -> list[Obj] | Lack:
    """The Jobs of a CronJob, the newest first."""
    why = f"how did the runs of {cron_job.ref} end?"
    jobs = case.list("Job", cron_job.ref.namespace, why=why, need="some")
    if isinstance(jobs, Lack):
        return jobs
    own = [job for job in jobs if owner_ref(job) == cron_job.ref]
    return sorted(own, key=lambda job: str(job.created), reverse=True)


def run_after(case: Case, job: Obj) -> Obj | None:
    """A later run of the same CronJob that succeeded."""
    owner = owner_ref(job)
    if owner is None or owner.kind != "CronJob" or job.created is None:
        return None
    why = f"did a run of {owner} after {job.ref.name} succeed?"
    jobs = case.list("Job", job.ref.namespace, why=why, need="some")
    well = [each for each in jobs or [] if owner_ref(each) == owner and has(each, "Complete")]
    return next((each for each in well if each.created and each.created > job.created), None)


@fact
def failed_pods(case: Case, job: Obj) -> list[Obj] | Lack:
    """The pods of a Job that failed or hold a container that did, the last one first."""
    pods = pods_of(case, job)
    if isinstance(pods, Lack):
        return pods
    failed = [
        pod for pod in pods if pod.at("status.phase") == "Failed" or any(c.exit_code for c in containers(pod))
    ]
    return sorted(failed, key=ended, reverse=True)


@fact
def telling_pods(case: Case, job: Obj) -> list[Obj] | Lack:
    """The pods to look at for a Job that failed or runs."""
    if is_at_rest(job) or (is_failed(job) and run_after(case, job)):
        return []
    if is_failed(job):
        failed = failed_pods(case, job)
        return failed if isinstance(failed, Lack) else failed[:2]
    pods = pods_of(case, job)
    if isinstance(pods, Lack):
        return pods
    chosen = representatives(case, [pod for pod in pods if pod.at("status.phase") != "Failed"])
    gone = sorted((pod for pod in pods if pod.at("status.phase") == "Failed"), key=ended, reverse=True)
    return chosen or gone[:1] or (pods[:1] if is_long(case, job) else [])


def ended(pod: Obj) -> str:
    """When its last container ended; ISO times order as text."""
    return max((str(c.ended.get("finishedAt") or "") for c in containers(pod)), default="")
