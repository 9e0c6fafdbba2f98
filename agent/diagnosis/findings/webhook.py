"""Admission webhooks that do not answer: everything they must approve is refused."""

import re
from collections.abc import Iterator

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import pods_of
from agent.diagnosis.facts.replicas import in_trouble
from agent.diagnosis.facts.webhook import CONFIGURATIONS, called_service
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.hosts import SERVICE
from agent.ref import Ref

DOWN = cause("webhook-unavailable")
FINDS = (DOWN,)


def webhook_down(case: Case, workload: Ref, match: re.Match[str], quotes: tuple[Quote, ...]) -> Finding:
    """A webhook that failed to answer; `match` has `webhook` and `rest`, the error. Leads to its Service."""
    name, rest = match["webhook"], match["rest"]
    found = next((c for c in _configurations(case) if name in _names(c)), None)
    service = called_service(found, name) or _service_in(rest)
    why = rest.rsplit(": ", 1)[-1][:160]
    headline = f"Admission webhook {name} does not answer ({why}), so pods of {workload.name} are refused"
    claims = [Claim(f"The API server could not call webhook {name}: {why}", quotes)]
    if found:
        claims.append(
            Claim(
                f"{found.ref} declares it",
                found.quote(f"webhooks[{name}].name", f"webhooks[{name}].failurePolicy"),
            )
        )
    if service:
        case.obj(service, "does the webhook's Service exist?")
        if absent := case.absent("Service", service.namespace, service.name):
            claims.append(Claim(f"Its Service {service} does not exist", (absent,)))
    entity = found.ref if found else workload
    return Finding(
        DOWN,
        entity,
        headline,
        tuple(claims),
        _sure(case, service, rest),
        one_of(*ways_back(found, service, name)),
        leads_to=(service,) if service else (),
    )


def _sure(case: Case, service: Ref | None, error: str) -> Sure:
    """Low while the reason must be behind the Service: a finding there is the cause, or none is certain."""
    if service is None or "x509" in error or case.absent("Service", service.namespace, service.name):
        return Sure.STATED
    front = case.obj(service)
    pods = pods_of(case, front) if front else None
    return Sure.STATED if pods and not any(in_trouble(case, pod) for pod in pods) else Sure.POSSIBLE


def _configurations(case: Case) -> Iterator[Obj]:
    for kind in CONFIGURATIONS:
        yield from case.list(kind, "*", why="which webhook configuration is it?", need="some") or []


def _names(configuration: Obj) -> set[str]:
    return {str(webhook.get("name")) for webhook in configuration.items("webhooks")}


def _service_in(error: str) -> Ref | None:
    match = SERVICE.search(error)
    return Ref("Service", match[2], match[1]) if match else None


def ways_back(configuration: Obj | None, service: Ref | None, name: str) -> Iterator[Recommendation]:
    """What to do about a webhook that does not answer."""
    if service:
        sentence = f"Restore {service}: check its endpoints and the pods behind it."
        yield look(service, "restoring the webhook's Service", sentence)
    if configuration:
        yield edit(
            configuration.ref,
            "setting its failurePolicy to Ignore",
            f"As a stopgap, set failurePolicy to Ignore so that webhook {name} is skipped while it does not "
            "answer, or delete it if its server is gone for good.",
            risk="high",
        )
