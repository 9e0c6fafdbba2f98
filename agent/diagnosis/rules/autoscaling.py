"""Autoscalers: a target that does not exist, no metrics, no requests to measure against, no room to grow."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit, handle, look, on
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.scaler import is_at_maximum, target_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings.scaling import raise_maximum, without_request
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.ref import Ref

NO_TARGET = cause("hpa-target-missing")
NO_METRICS = cause("hpa-no-metrics")
NO_REQUESTS = cause("hpa-no-requests")
MAXED = cause("hpa-at-maximum")
FAILING = cause("hpa-cannot-scale")


@rule("HorizontalPodAutoscaler", finds=(FAILING, MAXED, NO_METRICS, NO_REQUESTS, NO_TARGET))
def autoscaler(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """What an HPA's conditions say, and whether its target follows it."""
    able, active = obj.condition("AbleToScale"), obj.condition("ScalingActive")
    target = target_of(obj)
    if able.get("status") == "False":
        yield _unable(case, obj, target)
    elif active.get("reason") == "ScalingDisabled":
        words = f"{obj.ref} is disabled while its target has no replicas."
        quotes = obj.quote_condition("ScalingActive")
        yield State("intended", obj.ref, words, quotes, settles=case.is_subject)
    elif active.get("status") == "False":
        yield from _inactive(case, obj, target)
    elif not obj.items("status.conditions"):
        words = f"{obj.ref} has not been processed by its controller yet."
        yield State("progressing", obj.ref, words, settles=case.is_subject)
    else:
        yield from _active(case, obj)


def _unable(case: Case, obj: Obj, target: Ref) -> Finding:
    quotes = obj.quote_condition("AbleToScale")
    case.obj(target, "does the target exist?")
    absent = case.absent(target.kind, target.namespace, target.name)
    message = str(obj.condition("AbleToScale").get("message") or "")
    if not absent and "not found" not in message and "no matches for kind" not in message:
        headline = f"HPA {obj.ref.name} cannot scale {handle(target)}: {message}"
        return Finding(FAILING, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, (_describe(obj),))
    headline = f"HPA {obj.ref.name} scales {handle(target)}, which does not exist"
    near = [other.name for other in _siblings(case, target)]
    hint = f" The namespace has: {', '.join(near[:5])}." if near else ""
    advice = edit(obj.ref, "correcting its target", f"Name an existing workload in scaleTargetRef.{hint}")
    claim = Claim(headline, quotes + obj.quote("spec.scaleTargetRef.name") + ((absent,) if absent else ()))
    return Finding(NO_TARGET, obj.ref, headline, (claim,), Sure.STATED, (advice,))


def _siblings(case: Case, target: Ref) -> list[Ref]:
    why = "which workloads could be meant?"
    found = case.list(target.kind, target.namespace, why=why, need="some") or []
    return [obj.ref for obj in found]


def _inactive(case: Case, obj: Obj, target: Ref) -> Iterator[Finding | State]:
    quotes, message = (
        obj.quote_condition("ScalingActive"),
        str(obj.condition("ScalingActive").get("message") or ""),
    )
    workload = case.obj(target, "what does the HPA scale?") or None
    bare = without_request(workload) if workload else []
    if "missing request for" in message:
        yield _no_requests(obj, target, workload, bare, quotes, message)
    elif "did not receive metrics" in message or "no metrics returned" in message:
        headline = f"HPA {obj.ref.name} gets no metrics for its pods: {message}"
        claim = Claim(headline, quotes)
        yield Finding(FAILING, obj.ref, headline, (claim,), Sure.POSSIBLE, (_describe(obj),))
    elif "metrics" in message:
        yield _no_metrics(case, obj, quotes, message)
    else:
        headline = f"HPA {obj.ref.name} cannot compute the replicas of {handle(target)}: {message}"
        twice = obj.condition("ScalingActive").get("reason") == "AmbiguousSelector"
        advice = (_merge(obj),) if twice else ()
        claims = (Claim(headline, quotes),)
        yield Finding(
            FAILING,
            obj.ref,
            headline,
            claims,
            Sure.STATED if twice else Sure.LIKELY,
            (*advice, _describe(obj)),
        )


def _merge(obj: Obj) -> Recommendation:
    sentence = "Keep one HPA for these pods: combine the metrics in it and delete the others."
    return Recommendation(
        "keeping one HPA for these pods",
        sentence,
        kubectl(obj.ref.namespace, "get hpa"),
        "none",
        on(obj.ref, "describe"),
    )


def _no_requests(
    obj: Obj, target: Ref, workload: Obj | None, bare: list[str], quotes: tuple[Quote, ...], message: str
) -> Finding:
    words = message.partition("missing request for ")[2].split()
    resource = words[0] if words else "cpu"
    container = words[3] if len(words) > 3 and words[1:3] == ["in", "container"] else (bare or [""])[0]
    headline = (
        f"HPA {obj.ref.name} cannot work: container {container} of {handle(target)} requests no {resource}"
    )
    amount = "100m" if resource == "cpu" else "128Mi"
    setting = Recommendation(
        f"setting a {resource} request",
        f"Set the {resource} request of container {container} to what it needs in normal use.",
        on(
            target,
            "set resources",
            "-c {container} --requests={measure}={amount}",
            container=container,
            measure=resource,
            amount=amount,
        ),
        "medium",
        on(obj.ref, "get"),
    )
    where = workload.quote(f"spec.template.spec.containers[{container}].name") if workload else ()
    return Finding(
        NO_REQUESTS, obj.ref, headline, (Claim(headline, quotes + where),), Sure.STATED, (setting,)
    )


def _no_metrics(case: Case, obj: Obj, quotes: tuple[Quote, ...], message: str) -> Finding:
    api = next(
        (g for g in ("external.metrics.k8s.io", "custom.metrics.k8s.io") if g in message), "metrics.k8s.io"
    )
    service, claims = None, []
    found = case.get("APIService", "", f"v1beta1.{api}", "who serves the metrics?")
    if absent := case.absent("APIService", "", f"v1beta1.{api}"):
        claims.append(Claim(f"Nothing serves {api} in this cluster", (absent,)))
    elif found and (named := found.at("spec.service")):
        service = Ref("Service", str(named.get("namespace")), str(named.get("name")))
        claims.append(Claim(f"{service} serves {api}", found.quote_condition("Available")))
    headline = f"HPA {obj.ref.name} gets no metrics: nothing serves {api}"
    if service:
        headline = f"HPA {obj.ref.name} gets no metrics from {service}"
    advice = Recommendation(
        "installing or repairing the metrics API",
        f"Check that the server of {api} is installed and available.",
        on(Ref("APIService", "", f"v1beta1.{api}"), "get"),
        "none",
        on(obj.ref, "get"),
    )
    claims.insert(0, Claim(f"The HPA could not read its metrics: {message[:200]}", quotes))
    return Finding(
        NO_METRICS,
        obj.ref,
        headline,
        tuple(claims),
        Sure.STATED,
        (advice,),
        leads_to=(service,) if service else (),
    )


def _active(case: Case, obj: Obj) -> Iterator[Finding | State]:
    counts = obj.quote("status.currentReplicas", "status.desiredReplicas", "spec.maxReplicas")
    if is_at_maximum(obj):
        headline = (
            f"HPA {obj.ref.name} is at its maximum of {obj.at('spec.maxReplicas')} replicas and wants more"
        )
        claims = (Claim(headline, obj.quote_condition("ScalingLimited") + counts),)
        most = int(obj.at("spec.maxReplicas", 1) or 1)
        yield Finding(MAXED, obj.ref, headline, claims, Sure.LIKELY, (raise_maximum(obj, most * 2),))
        return
    current, desired = int(obj.at("status.currentReplicas") or 0), int(obj.at("status.desiredReplicas") or 0)
    if current == desired:
        words = f"{obj.ref} works: it has the {current} replicas it wants."
        quotes = counts + obj.quote_condition("ScalingActive", "status", "reason")
        yield State("healthy", obj.ref, words, quotes, settles=case.is_subject)
    else:
        words = f"{obj.ref} scales from {current} to {desired} replicas."
        yield State("progressing", obj.ref, words, counts, settles=case.is_subject)


def _describe(obj: Obj) -> Recommendation:
    return look(obj.ref, "reading its conditions", "Read what the HPA reports.")
