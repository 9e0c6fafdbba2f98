"""Jobs and CronJobs: what their conditions say, and what their pods and runs add."""

import pytest

from agent.diagnosis.read.schedule import last_due
from tests.diagnosis import objects as o
from tests.diagnosis.world import NOW, World, ago

FAILED = {"labels": {"alertname": "KubeJobFailed", "namespace": "bank", "job_name": "close"}}


def job(*conditions: o.Data, spec: o.Data | None = None, **status: object) -> o.Data:
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": "uid-close"}}
    return {
        "kind": "Job",
        "metadata": o.meta("close", "bank", minutes=20),
        "spec": {"backoffLimit": 1, "selector": selector} | (spec or {}),
        "status": {"startTime": ago(20), "conditions": list(conditions)} | status,
    }


def failed_pod(code: int = 1) -> o.Data:
    ended = {"exitCode": code, "reason": "Error", "startedAt": ago(6), "finishedAt": ago(5)}
    status = {"name": "web", "ready": False, "restartCount": 0, "state": {"terminated": ended}}
    data = o.pod("close-x1", status, namespace="bank", phase="Failed", ready=False, restartPolicy="Never",
                 owner=o.owned("Job", "close"))  # fmt: skip
    data["metadata"]["labels"] = {"batch.kubernetes.io/controller-uid": "uid-close"}
    return data


LIMIT = o.condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")


def test_a_job_that_failed_as_often_as_it_may_is_explained_by_the_log_of_its_pod():
    world = World().add(job(LIMIT, failed=2), failed_pod())
    world.log(
        "bank", "close-x1", "web", "Traceback (most recent call last):\nZeroDivisionError: division by zero\n"
    )
    verdict, _ = world.investigate(FAILED)
    assert verdict.root and verdict.root.cause.id == "application-error"
    assert str(verdict.root.entity) == "bank/Job/close"


def test_where_pods_and_logs_are_gone_the_limit_itself_is_all_that_is_known():
    verdict, _ = World().add(job(LIMIT, failed=2)).investigate(FAILED)
    assert verdict.root and verdict.root.cause.id == "job-backoff-limit"
    assert "gone" in verdict.root.headline


@pytest.mark.parametrize(
    ("policy", "action"),
    [("OnFailure", "running it again with restartPolicy Never"), ("Never", "running it again")],
)
def test_where_pods_and_logs_are_gone_it_is_to_be_run_again_so_that_they_stay(policy: str, action: str):
    spec = {"template": {"spec": {"restartPolicy": policy}}}
    verdict, _ = World().add(job(LIMIT, spec=spec, failed=2)).investigate(FAILED)
    assert verdict.root and [each.action for each in verdict.root.recommendations] == [action]


def test_the_log_of_the_pod_that_ended_last_is_to_be_read():
    world = World().add(job(LIMIT, failed=2), failed_pod())
    _, diagnosis = world.investigate(FAILED)
    (found,) = (each for each in diagnosis.findings if each.cause.id == "job-backoff-limit")
    assert "logs close-x1" in str(found.recommendations[0].command)


def test_a_job_whose_pods_could_not_be_read_is_inconclusive():
    from agent.evidence.answer import Answer

    world = World().add(job(LIMIT, failed=2))
    world.refuse["list Pod"] = Answer("forbidden", message="pods is forbidden")
    verdict, _ = world.investigate(FAILED)
    assert verdict.outcome == "inconclusive" and "forbidden" in verdict.missing[0]


def test_a_job_beyond_its_deadline_names_the_deadline():
    late = o.condition("Failed", "True", "DeadlineExceeded", "Job was active longer than specified deadline")
    verdict, _ = World().add(job(late, spec={"activeDeadlineSeconds": 300})).investigate(FAILED)
    assert verdict.root and verdict.root.cause.id == "job-deadline" and "300 s" in verdict.root.headline
    assert [r.cause for r in verdict.ruled_out] == ["job-backoff-limit"]


def test_a_job_ended_by_its_failure_policy_names_container_and_exit_code():
    text = "Container web for pod bank/close-x1 failed with exit code 42 matching FailJob rule at index 0"
    verdict, _ = World().add(job(o.condition("Failed", "True", "PodFailurePolicy", text))).investigate(FAILED)
    assert (
        verdict.root and verdict.root.cause.id == "job-pod-failure-policy" and "42" in verdict.root.headline
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (job(o.condition("Complete", "True", "CompletionsReached"), completionTime=ago(9)), "healthy"),
        (job(o.condition("Suspended", "True", "JobSuspended"), spec={"suspend": True}), "intended"),
        (job(active=1), "progressing"),
    ],
)
def test_a_job_that_finished_or_is_suspended_or_runs_is_not_accused(data: o.Data, kind: str):
    verdict, _ = World().add(data).investigate(FAILED)
    assert verdict.outcome == "not-actionable" and [state.kind for state in verdict.states] == [kind]


def test_a_job_that_runs_for_a_day_hangs():
    verdict, _ = World().add(job(active=1, startTime=ago(26 * 60))).investigate(FAILED)
    assert verdict.root and verdict.root.cause.id == "job-hangs" and "26 h" in verdict.root.headline


LATE = {"labels": {"alertname": "KubeCronJobRunning", "namespace": "bank", "cronjob": "sync"}}


def cron(*, schedule: str = "*/5 * * * *", spec: o.Data | None = None, **status: object) -> o.Data:
    return {
        "kind": "CronJob",
        "metadata": o.meta("sync", "bank"),
        "spec": {"schedule": schedule, "suspend": False, "concurrencyPolicy": "Allow"} | (spec or {}),
        "status": {"lastScheduleTime": ago(0)} | status,
    }


def test_a_suspended_cron_job_is_intended():
    verdict, _ = World().add(cron(spec={"suspend": True})).investigate(LATE)
    assert verdict.outcome == "not-actionable" and "suspended" in verdict.sentence


def test_a_run_that_does_not_end_holds_up_a_cron_job_that_forbids_concurrency():
    held = cron(spec={"concurrencyPolicy": "Forbid"}, lastScheduleTime=ago(60), active=[{"name": "sync-29"}])
    verdict, diagnosis = World().add(held).investigate(LATE)
    assert verdict.root and verdict.root.cause.id == "cronjob-held-by-running-job"
    assert str(verdict.root.recommendations[0].command) == "kubectl -n bank delete job/sync-29"
    assert "bank/Job/sync-29" in [str(ref) for ref in diagnosis.case.followed]


def test_a_run_in_its_time_does_not_hold_up_anything():
    busy = cron(spec={"concurrencyPolicy": "Forbid"}, lastScheduleTime=ago(0), active=[{"name": "sync-29"}])
    verdict, _ = World().add(busy).investigate(LATE)
    assert verdict.root is None


def test_a_schedule_that_never_comes_is_named():
    world = World().add(cron(schedule="0 6 31 2 *", lastScheduleTime=None))
    world.event("CronJob", "bank", "sync", "InvalidSchedule", "invalid schedule: 0 6 31 2 *")
    verdict, _ = world.investigate(LATE)
    assert (
        verdict.root and verdict.root.cause.id == "cronjob-bad-schedule" and "31 2" in verdict.root.headline
    )


def test_a_deadline_for_starting_below_ten_seconds_makes_runs_missed():
    missed = cron(spec={"startingDeadlineSeconds": 5}, lastScheduleTime=ago(45))
    verdict, _ = World().add(missed).investigate(LATE)
    assert verdict.root and verdict.root.cause.id == "cronjob-missed" and "is 5" in verdict.root.headline


def test_a_cron_job_whose_runs_are_refused_names_the_quota():
    words = "exceeded quota: runs, requested: count/jobs.batch=1, used: count/jobs.batch=3, limited: count/jobs.batch=3"
    world = World().add(cron(lastScheduleTime=ago(60)))
    text = f'Error creating job: jobs.batch "sync-29" is forbidden: {words}'
    verdict, _ = world.event("CronJob", "bank", "sync", "FailedCreate", text).investigate(LATE)
    assert verdict.root and str(verdict.root.entity) == "bank/ResourceQuota/runs"


def test_a_cron_job_is_judged_by_its_newest_run():
    run = job(LIMIT, failed=2)
    run["metadata"]["ownerReferences"] = o.owned("CronJob", "sync")
    world = World().add(cron(), run, failed_pod())
    world.log(
        "bank",
        "close-x1",
        "web",
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/keys/a.pem'\n",
    )
    verdict, _ = world.investigate(LATE)
    assert verdict.root and verdict.root.cause.id == "missing-file"
    assert str(verdict.root.entity) == "bank/CronJob/sync"


def test_a_cron_job_whose_newest_run_finished_is_not_accused():
    run = job(o.condition("Complete", "True", "CompletionsReached"), completionTime=ago(9))
    run["metadata"]["ownerReferences"] = o.owned("CronJob", "sync")
    verdict, _ = World().add(cron(), run).investigate(LATE)
    assert verdict.outcome == "not-actionable" and "succeeded" in verdict.sentence


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("*/5 * * * *", "2026-11-22T12:00"),
        ("0 3 * * *", "2026-11-22T03:00"),
        ("@hourly", "2026-11-22T12:00"),
        ("15 6 * * MON-FRI", "2026-11-20T06:15"),
        ("0 4 * * 7", "2026-11-22T04:00"),
        ("30 4 1,15 * mon", "2026-11-16T04:30"),
    ],
)
def test_the_last_due_time_of_a_schedule(expression: str, due: str):
    found = last_due(expression, NOW)
    assert found and found.isoformat().startswith(due)


@pytest.mark.parametrize("expression", ["0 6 31 2 *", "every day", "61 * * * *", "* * * *", "*/0 * * * *"])
def test_a_schedule_that_is_never_due_or_not_understood_gives_no_time(expression: str):
    assert last_due(expression, NOW) is None


def test_a_pod_ended_at_its_own_deadline_names_the_deadline():
    pod = failed_pod(137)
    pod["spec"]["activeDeadlineSeconds"] = 8
    pod["status"] |= {"reason": "DeadlineExceeded", "message": "Pod was active on the node longer than ..."}
    verdict, _ = World().add(job(LIMIT, failed=1), pod).investigate(FAILED)
    assert verdict.root and verdict.root.cause.id == "job-deadline"
    assert str(verdict.root.entity) == "bank/Job/close" and "8 s" in verdict.root.headline


REFUSED = "ERROR cannot reach ledger-gate:7070: Connection refused, trying again"


def test_what_kept_a_pod_busy_until_its_deadline_is_the_cause_where_its_log_tells():
    pod = failed_pod(137)
    pod["spec"]["activeDeadlineSeconds"] = 8
    pod["status"] |= {"reason": "DeadlineExceeded"}
    name = pod["metadata"]["name"]
    put = World().add(job(LIMIT, failed=1), pod).log("bank", name, "web", "\n".join([REFUSED] * 9))
    verdict, _ = put.investigate(FAILED)
    assert verdict.root and verdict.root.cause.family == "dependency"
    assert "job-deadline" in [each.finding.cause.id for each in verdict.considered]


def test_what_a_run_that_holds_others_up_complains_of_is_the_cause():
    held = cron(spec={"concurrencyPolicy": "Forbid"}, lastScheduleTime=ago(60), active=[{"name": "sync-29"}])
    of_cron = o.owned("CronJob", "sync")
    run = {"kind": "Job", "metadata": o.meta("sync-29", "bank", ownerReferences=of_cron),
           "spec": {}, "status": {"active": 1, "startTime": ago(60)}}  # fmt: skip
    pod = o.pod("sync-29-x", o.running(), namespace="bank", owner=o.owned("Job", "sync-29"))
    pod["metadata"]["labels"] = {"job-name": "sync-29"}
    put = World().add(held, run, pod).log("bank", "sync-29-x", "web", "\n".join([REFUSED] * 9))
    verdict, _ = put.investigate(LATE)
    assert [each.cause.id for each in verdict.chain][:1] == ["cronjob-held-by-running-job"]
    assert verdict.root and verdict.root.cause.family == "dependency"


def replacing(**status: object) -> o.Data:
    spec = {"schedule": "*/5 * * * *", "concurrencyPolicy": "Replace", "jobTemplate": {}}
    active = {"active": [{"name": "digest-2"}], "lastScheduleTime": ago(1)}
    meta = o.meta("digest", "bank", minutes=60)
    return {"kind": "CronJob", "metadata": meta, "spec": spec, "status": active | status}


DIGEST = {"labels": {"alertname": "CronJobNotSucceeding", "namespace": "bank", "cronjob": "digest"}}


def test_runs_that_are_replaced_before_they_end_are_the_cause():
    world = World().add(replacing())
    world.event("CronJob", "bank", "digest", "SuccessfulDelete", "Deleted job digest-1", type="Normal")
    verdict, _ = world.investigate(DIGEST)
    assert verdict.root and verdict.root.cause.id == "cronjob-run-replaced"


def test_a_replacing_cron_job_that_succeeds_is_not_accused():
    world = World().add(replacing(lastSuccessfulTime=ago(2)))
    world.event("CronJob", "bank", "digest", "SuccessfulDelete", "Deleted job digest-1", type="Normal")
    verdict, _ = world.investigate(DIGEST)
    assert verdict.root is None


def run_of(cron: str, name: str, condition: o.Data, minutes: float) -> o.Data:
    data = job(condition)
    data["metadata"] = o.meta(name, "bank", minutes=minutes, ownerReferences=o.owned("CronJob", cron))
    return data


@pytest.mark.parametrize("label", ["job_name", "cronjob"])
def test_a_failed_run_after_which_another_finished_well_is_over(label: str):
    cron = {
        "kind": "CronJob",
        "metadata": o.meta("close", "bank"),
        "spec": {"schedule": "0 3 1 1 *"},
        "status": {},
    }
    well = run_of("close", "close-2", o.condition("Complete", "True"), minutes=5)
    world = World().add(cron, run_of("close", "close-1", LIMIT, minutes=20), well)
    names = {"job_name": "close-1", "cronjob": "close"}
    labels = {"alertname": "KubeJobFailed", "namespace": "bank", label: names[label]}
    verdict, _ = world.investigate({"labels": labels})
    assert verdict.outcome == "self-resolved" and "close-2, succeeded" in verdict.sentence


def test_a_suspended_cron_job_explains_why_nothing_ran():
    spec = {"schedule": "0 1 1 * *", "suspend": True}
    cron = {"kind": "CronJob", "metadata": o.meta("statement", "bank"), "spec": spec, "status": {}}
    verdict, _ = World().add(cron).investigate("the statement report was not sent from namespace bank")
    assert verdict.outcome == "not-actionable" and "suspended" in verdict.sentence
