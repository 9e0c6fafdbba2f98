"""Services of type LoadBalancer: one that nobody has given an address."""

from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import look
from agent.diagnosis.case import Case
from agent.diagnosis.cause import Cause, declare
from agent.diagnosis.engine import State, analyzer
from agent.diagnosis.finding import Claim, Finding, Quote
from agent.diagnosis.thing import Event, Obj

PENDING = declare(Cause(
    "load-balancer-pending", "network", "LoadBalancer Service without an address",
    "Nothing gave the Service an address: no load balancer controller serves the cluster, or it fails.",
    "spec.type LoadBalancer, status.loadBalancer empty (EXTERNAL-IP <pending>); perhaps the event "
    "SyncLoadBalancerFailed.",
    "Repair or install the load balancer controller; until then use NodePort or an Ingress.",
    ("service-no-ready-endpoints",),
))  # fmt: skip
PATIENCE = timedelta(minutes=1)
"""What a cloud takes at least to make an address."""


@analyzer("Service")
def address(case: Case, service: Obj) -> Iterator[Finding | State]:
    """Whether clients outside have an address; asked only where the alert is about that."""
    if case.runbook.id != "exposure" or service.at("spec.type") != "LoadBalancer":
        return
    if given := service.quote("status.loadBalancer.ingress[0].ip", "status.loadBalancer.ingress[0].hostname"):
        yield State("healthy", service.ref, f"{service.ref} has an address for clients outside.", given)
        return
    missed = case.missed
    said = [e for e in case.events(service.ref, "why has it no address?") if e.type == "Warning"][-1:]
    if case.missed == missed and service.created and case.now - service.created > PATIENCE:
        yield _pending(service, said)


def _pending(service: Obj, said: list[Event]) -> Finding:
    why = said[0].message if said else "no controller has answered for it"
    quotes = (*service.quote("spec.type"), *_empty(service), *(event.quote for event in said))
    headline = f"Service {service.ref.name} of type LoadBalancer has no address for clients outside: {why}"
    advice = look(service.ref, "checking the load balancer controller", PENDING.remedy)
    claim = Claim(headline, quotes)
    return Finding(
        PENDING, service.ref, headline, (claim,), 0.9 if said else 0.82, (advice,), since=service.created
    )


def _empty(service: Obj) -> tuple[Quote, ...]:
    return service.quote("spec.loadBalancerClass", "status.loadBalancer")
