"""Services whose selector also matches pods of another workload, which do not serve its port."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.backends import backends
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule

TOO_WIDE = cause("service-selector-too-wide")
REFUSALS = ("dependency-refused", "dependency-reset")
"""What callers see of it; without such a caller an undeclared port proves nothing."""


@rule("Service", finds=(TOO_WIDE,))
def strangers(case: Case, service: Obj) -> Iterator[Finding]:
    """If a caller is refused: ready pods of a workload without the port, next to those of one that declares it."""
    targets = {entry.get("targetPort", entry.get("port")) for entry in service.items("spec.ports")}
    behind = backends(case, service) if case.led_by in REFUSALS else None
    if behind is None or service.at("spec.clusterIP") == "None":
        return
    serving = [pod for pod in behind.ready if _declares(pod, targets)]
    owners = {workload_of(case, pod).ref for pod in serving}
    others = [pod for pod in behind.ready if pod not in serving]
    foreign = [pod for pod in others if workload_of(case, pod).ref not in owners]
    if not serving or not foreign:
        return
    stranger = workload_of(case, foreign[0])
    headline = (
        f"Service {service.ref.name} also selects pods of {stranger.ref.kind} {stranger.ref.name}, "
        "which do not serve its port"
    )
    claims = (
        Claim("The Service's selector", service.quote("spec.selector", "spec.ports")),
        Claim(f"{foreign[0].ref} is among its pods", foreign[0].quote("metadata.labels", "spec.containers")),
        Claim(f"{serving[0].ref} declares the port", _ports(serving[0])),
    )
    verify = kubectl(service.ref.namespace, "get endpoints {name}", name=service.ref.name)
    advice = edit(service.ref, "narrowing the Service's selector", TOO_WIDE.remedy, verify)
    yield Finding(TOO_WIDE, service.ref, headline, claims, Sure.LIKELY, (advice,))


def _declares(pod: Obj, targets: set[object]) -> bool:
    ports = [port for spec in pod.items("spec.containers") for port in spec.get("ports") or []]
    return any(port.get("containerPort") in targets or port.get("name") in targets for port in ports)


def _ports(pod: Obj) -> tuple[Quote, ...]:
    return pod.quote(*(f"spec.containers[{spec.get('name')}].ports" for spec in pod.items("spec.containers")))
