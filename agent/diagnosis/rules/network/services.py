"""Services: a selector that matches nothing, no ready pod behind it, or a target port that no pod has."""

from collections.abc import Iterator
from typing import Any

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.backends import Backends, backends, workloads_behind
from agent.diagnosis.facts.front import alias_of
from agent.diagnosis.facts.graph import selects, workload_of
from agent.diagnosis.facts.provenance import near
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.read.listening import Listening, listening
from agent.diagnosis.read.pod import first_container
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.kinds import ROLLED_OUT, WORKLOADS

LOOPBACK = cause("listens-on-loopback")
SELECTOR = cause("service-selector-mismatch")
NO_READY = cause("service-no-ready-endpoints")
TARGET_PORT = cause("service-wrong-target-port")
NOBODY = cause("service-without-backends")
EXTERNAL_NAME = cause("service-external-name")

SYMPTOM = Sure.POSSIBLE  # it leads to others, but is never the root


@rule("Service", finds=(EXTERNAL_NAME, LOOPBACK, NOBODY, NO_READY, SELECTOR, TARGET_PORT))
def behind_a_service(case: Case, service: Obj) -> Iterator[Finding | State]:
    """Whether a Service has any pod that takes its traffic."""
    if service.at("spec.type") == "ExternalName":
        yield from _external_name(case, service)
        return
    behind = backends(case, service)
    if behind is None:
        return
    if not behind.pods:
        yield from _nobody(case, service)
        return
    if not behind.ready:
        yield _none_ready(case, service, behind)
        return
    wrong = list(_ports(case, service, behind))
    yield from wrong
    if not wrong:
        text = f"Service {service.ref.name} has {behind.ready_count} ready pods."
        yield State("healthy", service.ref, text, behind.ready_quotes)


def _external_name(case: Case, service: Obj) -> Iterator[Finding]:
    host, target = service.at("spec.externalName"), alias_of(service)
    if target is None or case.obj(target, f"{service.ref} is an alias for {target}"):
        return
    if absent := case.absent("Service", target.namespace, target.name):
        yield Finding(
            cause=EXTERNAL_NAME,
            entity=service.ref,
            headline=f"Service {service.ref.name} is an alias for {host}, which does not exist",
            claims=(
                Claim(f"It is an alias for {host}", service.quote("spec.externalName")),
                Claim(f"There is no {target}", (absent,)),
            ),
            sure=Sure.STATED,
            recommendations=(edit(service.ref, "correcting externalName", EXTERNAL_NAME.remedy),),
        )


def _nobody(case: Case, service: Obj) -> Iterator[Finding]:
    """No pod matches: is the workload at zero, unable to create pods, labelled differently, or missing?"""
    why = f"who should serve {service.ref}?"
    lists = [case.list(kind, service.ref.namespace, why=why) for kind in ROLLED_OUT]
    if any(isinstance(found, Lack) for found in lists):
        quotes = service.quote("spec.selector")
        headline = f"Service {service.ref.name} has no pod behind it"
        yield Finding(NO_READY, service.ref, headline, (Claim("Its selector", quotes),), SYMPTOM)
        return
    workloads = [obj for found in lists for obj in found or []]
    selector = service.at("spec.selector") or {}
    meant = next(
        (w for w in workloads if selects(selector, w.at("spec.template.metadata.labels") or {})), None
    )
    if meant is None:
        alike = _alike(service, selector, workloads)
        yield _mismatch(service, alike) if alike else _absent(service)
    else:
        yield Finding(
            cause=NO_READY,
            entity=service.ref,
            headline=f"Service {service.ref.name} has no pods behind it: {meant.ref.kind} {meant.ref.name} has no pods",
            claims=(
                Claim(
                    f"{meant.ref} creates such pods",
                    meant.quote("spec.template.metadata.labels", "status.replicas"),
                ),
                Claim("The Service selects them", service.quote("spec.selector")),
            ),
            sure=SYMPTOM,
            leads_to=(meant.ref,),
        )


def _alike(service: Obj, selector: dict[str, str], workloads: list[Obj]) -> Obj | None:
    """The workload that the Service is most likely meant for: by shared labels, name, or a similar value."""

    def likeness(workload: Obj) -> float:
        labels = workload.at("spec.template.metadata.labels") or {}
        shared = sum(labels.get(key) == value for key, value in selector.items())
        close = sum(1 for key, value in selector.items() if near(str(value), map(str, labels.values())))
        same_key = sum(1 for key in selector if key in labels) * 0.1
        named = 2 * (workload.ref.name == service.ref.name) + bool(
            near(workload.ref.name, [service.ref.name])
        )
        return shared + close + named + (same_key if named or shared or close else 0)

    best = max(workloads, key=likeness, default=None)
    return best if best is not None and likeness(best) >= 1 else None


def _mismatch(service: Obj, workload: Obj) -> Finding:
    selector = service.at("spec.selector") or {}
    labels = workload.at("spec.template.metadata.labels") or {}
    wrong = [key for key, value in selector.items() if labels.get(key) != value]
    shown = ", ".join(f"{key}={selector[key]}" for key in wrong)
    quotes = [q for key in wrong for q in service.quote(f"spec.selector.{key}")]
    paths = [f"spec.template.metadata.labels.{key}" for key in wrong if key in labels] or [
        "spec.template.metadata.labels"
    ]
    return Finding(
        cause=SELECTOR,
        entity=service.ref,
        headline=f"Service {service.ref.name} selects {shown}, which no pod has",
        claims=(
            Claim(f"The Service selects {shown}", tuple(quotes)),
            Claim(f"The pods of {workload.ref} have different labels", workload.quote(*paths)),
        ),
        sure=Sure.STATED,
        recommendations=(
            edit(
                service.ref,
                "correcting the Service's selector",
                SELECTOR.remedy,
                kubectl(service.ref.namespace, "get endpoints {name}", name=service.ref.name),
            ),
        ),
    )


def _absent(service: Obj) -> Finding:
    return Finding(
        cause=NOBODY,
        entity=service.ref,
        headline=f"Service {service.ref.name} has no pod behind it, and no workload creates such pods",
        claims=(Claim("The Service's selector", service.quote("spec.selector")),),
        sure=Sure.LIKELY,
        recommendations=(look(service.ref, "deploying the workload that the Service is for", NOBODY.remedy),),
    )


def _none_ready(case: Case, service: Obj, behind: Backends) -> Finding:
    shown = (behind.unready or behind.pods)[0]
    return Finding(
        cause=NO_READY,
        entity=service.ref,
        headline=f"Service {service.ref.name} has no ready pod behind it",
        claims=(
            Claim("The Service selects these pods", service.quote("spec.selector")),
            Claim(f"{shown.ref} is not ready", shown.quote_condition("Ready", "status", "reason")),
        ),
        sure=SYMPTOM,
        recommendations=(look(service.ref, "finding out why its pods are not ready", NO_READY.remedy),),
        leads_to=tuple(
            ref for ref in workloads_behind(case, behind) if ref.kind in WORKLOADS or ref.kind == "Pod"
        ),
    )


def _ports(case: Case, service: Obj, behind: Backends) -> Iterator[Finding]:
    """Target ports that the ready pods do not have. Headless Services do not use them."""
    if service.at("spec.clusterIP") == "None":
        return
    pod = behind.ready[0]
    declared = [p for c in pod.items("spec.containers") for p in c.get("ports") or []]
    for entry in service.items("spec.ports"):
        target = str(entry.get("targetPort") or entry.get("port"))
        if not target.isdigit():
            if all(p.get("name") != target for p in declared):
                yield _wrong_port(service, pod, target, "has no port of that name", Sure.STATED, ())
            continue
        is_declared = any(p.get("containerPort") == int(target) for p in declared)
        if (loopback := _on_loopback(case, service, pod, int(target))) or is_declared:
            yield from filter(None, [loopback])
        else:
            yield from _undeclared(case, service, pod, int(target), declared)


def _on_loopback(case: Case, service: Obj, pod: Obj, target: int) -> Finding | None:
    """A program that listens only inside its own pod, if a caller was refused."""
    if not case.led_by:
        return None
    own = [(found, quote) for found, quote in _says(case, pod) if found.port == target]
    if not own or not all(found.loopback for found, _ in own):
        return None
    workload = workload_of(case, pod)
    claims = (
        Claim(f"The program says it listens on port {target} on the loopback address", (own[0][1],)),
        Claim(f"Service {service.ref.name} sends traffic to that port", _quote_target(service, str(target))),
    )
    return Finding(
        cause=LOOPBACK,
        entity=workload.ref,
        headline=f"The program of {workload.ref.kind} {workload.ref.name} listens on port {target} on 127.0.0.1 only",
        claims=claims,
        sure=Sure.LIKELY,
        recommendations=(edit(workload.ref, "listening on all addresses", LOOPBACK.remedy),),
    )


def _undeclared(
    case: Case, service: Obj, pod: Obj, target: int, declared: list[dict[str, Any]]
) -> Iterator[Finding]:
    """A target port that no container declares: a fault only if the program is known to listen elsewhere."""
    said = _says(case, pod)
    if any(found.port == target for found, _ in said) or not (said or declared):
        return
    if said:
        port, quote = said[0][0].port, said[0][1]
        heard = Claim(f"The program says it listens on {port}", (quote,))
        yield _wrong_port(service, pod, str(target), f"listens on {port}", Sure.STATED, (heard,))
        return
    ports = ", ".join(str(p.get("containerPort")) for p in declared)
    yield _wrong_port(service, pod, str(target), f"declares {ports}", Sure.LIKELY, ())


def _says(case: Case, pod: Obj) -> list[tuple[Listening, Quote]]:
    """On what the pod's first container says it listens, each with its quote."""
    log = case.log(pod.ref, first_container(pod), why=f"on which port does {pod.ref} listen?")
    return [(found, log.quote(found.line)) for found in listening(log)] if log else []


def _wrong_port(
    service: Obj, pod: Obj, target: str, but: str, sure: Sure, heard: tuple[Claim, ...]
) -> Finding:
    containers = [str(c.get("name")) for c in pod.items("spec.containers")]
    quotes = tuple(q for name in containers for q in pod.quote(f"spec.containers[{name}].ports"))
    shown = quotes or pod.quote("spec.containers")
    return Finding(
        cause=TARGET_PORT,
        entity=service.ref,
        headline=f"Service {service.ref.name} sends traffic to port {target}, but its pod {but}",
        claims=(
            Claim(f"The Service's targetPort is {target}", _quote_target(service, target)),
            Claim(f"{pod.ref} is ready and {but}", shown),
            *heard,
        ),
        sure=sure,
        recommendations=(edit(service.ref, "correcting targetPort", TARGET_PORT.remedy),),
    )


def _quote_target(service: Obj, target: str) -> tuple[Quote, ...]:
    for place, entry in enumerate(service.items("spec.ports")):
        label = entry.get("name") or place
        if str(entry.get("targetPort", entry.get("port"))) == target:
            return service.quote(f"spec.ports[{label}].targetPort", f"spec.ports[{label}].port")
    return service.quote("spec.ports")
