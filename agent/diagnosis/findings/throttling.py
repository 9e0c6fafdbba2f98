"""CPU throttling: the kernel stops a container that has used up its limit for the period."""

from agent.diagnosis.advice import on, watch
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.changes import recent_change
from agent.diagnosis.facts.load import measured, now_level, quote_now
from agent.diagnosis.facts.usage import Use
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.thing import Obj, Series, dig
from agent.quantity import parse_quantity

MUCH = 0.25  # CPUThrottlingHigh of kubernetes-mixin fires above this share

TOO_LOW = cause("cpu-limit-too-low")
FINDS = (TOO_LOW,)


def throttled_share(series: Series | None) -> float:
    """The share of periods in which the containers are throttled now, 0 without a series."""
    return now_level(series) or 0.0


def starved(case: Case, workload: Obj) -> Finding | None:
    """A finding if a CPU limit throttles a workload that others wait for; None while that is not measured."""
    if not cpu_limits(workload):
        return None
    series = measured(case, workload, workload, "cpu", "throttled")
    return limit_too_low(case, workload, series.cpu, series.throttled) if series and series.cpu else None


def limit_too_low(
    case: Case, workload: Obj, cpu: Series, throttled: Series | None, container: str = ""
) -> Finding | None:
    """A finding for containers throttled by their limit, or the one named; None if they are not."""
    share = throttled_share(throttled)
    limits = cpu_limits(workload, container)
    if throttled is None or share < MUCH or not limits:
        return None
    container, limit = limits[0]
    used = now_level(cpu) or 0.0
    bound = workload.quote(f"{_containers(workload)}[{container}].resources.limits.cpu")
    stopped = f"Container {container} is throttled by its limit of {limit} in {share:.0%} of its CPU periods"
    claims = [
        Claim(stopped, (quote_now(throttled), *bound)),
        Claim(f"All pods together use {used:.2f} cores", (quote_now(cpu),)),
    ]
    headline = (
        f"The CPU limit of {limit} of container {container} is too low: "
        f"it is throttled in {share:.0%} of its CPU periods"
    )
    change = recent_change(case, workload)
    lowered = [d for d in change.touching("limits.cpu") if d.lowered] if change else []
    if change and lowered:
        claims.append(change.claim())
        headline += f" since the limit was lowered from {lowered[0].before} to {lowered[0].after}"
    return Finding(
        TOO_LOW,
        workload.ref,
        headline,
        tuple(claims),
        Sure.STATED if lowered or share >= 0.5 else Sure.LIKELY,
        (_raise(workload, container, lowered[0].before or "" if lowered else _double(limit)),),
        since=change.at if change and lowered else None,
    )


def at_limit(workload: Obj, use: Use) -> Finding | None:
    """A container that an alert calls throttled and that is measured at its limit; metrics-server can show no more."""
    limits = cpu_limits(workload, use.container)
    if not limits:
        return None
    container, limit = limits[0]
    headline = (
        f"Container {container} uses {use.share:.0%} of its CPU limit of {limit}: the limit is too low for it"
    )
    claim = Claim(f"{use.pod.ref.name} uses {use.amount:.3f} cores of its limit of {limit}", use.quotes)
    return Finding(
        TOO_LOW, workload.ref, headline, (claim,), Sure.LIKELY, (_raise(workload, container, _double(limit)),)
    )


def cpu_limits(workload: Obj, container: str = "") -> list[tuple[str, str]]:
    """(container, limit) of a workload's containers, smallest limit first; only one container if named."""
    found = [
        (str(spec.get("name")), str(limit))
        for spec in workload.items(_containers(workload))
        if (limit := dig(spec, "resources.limits.cpu")) and container in ("", spec.get("name"))
    ]
    return sorted(found, key=lambda pair: parse_quantity(pair[1]))


def _containers(workload: Obj) -> str:
    return "spec.containers" if workload.ref.kind == "Pod" else "spec.template.spec.containers"


def _double(limit: str) -> str:
    return f"{parse_quantity(limit) * 2000:.0f}m"


def _raise(workload: Obj, container: str, limit: str) -> Recommendation:
    return Recommendation(
        "raising the CPU limit",
        f"Raise the CPU limit of container {container} to {limit}, or remove it and keep the request.",
        on(
            workload.ref,
            "set resources",
            "-c {container} --limits=cpu={amount}",
            container=container,
            amount=limit,
        ),
        "low",
        watch(workload.ref),
    )
