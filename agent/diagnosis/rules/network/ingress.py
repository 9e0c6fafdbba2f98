"""Ingresses: a backend, port, class or certificate that does not exist. Kubernetes itself is silent on these."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.front import services_behind
from agent.diagnosis.facts.provenance import near
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, dig
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

SERVICE = cause("ingress-service-missing")
PORT = cause("ingress-wrong-port")
CLASS = cause("ingress-class-missing")
NO_CLASS = cause("ingress-without-class")
TLS = cause("ingress-tls-secret-missing")

_LEGACY_CLASS = "kubernetes.io/ingress.class"
_MISSING_WORDS = ("not found", "does not exist", "was not found", "could not find", "no object matching key")


@rule("Ingress", finds=(CLASS, NO_CLASS, PORT, SERVICE, TLS))
def references(case: Case, ingress: Obj) -> Iterator[Finding | State]:
    """Whether everything an Ingress refers to exists."""
    found = [*_class(case, ingress), *_backends(case, ingress), *_tls(case, ingress)]
    yield from found
    if not found and _all_known(case, ingress):
        text = f"The class and the Services that Ingress {ingress.ref.name} refers to exist."
        yield State("healthy", ingress.ref, text, ingress.quote("spec.rules", "spec.ingressClassName"))


def _class(case: Case, ingress: Obj) -> Iterator[Finding]:
    name = str(ingress.at("spec.ingressClassName") or "")
    legacy = (ingress.at("metadata.annotations") or {}).get(_LEGACY_CLASS)
    if name:
        case.get("IngressClass", "", name, f"does the class of {ingress.ref} exist?")
        absent = case.absent("IngressClass", "", name)
        if absent:
            known = case.list("IngressClass", "*", why="which classes of Ingress exist?") or []
            names = ", ".join(c.ref.name for c in known) or "none"
            claims = [
                Claim(f"The Ingress is of class {name}", ingress.quote("spec.ingressClassName")),
                Claim(f"There is no IngressClass {name} (existing classes: {names})", (absent,)),
            ]
            headline = (
                f"Ingress {ingress.ref.name} is not served because the IngressClass {name} does not exist"
            )
            yield _finding(
                CLASS, ingress, headline, claims, Sure.STATED, "correcting the class of the Ingress"
            )
    elif not legacy:
        classes = case.list("IngressClass", "*", why=f"who serves {ingress.ref}, which names no class?")
        default = "ingressclass.kubernetes.io/is-default-class"
        if isinstance(classes, Lack) or any(
            (c.at("metadata.annotations") or {}).get(default) == "true" for c in classes
        ):
            return
        if ingress.at("status.loadBalancer.ingress"):
            return
        claims = [
            Claim("The Ingress names no class, and no class is the default", ingress.quote("metadata.name"))
        ]
        headline = (
            f"No controller claims Ingress {ingress.ref.name}: it names no class, and no class is the default"
        )
        yield _finding(NO_CLASS, ingress, headline, claims, Sure.LIKELY, "setting the class of the Ingress")


def _backends(case: Case, ingress: Obj) -> Iterator[Finding]:
    seen: set[str] = set()
    for backend, place in services_behind(ingress):
        name = str(backend.get("name") or "")
        port = dig(backend, "port.number") or dig(backend, "port.name")
        if f"{name}:{port}" in seen:
            continue
        seen.add(f"{name}:{port}")
        service = case.get("Service", ingress.ref.namespace, name, f"{ingress.ref} routes to it")
        if not service:
            absent = case.absent("Service", ingress.ref.namespace, name)
            if absent:
                yield _missing(case, ingress, name, place, absent)
            continue
        offered = [
            value for p in service.items("spec.ports") for value in (p.get("port"), p.get("name")) if value
        ]
        if port and offered and port not in offered:
            shown = ", ".join(str(p.get("port")) for p in service.items("spec.ports"))
            claims = [
                Claim(
                    f"The Ingress routes to port {port} of Service {name}",
                    ingress.quote(place.replace(".name", ".port")),
                ),
                Claim(f"The Service offers {shown}", service.quote("spec.ports")),
            ]
            headline = (
                f"Ingress {ingress.ref.name} routes to port {port} of Service {name}, which offers {shown}"
            )
            yield _finding(PORT, ingress, headline, claims, Sure.STATED, "correcting the port of the backend")


def _missing(case: Case, ingress: Obj, name: str, place: str, absent: Quote) -> Finding:
    why = f"is {name} a mistyped Service?"
    services = case.list("Service", ingress.ref.namespace, why=why, need="some") or []
    claims = [
        Claim(f"The Ingress routes to Service {name}", ingress.quote(place)),
        Claim(f"There is no Service {name}", (absent,)),
    ]
    if like := near(name, [s.ref.name for s in services]):
        other = next(s for s in services if s.ref.name == like)
        claims.append(Claim(f"A Service {like} exists", other.quote("metadata.name")))
    headline = f"Ingress {ingress.ref.name} routes to Service {name}, which does not exist"
    return _finding(SERVICE, ingress, headline, claims, Sure.STATED, "correcting the backend of the Ingress")


def _tls(case: Case, ingress: Obj) -> Iterator[Finding]:
    """A missing TLS Secret, as its controller reports it: Secrets are never read."""
    names = [str(entry.get("secretName")) for entry in ingress.items("spec.tls") if entry.get("secretName")]
    if not names:
        return
    for event in reversed(
        case.events(ingress.ref, f"does its controller find the certificate of {ingress.ref}?") or []
    ):
        name = next((n for n in names if n in event.message), "")
        if name and any(word in event.message.lower() for word in _MISSING_WORDS):
            yield _tls_missing(ingress, name, event.quote, Sure.STATED)
            return
    for name, quote in _told_by_controller(case, ingress, names):
        yield _tls_missing(ingress, name, quote, Sure.STATED)
        return


def _told_by_controller(case: Case, ingress: Obj, names: list[str]) -> Iterator[tuple[str, Quote]]:
    """Lines of the class's controller that say a TLS Secret is missing."""
    label, why = "app.kubernetes.io/component=controller", "what does the controller say?"
    pods = case.list("Pod", "*", label=label, why=why, need="some")
    for pod in [p for p in pods or [] if "ingress" in p.ref.name or "ingress" in p.ref.namespace][:2]:
        for container in pod.items("spec.containers")[:1]:
            log = case.log(
                pod.ref, str(container.get("name")), why=f"does it find the TLS Secret of {ingress.ref}?"
            )
            for line in reversed(log.text.splitlines()) if log else ():
                name = next((n for n in names if f"{ingress.ref.namespace}/{n}" in line), "")
                if log and name and any(word in line.lower() for word in _MISSING_WORDS):
                    yield name, log.quote(line)


def _tls_missing(ingress: Obj, name: str, quote: Quote, sure: Sure) -> Finding:
    claims = [
        Claim("Its controller reports it", (quote,)),
        Claim(f"The Ingress uses the certificate in Secret {name}", ingress.quote("spec.tls[0].secretName")),
    ]
    headline = f"Ingress {ingress.ref.name} has no certificate because the TLS Secret {name} does not exist"
    command = kubectl(ingress.ref.namespace, "create secret tls {name} --cert=<file> --key=<file>", name=name)
    advice = Recommendation("creating the TLS Secret", TLS.remedy, command, "low")
    return Finding(TLS, ingress.ref, headline, tuple(claims), sure, (advice,))


def _finding(
    cause: Cause, ingress: Obj, headline: str, claims: list[Claim], sure: Sure, action: str
) -> Finding:
    advice = edit(ingress.ref, action, cause.remedy)
    return Finding(cause, ingress.ref, headline, tuple(claims), sure, (advice,), since=ingress.created)


def _all_known(case: Case, ingress: Obj) -> bool:
    """Whether every backend was read; only then do no findings mean that nothing is wrong."""
    names = [str(backend.get("name")) for backend, _ in services_behind(ingress)]
    return all(case.get("Service", ingress.ref.namespace, name) for name in names)
