"""Jobs: finished, suspended, failed by their own rules; the pods show why, as long as they exist."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.replicas import is_starting
from agent.diagnosis.facts.runs import ended, failed_pods, has, is_failed, is_long, run_after, telling_pods
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure
from agent.diagnosis.findings import logged
from agent.diagnosis.findings.complaint import Complaint
from agent.diagnosis.read.pod import Container, containers, is_well
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.selector import selector_text
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

BACKOFF = cause("job-backoff-limit")
DEADLINE = cause("job-deadline")
POLICY = cause("job-pod-failure-policy")
HANGING = cause("job-hangs")


@rule("Job", finds=(BACKOFF, DEADLINE, HANGING, POLICY))
def job(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """What a Job's conditions say."""
    if has(obj, "Complete"):
        ended = f" at {obj.at('status.completionTime')}" if obj.at("status.completionTime") else ""
        words = f"{obj.ref} succeeded{ended}."
        yield State(
            "healthy", obj.ref, words, obj.quote_condition("Complete") + obj.quote("status.completionTime")
        )
    elif has(obj, "Suspended") or obj.at("spec.suspend") is True:
        words = f"{obj.ref} is suspended: it is not meant to run."
        quotes = obj.quote("spec.suspend") + obj.quote_condition("Suspended")
        yield State("intended", obj.ref, words, quotes, settles=case.is_subject)
    elif is_failed(obj):
        yield from _failed(case, obj)
    else:
        yield from _running(case, obj)


def _failed(case: Case, obj: Obj) -> Iterator[Finding | State]:
    if later := run_after(case, obj):
        words = f"{obj.ref} failed, and the run after it, {later.ref.name}, succeeded."
        quotes = later.quote_condition("Complete", "status") + later.quote("status.completionTime")
        yield State("recovered", obj.ref, words, quotes)
        return
    kind = "Failed" if has(obj, "Failed") else "FailureTarget"
    condition, quotes = obj.condition(kind), obj.quote_condition(kind)
    known = failed_pods(case, obj)
    failed = known or []
    reason = str(condition.get("reason") or "")
    if reason == "DeadlineExceeded":
        yield _deadline(obj, quotes, failed)
    elif reason == "PodFailurePolicy":
        headline = f"Job {obj.ref.name} was failed by its pod failure policy: {condition.get('message')}"
        yield Finding(POLICY, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, _see(obj, failed))
    else:
        gone = known == []
        headline = f"Job {obj.ref.name} failed: {condition.get('message') or reason}"
        claims = [
            Claim(
                f"The Job failed {obj.at('status.failed', 0)} time(s)",
                quotes + obj.quote("status.failed"),
            )
        ]
        if gone:
            headline += "; its pods and their logs are gone"
            claims.append(Claim("None of its pods is left to show why", _nothing(case, obj)))
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
    why = "the deadline passed before the retry limit was reached"
    return Finding(
        DEADLINE,
        obj.ref,
        headline,
        (claim,),
        Sure.LIKELY,
        (
            edit(
                obj.ref,
                "allowing it more time",
                "Raise activeDeadlineSeconds, or find out what takes it so long.",
            ),
            *_see(obj, failed),
        ),
        ruled_out=(RuledOut(BACKOFF.id, why, obj.quote("spec.backoffLimit")),),
    )


@rule("Pod", finds=(DEADLINE, *logged.FINDS))
def deadline_of_pod(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod that the kubelet ended at the pod's own deadline, as each try of its Job is; its log may tell why."""
    if pod.at("status.reason") != "DeadlineExceeded":
        return
    why = [finding for container in containers(pod) for finding in _kept_busy(case, pod, container)]
    yield from why
    owner, seconds = workload_of(case, pod).ref, pod.at("spec.activeDeadlineSeconds")
    headline = f"Pod {pod.ref.name} did not finish within its own deadline of {seconds} s"
    quotes = pod.quote("status.reason", "status.message", "spec.activeDeadlineSeconds", "status.startTime")
    sentence = "Raise activeDeadlineSeconds of the pod's template, or find out why it takes so long."
    advice = edit(owner, "allowing it more time", sentence)
    sure = Sure.POSSIBLE if any(each.sure >= Sure.LIKELY for each in why) else Sure.STATED
    yield Finding(DEADLINE, owner, headline, (Claim(headline, quotes),), sure, (advice,))


def _kept_busy(case: Case, pod: Obj, container: Container) -> Iterator[Finding]:
    """What a container complained of up to the deadline."""
    log = case.log(pod.ref, container.name, why=f"what took {container.called} so long?")
    line = next(iter(log.read(exited=False)), None) if log else None
    if log and line:
        yield from logged.explain(Complaint(case, pod, container, log, line))


def _running(case: Case, obj: Obj) -> Iterator[Finding | State]:
    chosen = telling_pods(case, obj)
    if isinstance(chosen, Lack):
        return
    started = obj.time("status.startTime") or obj.created
    quotes = obj.quote("status.active", "status.startTime", "status.failed")
    if is_long(case, obj) and all(is_well(pod) for pod in chosen):
        hours = (case.now - started) / timedelta(hours=1) if started else 0
        headline = f"Job {obj.ref.name} has been running for {hours:.0f} h without finishing"
        yield Finding(HANGING, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, _see(obj, chosen))
    elif chosen and not all(is_starting(case, pod) for pod in chosen):
        headline = (
            f"Job {obj.ref.name} makes no progress: {int(obj.at('status.failed') or 0)} pods failed so far"
        )
        yield Finding(
            BACKOFF, obj.ref, headline, (Claim(headline, quotes),), Sure.POSSIBLE, _see(obj, chosen)
        )
    elif int(obj.at("status.active") or 0) > 0:
        yield State("progressing", obj.ref, f"{obj.ref} is running, and nothing failed.", quotes)


def _nothing(case: Case, obj: Obj) -> tuple[Quote, ...]:
    """The quote of the empty list of its pods."""
    quote = case.none_listed("Pod", obj.ref.namespace, label=selector_text(obj.at("spec.selector")))
    return (quote,) if quote else ()


def _see(obj: Obj, pods: list[Obj]) -> tuple[Recommendation, ...]:
    """Where to read more: the log of its last pod, if one is left, and the events."""
    last = max(pods, key=ended, default=None)
    events = look(obj.ref, "" if last else "looking at its events", "Read its events.")
    if last is None:
        return (events,)
    command = kubectl(last.ref.namespace, "logs {name} --all-containers --tail=100", name=last.ref.name)
    sentence = "Read the log of the Job's last pod."
    return (Recommendation("reading the log of its last pod", sentence, command, "none"), events)


def _run_again(obj: Obj) -> Recommendation:
    """Nothing is left to read: let it fail once more, in a way that keeps its pods."""
    if obj.at("spec.template.spec.restartPolicy") == "Never":
        return edit(
            obj.ref, "running it again", "Run it again, and read its log before its pods are removed."
        )
    sentence = "With restartPolicy Never, failed pods are kept, and so are their logs."
    return edit(obj.ref, "running it again with restartPolicy Never", sentence)
