"""Links: what an unhealthy pod depends on, by its variables and commands, and which of it is down."""

import re
from collections.abc import Iterator
from dataclasses import replace

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.backends import backends
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.naming import named_in_troubles
from agent.diagnosis.facts.peer import Peer, called_by, peer_of
from agent.diagnosis.facts.provenance import config_maps, of_host
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.findings import throttling
from agent.diagnosis.findings.throttling import starved
from agent.diagnosis.read.pod import Container, containers, is_deleting, is_finished, is_ready
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.hosts import NAME, URL, Host, hosts
from agent.ref import Ref

DOWN = cause("dependency-down")
ERRORS = cause("dependency-error")
SERVICE_MISSING = cause("dependency-service-missing")

MAX_LINKS = 5
_SLOW = re.compile(r"(?i)latenc|\bslow|response.?time|duration|\bp9\d|time(?:s|d)?[ -]?out")
_WAIT = re.compile(
    r"\b(?:nslookup|getent hosts|nc(?: -\w+(?: \d+)?)*|wait-for(?:-it)?(?:\.sh)?|dig|ping(?: -\w+ \d+)*|telnet)\s+"
    rf"({NAME})(?:[: ](\d{{2,5}}))?\b"
)
_FLAG = re.compile(rf"(?:\s-h|\s--host[= ])\s?({NAME})(?:\s+-p\s?(\d{{2,5}}))?")
LONGEST_FILE = 20_000
_UPSTREAM = re.compile(rf"\b(?:server|address:)\s+(?=[a-zA-Z])({NAME})(?::(\d{{2,5}}))(?=[\s;])")


@rule("Pod", finds=(DOWN, ERRORS, SERVICE_MISSING, *throttling.FINDS))
def broken_links(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """The dependencies of an unhealthy pod that are missing or have no pods behind them."""
    if is_deleting(pod) or is_finished(pod):
        return
    for container in containers(pod):
        waits = container.is_init and not container.is_sidecar and container.running_since is not None
        ready_alert = is_ready(pod) and not case.runbook.settled_by_state
        unready = not is_ready(pod) and not container.is_init and container.running_since is not None
        if waits or unready or ready_alert:
            yield from _links(case, pod, container, waits)


def _links(case: Case, pod: Obj, container: Container, waits: bool) -> Iterator[Finding]:
    for service, (log, trouble) in named_in_troubles(case, container).items():
        peer = peer_of(case, pod, service.name, None)
        behind = backends(case, peer.obj) if peer.obj is not None else None
        said = Claim(f"The log of {container.called} says: {trouble.message}", (log.quote(trouble.line),))
        if behind is not None and not behind.ready:
            yield _down(case, pod, container, peer, said)
        elif behind is not None:
            yield _named(case, pod, container, service, said)
    links = dict.fromkeys(_in_command(container)) if waits else {}
    links |= dict.fromkeys((host, port) for _, host, port in called_by(case, container))
    links |= dict.fromkeys(_in_files(case, container))
    for host, port in case.first(links, MAX_LINKS, f"hosts that {pod.ref} may call"):
        peer = peer_of(case, pod, host, port)
        if peer.place == "missing" and waits:
            yield _missing(case, pod, container, peer)
        elif peer.place == "service" and peer.obj is not None:
            behind = backends(case, peer.obj)
            if behind is not None and not behind.ready:
                yield _down(case, pod, container, peer)
            elif behind is not None and is_ready(pod) and _SLOW.search(case.alert.text):
                yield from _slow(case, container, peer, workload_of(case, behind.ready[0]))


def _named(case: Case, pod: Obj, container: Container, service: Ref, said: Claim) -> Finding:
    """No more than a way on: the words name a Service that has ready pods, whose own logs may tell."""
    headline = f"The {container.called} logs trouble that names Service {service.name}"
    see = look(service, "looking at the dependency", ERRORS.remedy)
    return Finding(
        cause=ERRORS,
        entity=workload_of(case, pod).ref,
        headline=headline,
        claims=(said,),
        sure=Sure.POSSIBLE,
        recommendations=(see,),
        leads_to=(service,),
        container=container.name,
    )


def _slow(case: Case, container: Container, peer: Peer, callee: Obj) -> Iterator[Finding]:
    """The callee of a program that the alert calls slow, if a CPU limit throttles the callee."""
    if found := starved(case, callee):
        called = Claim(f"The {container.called} calls {peer.host}", _mention(case, container, peer.host))
        headline = f"What it waits for, {callee.ref.kind} {callee.ref.name}, is slow: {found.headline}"
        yield replace(found, headline=headline, claims=(*found.claims, called))


def _in_command(container: Container) -> Iterator[Host]:
    words = " ".join(str(w) for field in ("command", "args") for w in container.spec.get(field) or [])
    for pattern in (_WAIT, _FLAG, URL):
        yield from hosts(pattern, words[:4096])


def _in_files(case: Case, container: Container) -> Iterator[Host]:
    """The peers named in mounted configuration, where proxies have their upstreams."""
    for held in config_maps(case, container):
        for text in (held.at("data") or {}).values():
            for pattern in (URL, _UPSTREAM):
                yield from hosts(pattern, str(text)[:LONGEST_FILE])


def _mention(case: Case, container: Container, host: str) -> tuple[Quote, ...]:
    """Where the container gets the host from."""
    return of_host(case, container, host) or container.quote_spec("name")


def _missing(case: Case, pod: Obj, container: Container, peer: Peer) -> Finding:
    assert peer.service is not None and peer.absent is not None
    workload = workload_of(case, pod)
    text = f"There is no Service {peer.service.name} in namespace {peer.service.namespace}"
    return Finding(
        cause=SERVICE_MISSING,
        entity=workload.ref,
        headline=f"The {container.called} waits for {peer}, and {text[0].lower()}{text[1:]}",
        claims=(
            Claim(text, (peer.absent,)),
            Claim(
                f"The {container.called} is configured to reach {peer.host}",
                _mention(case, container, peer.host),
            ),
        ),
        sure=Sure.LIKELY,
        recommendations=(edit(workload.ref, "correcting the host name", SERVICE_MISSING.remedy),),
        since=container.running_since,
    )


def _down(case: Case, pod: Obj, container: Container, peer: Peer, called: Claim | None = None) -> Finding:
    assert peer.obj is not None
    workload, service = workload_of(case, pod), peer.obj
    called = called or Claim(
        f"The {container.called} is to reach {peer.host}", _mention(case, container, peer.host)
    )
    return Finding(
        cause=DOWN,
        entity=workload.ref,
        headline=f"The {container.called} depends on Service {service.ref.name}, which has no ready pod",
        claims=(
            called,
            Claim(f"Service {service.ref.name} selects these pods", service.quote("spec.selector")),
        ),
        sure=Sure.LIKELY,
        recommendations=(look(service.ref, "restoring the dependency", DOWN.remedy),),
        leads_to=(service.ref,),
    )
