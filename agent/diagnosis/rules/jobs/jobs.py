"""Jobs: finished, suspended, failed by their own rules; the pods say why, as long as they are there."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.graph import owner_ref, pods_of, workload_of
from agent.diagnosis.facts.replicas import is_starting, representatives
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure
from agent.diagnosis.read.pod import containers
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.selector import selector_text
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

LONG = timedelta(hours=12)  # KubeJobNotCompleted of kubernetes-mixin

BACKOFF = cause("job-backoff-limit")
DEADLINE = cause("job-deadline")
POLICY = cause("job-pod-failure-policy")
HANGING = cause("job-hangs")


@rule("Job", finds=(BACKOFF, DEADLINE, HANGING, POLICY))
def job(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """What a Job's conditions say; its pods in trouble are followed."""
    if _is(obj, "Complete"):
        ended = f" at {obj.at('status.completionTime')}" if obj.at("status.completionTime") else ""
        words = f"{obj.ref} finished well{ended}."
        yield State(
            "healthy", obj.ref, words, obj.quote_condition("Complete") + obj.quote("status.completionTime")
        )
    elif _is(obj, "Suspended") or obj.at("spec.suspend") is True:
        words = f"{obj.ref} is suspended: it is meant not to run."
        quotes = obj.quote("spec.suspend") + obj.quote_condition("Suspended")
        yield State("intended", obj.ref, words, quotes, settles=case.is_subject)
    elif _is(obj, "Failed") or _is(obj, "FailureTarget"):
        yield from _failed(case, obj)
    else:
        yield from _running(case, obj)


def _is(obj: Obj, kind: str) -> bool:
    return obj.condition(kind).get("status") == "True"


def _run_after(case: Case, obj: Obj) -> Obj | None:
    """A later run of the same CronJob that finished well."""
    owner = owner_ref(obj)
    if owner is None or owner.kind != "CronJob" or obj.created is None:
        return None
    why = f"did a run of {owner} after {obj.ref.name} finish well?"
    jobs = case.list("Job", obj.ref.namespace, why=why, need="some")
    well = [j for j in jobs or [] if owner_ref(j) == owner and j.created and _is(j, "Complete")]
    return next((job for job in well if job.created and job.created > obj.created), None)


def _failed(case: Case, obj: Obj) -> Iterator[Finding | State]:
    if later := _run_after(case, obj):
        words = f"{obj.ref} failed, and the run after it, {later.ref.name}, finished well."
        quotes = later.quote_condition("Complete", "status") + later.quote("status.completionTime")
        yield State("recovered", obj.ref, words, quotes)
        return
    kind = "Failed" if _is(obj, "Failed") else "FailureTarget"
    condition, quotes = obj.condition(kind), obj.quote_condition(kind)
    pods = pods_of(case, obj)
    failed = [p for p in pods or [] if p.at("status.phase") == "Failed" or _has_failed(p)]
    for pod in sorted(failed, key=_ended, reverse=True)[:2]:
        case.follow(pod.ref)
    reason = str(condition.get("reason") or "")
    if reason == "DeadlineExceeded":
        yield _deadline(obj, quotes, failed)
    elif reason == "PodFailurePolicy":
        headline = f"Job {obj.ref.name} was ended by its pod failure policy: {condition.get('message')}"
        yield Finding(POLICY, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, _see(obj, failed))
    else:
        gone = pods is not None and not failed
        headline = f"Job {obj.ref.name} failed: {condition.get('message') or reason}"
        claims = [
            Claim(
                f"The Job failed {obj.at('status.failed', 0)} time(s)",
                quotes + obj.quote("status.failed"),
            )
        ]
        if gone:
            headline += "; its pods, and with them their logs, are gone"
            claims.append(Claim("No pod of it is left to say why", _nothing(case, obj)))
        yield Finding(
            BACKOFF,
            obj.ref,
            headline,
            tuple(claims),
            Sure.LIKELY if gone else Sure.POSSIBLE,
            (_run_again(obj),) if gone else _see(obj, failed),
        )


def _deadline(obj: Obj, quotes: tuple[Quote, ...], failed: list[Obj]) -> Finding:
    seconds = obj.at("spec.activeDeadlineSeconds")
    headline = f"Job {obj.ref.name} did not finish within its deadline of {seconds} s"
    claim = Claim(headline, quotes + obj.quote("spec.activeDeadlineSeconds", "status.startTime"))
    why = "the deadline came before the limit of retries"
    return Finding(
        DEADLINE, obj.ref, headline, (claim,), Sure.LIKELY,
        (edit(obj.ref, "allowing it more time", "Raise activeDeadlineSeconds, or find out what takes it so long."),
         *_see(obj, failed)),
        ruled_out=(RuledOut(BACKOFF.id, why, obj.quote("spec.backoffLimit")),),
    )  # fmt: skip


@rule("Pod", finds=(DEADLINE,))
def deadline_of_pod(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod that the kubelet ended at the pod's own deadline: each try of its Job is."""
    if pod.at("status.reason") != "DeadlineExceeded":
        return
    owner, seconds = workload_of(case, pod).ref, pod.at("spec.activeDeadlineSeconds")
    headline = f"Pod {pod.ref.name} did not finish within its own deadline of {seconds} s"
    quotes = pod.quote("status.reason", "status.message", "spec.activeDeadlineSeconds", "status.startTime")
    sentence = "Raise activeDeadlineSeconds of the pod's template, or find out why it takes so long."
    advice = edit(owner, "allowing it more time", sentence)
    yield Finding(DEADLINE, owner, headline, (Claim(headline, quotes),), Sure.STATED, (advice,))


def _running(case: Case, obj: Obj) -> Iterator[Finding | State]:
    pods = pods_of(case, obj)
    if pods is None:
        return
    chosen = representatives(case, [pod for pod in pods if pod.at("status.phase") != "Failed"])
    if not chosen:
        chosen = sorted((p for p in pods if p.at("status.phase") == "Failed"), key=_ended, reverse=True)[:1]
    for pod in chosen:
        case.follow(pod.ref)
    started = obj.time("status.startTime") or obj.created
    quotes = obj.quote("status.active", "status.startTime", "status.failed")
    if chosen and not all(is_starting(case, pod) for pod in chosen):
        headline = (
            f"Job {obj.ref.name} does not get on: {int(obj.at('status.failed') or 0)} pods failed so far"
        )
        yield Finding(
            BACKOFF, obj.ref, headline, (Claim(headline, quotes),), Sure.POSSIBLE, _see(obj, chosen)
        )
    elif started and case.now - started > LONG:
        hours = (case.now - started) / timedelta(hours=1)
        headline = f"Job {obj.ref.name} has been running for {hours:.0f} h without an end"
        for pod in pods[:1]:
            case.follow(pod.ref)
        yield Finding(HANGING, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, _see(obj, pods))
    elif int(obj.at("status.active") or 0) > 0:
        yield State("progressing", obj.ref, f"{obj.ref} is running, and nothing failed.", quotes)


def _has_failed(pod: Obj) -> bool:
    return any(c.exit_code for c in containers(pod))


def _ended(pod: Obj) -> str:
    """When its last container ended; ISO times order as text."""
    return max((str(c.ended.get("finishedAt") or "") for c in containers(pod)), default="")


def _nothing(case: Case, obj: Obj) -> tuple[Quote, ...]:
    """The quote of the empty list of its pods."""
    quote = case.none_listed("Pod", obj.ref.namespace, label=selector_text(obj.at("spec.selector")))
    return (quote,) if quote else ()


def _see(obj: Obj, pods: list[Obj]) -> tuple[Recommendation, ...]:
    """Where to read more: the log of its last pod, if one is left, and the events."""
    last = max(pods, key=_ended, default=None)
    events = look(obj.ref, "" if last else "looking at its events", "See what its events say.")
    if last is None:
        return (events,)
    command = kubectl(last.ref.namespace, "logs {name} --all-containers --tail=100", name=last.ref.name)
    sentence = "See what the last pod of the Job said."
    return (Recommendation("reading the log of its last pod", sentence, command, "none"), events)


def _run_again(obj: Obj) -> Recommendation:
    """Nothing is left to read: let it fail once more, in a way that leaves its pods."""
    if obj.at("spec.template.spec.restartPolicy") == "Never":
        return edit(
            obj.ref, "running it again", "Run it again, and read its log before its pods are removed."
        )
    sentence = "With restartPolicy Never the pods that fail stay, and with them their logs."
    return edit(obj.ref, "running it again with restartPolicy Never", sentence)
