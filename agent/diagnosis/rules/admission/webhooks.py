"""Configurations of admission webhooks whose Service does not exist."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.webhook import CONFIGURATIONS, called_service
from agent.diagnosis.finding import Claim, Finding, Sure, one_of
from agent.diagnosis.findings.webhook import ways_back
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

DOWN = cause("webhook-unavailable")


@rule(*CONFIGURATIONS, finds=(DOWN,))
def configuration(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """A webhook configuration named in an alert: does the Service it calls exist?"""
    for webhook in obj.items("webhooks"):
        service = called_service(obj, str(webhook.get("name")))
        if service is None:
            continue
        case.obj(service, "does the webhook's Service exist?")
        if absent := case.absent("Service", service.namespace, service.name):
            headline = (
                f"Admission webhook {webhook.get('name')} calls Service {service}, which does not exist"
            )
            quotes = (*obj.quote(f"webhooks[{webhook.get('name')}].clientConfig.service.name"), absent)
            advice = one_of(*ways_back(obj, service, str(webhook.get("name"))))
            yield Finding(DOWN, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, advice)
