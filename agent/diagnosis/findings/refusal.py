"""Pods that are refused before they exist: quota, limit range, policy, webhook, a missing object.

Controllers say it in one sentence (`Error creating: pods "x" is forbidden: ...`): as the ReplicaFailure
condition of Deployments and ReplicaSets, and as FailedCreate events of all.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.diagnosis.advice import edit, look, on
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.findings import webhook
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.ref import Ref

QUOTA = cause("quota-exceeded")
VALUES = cause("quota-needs-values")
RANGE = cause("limit-range-violated")
SECURITY = cause("pod-security-violation")
ACCOUNT = cause("service-account-missing")
PRIORITY = cause("priority-class-missing")
RUNTIME = cause("runtime-class-missing")
DENIED = cause("admission-denied")
INVALID = cause("pod-invalid")
FINDS = (QUOTA, VALUES, RANGE, SECURITY, ACCOUNT, PRIORITY, RUNTIME, DENIED, INVALID, *webhook.FINDS)


_ACCOUNT_PATHS = (
    "spec.template.spec.serviceAccountName",
    "spec.jobTemplate.spec.template.spec.serviceAccountName",
)


@dataclass(frozen=True)
class Refusal:
    """One sentence by which the API server refused a pod, and for whom."""

    case: Case
    workload: Obj
    message: str
    quotes: tuple[Quote, ...]


def refused(case: Case, workload: Obj, message: str, quotes: tuple[Quote, ...]) -> Iterator[Finding]:
    """What a refusal means; nothing for a sentence that is not one."""
    text = message.removeprefix("Error creating: ")
    workload = workload_of(case, workload)  # the template is the owner's: a Job's is that of its CronJob
    for pattern, explain in _RULES:
        if match := pattern.search(text):
            if found := explain(Refusal(case, workload, text, quotes), match):
                yield found
            return


def _quota(refusal: Refusal, match: re.Match[str]) -> Finding:
    name, namespace = match["quota"], refusal.workload.ref.namespace
    entity = Ref("ResourceQuota", namespace, name)
    quota = refusal.case.obj(entity, "how much of it is used?") or None
    quotes = refusal.quotes + tuple(q for r in _resources(match["limited"]) for q in _usage(quota, r))
    text = f"The pods of {refusal.workload.ref.name} are refused: quota {name} has no room for them"
    headline = f"Quota {name} is used up, so pods of {refusal.workload.ref.name} are refused"
    headline += f" (asked for {match['requested']}; used {match['used']} of {match['limited']})"
    return Finding(
        QUOTA,
        entity,
        headline,
        (Claim(text, quotes),),
        Sure.STATED,
        one_of(
            edit(
                entity,
                "raising the quota",
                f"Raise {match['limited']} in quota {name} if it may be larger.",
            ),
            Recommendation(
                "freeing quota",
                "See which pods use it and scale down what is not needed.",
                kubectl(namespace, "get pods"),
                "none",
            ),
        ),
    )


def _resources(limited: str) -> list[str]:
    return [part.partition("=")[0] for part in limited.split(",") if "=" in part]


def _usage(quota: Obj | None, resource: str) -> tuple[Quote, ...]:
    """`status.used` of one resource; its name may contain dots, so the line is built here."""
    used = (quota.at("status.used") or {}).get(resource) if quota else None
    return quota.quote_key("status.used", resource) if quota and used is not None else ()


def _values(refusal: Refusal, match: re.Match[str]) -> Finding:
    headline = f"Quota {match['quota']} requires values that {refusal.workload.ref.name} does not set"
    headline += f" ({match['what']})"
    sentence = f"Set what quota {match['quota']} requires: {match['what']}."
    return _of_template(refusal, VALUES, headline, sentence, "setting requests and limits")


def _range(refusal: Refusal, match: re.Match[str]) -> Finding:
    said = match[0].strip(" ,;]")
    headline = f"The namespace's LimitRange refuses pods of {refusal.workload.ref.name}: {said}"
    return _of_template(
        refusal,
        RANGE,
        headline,
        f"Bring the template within the LimitRange: {said}.",
        "correcting its resources",
    )


def _security(refusal: Refusal, match: re.Match[str]) -> Finding:
    headline = f"Pod Security level {match['level']} refuses pods of {refusal.workload.ref.name}"
    headline += f": {match['what'][:160]}"
    sentence = f"Set what level {match['level']} requires in the template; the event names each field."
    return _of_template(refusal, SECURITY, headline, sentence, "correcting the securityContext")


def _account(refusal: Refusal, match: re.Match[str]) -> Finding:
    name, namespace = match["name"], refusal.workload.ref.namespace
    refusal.case.get("ServiceAccount", namespace, name, "does it exist now?")
    absent = refusal.case.absent("ServiceAccount", namespace, name)
    headline = f"ServiceAccount {name}, which {refusal.workload.ref.name} names, does not exist"
    advice = edit(refusal.workload.ref, "correcting serviceAccountName", "Name a ServiceAccount that exists.")
    named = next(filter(None, map(refusal.workload.at, _ACCOUNT_PATHS)), "default")
    if name == named:  # what an event says is not enough to create one
        advice = Recommendation(
            "creating the ServiceAccount",
            f"Create ServiceAccount {name} with the roles it needs, or name another.",
            kubectl(namespace, "create serviceaccount {account}", account=name),
            "low",
            on(refusal.workload.ref, "get"),
        )
    quotes = refusal.quotes + ((absent,) if absent else ())
    return Finding(
        ACCOUNT, refusal.workload.ref, headline, (Claim(headline, quotes),), Sure.STATED, (advice,)
    )


def _priority(refusal: Refusal, match: re.Match[str]) -> Finding:
    headline = f"PriorityClass {match['name']}, which {refusal.workload.ref.name} names, does not exist"
    sentence = f"Create PriorityClass {match['name']}, or name one that exists."
    return _of_template(refusal, PRIORITY, headline, sentence, "correcting priorityClassName")


def _runtime(refusal: Refusal, match: re.Match[str]) -> Finding:
    headline = f"RuntimeClass {match['name']}, which {refusal.workload.ref.name} names, does not exist"
    sentence = f"Create RuntimeClass {match['name']} where its runtime is installed, or remove the name."
    return _of_template(refusal, RUNTIME, headline, sentence, "correcting runtimeClassName")


def _denied(refusal: Refusal, match: re.Match[str]) -> Finding:
    who = f"{match['kind']} {match['name']}"
    headline = f"{who} refuses pods of {refusal.workload.ref.name}: {match['what'][:200]}"
    return _of_template(
        refusal,
        DENIED,
        headline,
        f"Do what {who} requires: {match['what'][:200]}.",
        "complying with the policy",
    )


def _invalid(refusal: Refusal, match: re.Match[str]) -> Finding:
    headline = f"The template of {refusal.workload.ref.name} creates invalid pods: {match['what'][:200]}"
    return _of_template(
        refusal, INVALID, headline, f"Correct the template: {match['what'][:200]}.", "correcting the template"
    )


def _webhook(refusal: Refusal, match: re.Match[str]) -> Finding | None:
    return webhook.webhook_down(refusal.case, refusal.workload.ref, match, refusal.quotes)


def _of_template(refusal: Refusal, cause: Cause, headline: str, sentence: str, action: str) -> Finding:
    """A finding whose remedy is to edit the workload."""
    ref = refusal.workload.ref
    claim = Claim(f"The API server refuses pods of {ref}", refusal.quotes)
    return Finding(
        cause,
        ref,
        headline,
        (claim,),
        Sure.STATED,
        (edit(ref, action, sentence), look(ref, "", "Read its events.")),
    )


Explain = Callable[[Refusal, re.Match[str]], Finding | None]
_RULES: tuple[tuple[re.Pattern[str], Explain], ...] = (
    (
        re.compile(
            r"exceeded quota: (?P<quota>[^,]+), requested: (?P<requested>.+?), used: (?P<used>.+?), "
            r"limited: (?P<limited>\S+)"
        ),
        _quota,
    ),
    (re.compile(r"failed quota: (?P<quota>[^:]+): must specify (?P<what>.+)"), _values),
    (
        re.compile(
            r"(?:maximum|minimum) \S+ usage per \w+ is .{1,200}|\S+ max limit to request ratio .{1,200}"
        ),
        _range,
    ),
    (re.compile(r"violates PodSecurity \"(?P<level>[^\"]+)\": (?P<what>.+)"), _security),
    (re.compile(r"serviceaccount \"(?P<name>[^\"]+)\" not found"), _account),
    (re.compile(r"no PriorityClass with name (?P<name>\S+) was found"), _priority),
    (re.compile(r"RuntimeClass \"(?P<name>[^\"]+)\" not found"), _runtime),
    (re.compile(r"failed calling webhook \"(?P<webhook>[^\"]+)\": (?P<rest>.+)"), _webhook),
    (
        re.compile(r"(?P<kind>admission webhook) \"(?P<name>[^\"]+)\" denied the request:? ?(?P<what>.*)"),
        _denied,
    ),
    (
        re.compile(
            r"(?P<kind>ValidatingAdmissionPolicy) '(?P<name>[^']+)' with binding '[^']+' denied request: "
            r"(?P<what>.+)"
        ),
        _denied,
    ),
    (
        re.compile(r"must be less than or equal to \S+ limit of .{1,200}"),
        _range,
    ),  # a LimitRange's default limit
    (re.compile(r"Pod \"[^\"]*\" is invalid: (?P<what>.+)"), _invalid),
)
