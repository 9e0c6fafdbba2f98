"""ResourceQuotas as the subject of an alert: how full they are, and whether pods are refused because of it."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.quantity import parse_quantity

QUOTA = cause("quota-exceeded")

ALMOST = 0.9  # KubeQuotaAlmostFull of kubernetes-mixin


@rule("ResourceQuota", finds=(QUOTA,))
def quota(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Compare usage and limit of every resource a quota counts."""
    full = [resource for resource, share in _shares(obj) if share >= ALMOST]
    warnings = case.warnings(obj.ref.namespace, "are pods refused because of it?") or []
    refusals = [event for event in warnings if _is_refusal(event, obj)]
    if not full:
        words = f"{obj.ref} has room for everything it counts."
        yield State("healthy", obj.ref, words, tuple(q for r, _ in _shares(obj) for q in _quote(obj, r)))
        return
    used = ", ".join(f"{r} {_at(obj, 'used', r)} of {_at(obj, 'hard', r)}" for r in full)
    headline = f"Quota {obj.ref.name} is used up: {used}"
    claims = [Claim(headline, tuple(q for r in full for q in _quote(obj, r)))]
    if refusals:
        latest = refusals[-1]
        headline += f", and pods of {latest.about.name} are refused because of it"
        claims.append(Claim(f"Pods of {latest.about} were refused", (latest.quote,)))
    yield Finding(
        QUOTA,
        obj.ref,
        headline,
        tuple(claims),
        Sure.STATED if refusals else Sure.LIKELY,
        one_of(
            edit(obj.ref, "raising the quota", f"Raise {', '.join(full)} if the namespace may have more."),
            Recommendation(
                "freeing quota",
                "See which pods use it and scale down what is not needed.",
                kubectl(obj.ref.namespace, "get pods"),
                "none",
            ),
        ),
    )


def _is_refusal(event: Event, obj: Obj) -> bool:
    return event.reason == "FailedCreate" and f"exceeded quota: {obj.ref.name}," in event.message


def _shares(obj: Obj) -> list[tuple[str, float]]:
    """(resource, used share of the bound), the fullest first."""
    shares = []
    for resource in obj.at("status.hard") or {}:
        try:
            hard, used = (
                parse_quantity(_at(obj, "hard", resource)),
                parse_quantity(_at(obj, "used", resource)),
            )
        except ValueError:
            continue
        shares.append((str(resource), used / hard if hard else 1.0))
    return sorted(shares, key=lambda pair: -pair[1])


def _at(obj: Obj, field: str, resource: str) -> str:
    return str((obj.at(f"status.{field}") or {}).get(resource, "0"))


def _quote(obj: Obj, resource: str) -> tuple[Quote, ...]:
    return obj.quote_key("status.used", resource) + obj.quote_key("status.hard", resource)
