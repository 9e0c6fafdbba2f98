"""CronJobs: suspended, held up by a run that does not finish, never due, late; otherwise see the newest run."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, on
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.runs import runs_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings import refusal
from agent.diagnosis.findings.refusal import refused
from agent.diagnosis.read.schedule import last_due
from agent.diagnosis.read.thing import Event, Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.ref import Ref

HELD = cause("cronjob-held-by-running-job")
SCHEDULE = cause("cronjob-bad-schedule")
MISSED = cause("cronjob-missed")

REPLACED = cause("cronjob-run-replaced")


@rule("CronJob", finds=(HELD, MISSED, REPLACED, SCHEDULE, *refusal.FINDS))
def cron_job(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """What keeps a CronJob from running, or how its newest run went."""
    if obj.at("spec.suspend") is True:
        words = f"{obj.ref} is suspended: it is not meant to run."
        yield State("intended", obj.ref, words, obj.quote("spec.suspend"), settles=case.is_subject)
        return
    events = case.events(obj.ref, f"how did the runs of {obj.ref} end?")
    own = runs_of(case, obj)
    if Lack.UNREAD in (events, own):
        return
    events = events or []
    if bad := _last(events, "InvalidSchedule", "UnParseableCronJobSchedule", "UnknownTimeZone"):
        yield _bad_schedule(obj, bad)
    elif (refusal := _last(events, "FailedCreate")) and not _made_since(refusal, own or []):
        message = refusal.message.removeprefix("Error creating job: ")
        yield from refused(case, obj, message, (refusal.quote,))
    elif held := _held(case, obj, events):
        yield held
    elif replaced := _replaced(case, obj, events):
        yield replaced
    elif late := _late(case, obj, events):
        yield late
    elif own:
        if own[0].condition("Complete").get("status") == "True":
            words = f"The newest run of {obj.ref}, {own[0].ref.name}, succeeded."
            quotes = own[0].quote_condition("Complete", "status")
            failed = [job for job in own[1:2] if job.condition("Failed").get("status") == "True"]
            if failed:
                words += f" The run before, {failed[0].ref.name}, failed."
                quotes += failed[0].quote_condition("Failed", "status", "reason")
            yield State("recovered" if failed else "healthy", obj.ref, words, quotes)
        elif own[0].at("status.active"):
            words = f"The newest run of {obj.ref}, {own[0].ref.name}, is active."
            yield State("progressing", obj.ref, words, own[0].quote("status.active"))
    elif not isinstance(own, Lack) and not case.is_partial("Job", obj.ref.namespace):
        yield _not_yet(obj)


def _last(events: list[Event], *reasons: str) -> Event | None:
    return next((event for event in reversed(events) if event.reason in reasons), None)


def _made_since(refusal: Event, jobs: list[Obj]) -> bool:
    """Whether a run was created after one was refused."""
    return any(job.created and refusal.last and job.created > refusal.last for job in jobs)


def _bad_schedule(obj: Obj, event: Event) -> Finding:
    what = obj.at("spec.timeZone") if event.reason == "UnknownTimeZone" else obj.at("spec.schedule")
    headline = f"CronJob {obj.ref.name} never runs, its schedule or time zone is invalid: {what}"
    quotes = (event.quote, *obj.quote("spec.schedule", "spec.timeZone"))
    advice = edit(obj.ref, "correcting the schedule", "Set a schedule that occurs, such as `0 3 * * *`.")
    return Finding(SCHEDULE, obj.ref, headline, (Claim(headline, quotes),), Sure.STATED, (advice,))


def _held(case: Case, obj: Obj, events: list[Event]) -> Finding | None:
    """Forbid, a run still active, and another one due since: the active run holds up all others."""
    active = [str(ref.get("name")) for ref in obj.items("status.active")]
    if obj.at("spec.concurrencyPolicy") != "Forbid" or not active:
        return None
    said = _last(events, "JobAlreadyActive")
    due = last_due(str(obj.at("spec.schedule") or ""), case.now)
    last = obj.time("status.lastScheduleTime")
    overdue = due is not None and last is not None and due - last > timedelta(seconds=30)
    if not said and not overdue:
        return None
    headline = (
        f"Job {active[0]} does not finish, so CronJob {obj.ref.name} (concurrencyPolicy Forbid) starts no "
        "new run"
    )
    quotes = obj.quote(
        "spec.concurrencyPolicy", f"status.active[{active[0]}].name", "status.lastScheduleTime"
    )
    ref = Ref("Job", obj.ref.namespace, active[0])
    end = Recommendation(
        "ending the run that hangs",
        f"See in its log what Job {active[0]} waits for, then delete it.",
        on(ref, "delete"),
        "medium",
        on(obj.ref, "get"),
    )
    bound = edit(obj.ref, "setting a deadline", "Set activeDeadlineSeconds in the jobTemplate.", risk="low")
    claims = (Claim(headline, quotes + ((said.quote,) if said else ())),)
    return Finding(HELD, obj.ref, headline, claims, Sure.LIKELY, (end, bound), leads_to=(ref,), since=last)


def _replaced(case: Case, obj: Obj, events: list[Event]) -> Finding | None:
    """Replace, a run active, earlier ones deleted by the CronJob, and no success over two due times."""
    schedule, ended = str(obj.at("spec.schedule") or ""), _last(events, "SuccessfulDelete")
    if obj.at("spec.concurrencyPolicy") != "Replace" or not obj.items("status.active") or not ended:
        return None
    due = last_due(schedule, case.now)
    before = last_due(schedule, due - timedelta(minutes=1)) if due else None
    well = obj.time("status.lastSuccessfulTime")
    if before is None or (well and well > before):
        return None
    headline = (
        f"Each run of CronJob {obj.ref.name} is replaced by the next before it finishes (schedule {schedule})"
    )
    quotes = (
        ended.quote,
        *obj.quote("spec.schedule", "spec.concurrencyPolicy", "status.active", "status.lastSuccessfulTime"),
    )
    sentence = "Set a schedule that gives each run the time it needs, or concurrencyPolicy Forbid."
    advice = edit(obj.ref, "giving each run the time it needs", sentence)
    return Finding(
        REPLACED, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, (advice,), since=ended.first
    )


def _late(case: Case, obj: Obj, events: list[Event]) -> Finding | None:
    said = _last(events, "MissSchedule", "TooManyMissedTimes")
    due = last_due(str(obj.at("spec.schedule") or ""), case.now - timedelta(minutes=2))
    last = obj.time("status.lastScheduleTime")
    start = last or obj.created
    overdue = (
        not obj.at("spec.timeZone")
        and due is not None
        and start is not None
        and due - start > timedelta(minutes=1)
    )
    if not said and not overdue:
        return None
    if said and not overdue:
        return None  # it has caught up since
    headline = (
        f"CronJob {obj.ref.name} missed its run of {due:%Y-%m-%d %H:%M} UTC"
        if due
        else (said and said.message) or ""
    )
    quotes = obj.quote("spec.schedule", "spec.startingDeadlineSeconds", "status.lastScheduleTime")
    deadline = obj.at("spec.startingDeadlineSeconds")
    if deadline is not None and int(deadline) < 10:
        headline += f": startingDeadlineSeconds is {deadline}, below the 10 s between the controller's checks"
    advice = edit(
        obj.ref, "raising startingDeadlineSeconds", "Set startingDeadlineSeconds to 60 or more.", risk="low"
    )
    claims = (Claim(headline, quotes + ((said.quote,) if said else ())),)
    return Finding(MISSED, obj.ref, headline, claims, Sure.LIKELY, (advice,))


def _not_yet(obj: Obj) -> State:
    quotes = obj.quote("spec.schedule", "status.lastScheduleTime", "status.lastSuccessfulTime")
    if obj.at("status.lastSuccessfulTime"):
        words = f"{obj.ref} last succeeded at {obj.at('status.lastSuccessfulTime')}; no Job is kept."
        return State("healthy", obj.ref, words, quotes)
    return State("progressing", obj.ref, f"{obj.ref} has not been due since it was created.", quotes)
