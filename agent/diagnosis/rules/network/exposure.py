"""Services of type LoadBalancer that have no external address."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import look
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.intake.topic import Topic

PENDING = cause("load-balancer-pending")
PATIENCE = timedelta(minutes=1)
"""What a cloud takes at least to make an address."""


@rule("Service", finds=(PENDING,))
def address(case: Case, service: Obj) -> Iterator[Finding | State]:
    """Whether it has an external address; checked only if the alert is about that."""
    if case.runbook.id is not Topic.EXPOSURE or service.at("spec.type") != "LoadBalancer":
        return
    if given := service.quote("status.loadBalancer.ingress[0].ip", "status.loadBalancer.ingress[0].hostname"):
        yield State("healthy", service.ref, f"{service.ref} has an external address.", given)
        return
    events = case.events(service.ref, "why has it no address?")
    said = [event for event in events or [] if event.type == "Warning"][-1:]
    if events is not Lack.UNREAD and service.created and case.now - service.created > PATIENCE:
        yield _pending(service, said)


def _pending(service: Obj, said: list[Event]) -> Finding:
    why = said[0].message if said else "no controller has acted on it"
    quotes = (*service.quote("spec.type"), *_empty(service), *(event.quote for event in said))
    headline = f"Service {service.ref.name} of type LoadBalancer has no external address: {why}"
    advice = look(service.ref, "checking the load balancer controller", PENDING.remedy)
    claim = Claim(headline, quotes)
    return Finding(
        PENDING,
        service.ref,
        headline,
        (claim,),
        Sure.STATED if said else Sure.LIKELY,
        (advice,),
        since=service.created,
    )


def _empty(service: Obj) -> tuple[Quote, ...]:
    return service.quote("spec.loadBalancerClass", "status.loadBalancer")
