"""Aggregated APIs: an APIService whose server is gone breaks discovery, deletions and autoscaling."""

from collections.abc import Iterator

from agent.diagnosis.advice import look, on
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.ref import Ref

DEAD = cause("apiservice-unavailable")


@rule("APIService", finds=(DEAD,))
def answers(case: Case, api: Obj) -> Iterator[Finding | State]:
    """Whether the server behind an APIService answers."""
    condition = api.condition("Available")
    if condition.get("status") == "True":
        yield _available(case, api)
        return
    if not condition:
        return
    name, namespace = api.at("spec.service.name"), api.at("spec.service.namespace")
    service = Ref("Service", str(namespace), str(name)) if name else None
    served = api.quote("spec.service.name", "spec.service.namespace")
    words = {
        "ServiceNotFound": "its Service does not exist",
        "MissingEndpoints": "its Service has no ready endpoint",
        "FailedDiscoveryCheck": "its server does not answer correctly",
    }.get(str(condition.get("reason")), str(condition.get("reason") or "its server does not answer"))
    yield Finding(
        cause=DEAD,
        entity=api.ref,
        headline=f"The aggregated API {api.ref.name} is unavailable: {words}",
        claims=(
            Claim(
                "The API server reports it", api.quote_condition("Available", "status", "reason", "message")
            ),
            *([Claim(f"It is served by {service}", served)] if service else []),
        ),
        sure=Sure.STATED,
        recommendations=one_of(
            look(
                service or api.ref,
                "restoring the API's server",
                "Check the server behind it.",
            ),
            Recommendation(
                action="deleting the APIService",
                sentence="Only if that server was uninstalled for good, delete the APIService that "
                "points to it.",
                command=on(api.ref, "delete"),
                risk="high",
                verify=kubectl(None, "get apiservices"),
            ),
        ),
        leads_to=(service,) if service else (),
        since=api.time("status.conditions[Available].lastTransitionTime"),
    )


def _available(case: Case, api: Obj) -> State:
    quotes = api.quote_condition("Available", "status", "lastTransitionTime")
    since, began = api.time("status.conditions[Available].lastTransitionTime"), case.alert.starts_at
    if since and began and since > began:
        return State(
            "recovered", api.ref, f"The API {api.ref.name} is available again.", quotes, settles=True
        )
    return State("healthy", api.ref, f"The API {api.ref.name} is available.", quotes, settles=True)
