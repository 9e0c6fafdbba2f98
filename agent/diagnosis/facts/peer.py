"""Peers: what a host and port in a log or variable mean from inside a pod."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.backends import backends
from agent.diagnosis.facts.provenance import near
from agent.diagnosis.facts.variables import variables
from agent.diagnosis.logs import LogFinding
from agent.diagnosis.read.pod import Container
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.evidence import query as q
from agent.hosts import ADDRESS, NAME, URL, Host, host_in, hosts, is_local, service_named
from agent.ref import Ref

Place = Literal["service", "missing", "external", "local", "pod", "unread", "unknown"]

LONGEST_WORD = 4096
_HOST_PORT = re.compile(rf"({NAME}):(\d{{2,5}})$")
_HOST_VARIABLE = re.compile(r"(HOST|HOSTNAME|ADDR|ADDRESS|SERVER|ENDPOINT|URL|URI|BROKERS?|SERVICE)$")
_HOST = re.compile(rf"(?!.*[A-Z]){NAME}$")
MOST_CONFIGURED = 8
_DSN_HOST = re.compile(rf"\bhost=({NAME})()")


@dataclass(frozen=True)
class Peer:
    """The other end of a call. `service` is the Service it names, `obj` that Service if it exists.

    unread: an answer is still to come; unknown: the evidence that would show it could not be read. `nobody` are the
    lists without a Service or pod of that address.
    """

    host: str
    port: int | None
    place: Place
    service: Ref | None = None
    obj: Obj | None = None
    absent: Quote | None = None
    nobody: tuple[Quote, ...] = ()

    def __str__(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}" if self.port else self.host


def peer_of(case: Case, pod: Obj, host: str, port: int | None) -> Peer:
    """What a host name or address refers to in the cluster, as far as it was read."""
    host = host.strip("[]").rstrip(".").lower()
    if is_local(host) or host == pod.at("status.podIP"):
        return Peer(host, port, "local")
    if ADDRESS.fullmatch(host):
        return _by_address(case, host, port)
    service = service_named(host, pod.ref.namespace)
    if service is None:
        return Peer(host, port, "external")
    return _by_name(case, pod, host, port, service)


def _by_name(case: Case, pod: Obj, host: str, port: int | None, service: Ref) -> Peer:
    found = case.obj(service, f"{pod.ref} calls {host}")
    if found:
        return Peer(host, port, "service", service, found)
    absent = case.absent("Service", service.namespace, service.name)
    if absent is None:
        refused = case.status(q.get("Service", service.namespace, service.name))
        return Peer(host, port, "unknown" if refused else "unread", service)
    if host.count(".") == 1:  # `pod.service` of a headless Service, or a name outside the cluster
        second = host.split(".")[1]
        headless = case.get("Service", pod.ref.namespace, second, f"{pod.ref} calls {host}")
        if headless:
            return Peer(host, port, "service", headless.ref, headless)
        if not case.get("Namespace", "", second, f"is {second} a namespace?"):
            why = f"is {second} a mistyped namespace?"
            namespaces = case.list("Namespace", "*", why=why, need="some")
            if not near(second, [ns.ref.name for ns in namespaces or []]):
                return Peer(host, port, "external" if not isinstance(namespaces, Lack) else "unread")
    return Peer(host, port, "missing", service, absent=absent)


def _by_address(case: Case, host: str, port: int | None) -> Peer:
    why = f"whose address is {host}?"
    services = case.list("Service", "*", field=f"spec.clusterIP={host}", why=why, need="some")
    if services:
        return Peer(host, port, "service", services[0].ref, services[0])
    pods = case.list("Pod", "*", field=f"status.podIP={host}", why=why, need="some")
    if pods:
        return Peer(host, port, "pod", obj=pods[0])
    if services is Lack.UNREAD or pods is Lack.UNREAD:
        return Peer(host, port, "unread")
    fields = (("Service", "spec.clusterIP"), ("Pod", "status.podIP"))
    nobody = [case.none_listed(kind, "*", field=f"{field}={host}") for kind, field in fields]
    return Peer(
        host, port, "external", nobody=tuple(quote for quote in nobody if quote) if all(nobody) else ()
    )


def called_by(case: Case, container: Container) -> Iterator[tuple[str, str, int | None]]:
    """(variable, host, port) for each variable that names a peer, of the pod itself or of its ConfigMaps."""
    env = {name: variable.value for name, variable in variables(case, container).items()}
    for name, value in env.items():
        value = value.split(",")[0].strip()
        if match := URL.match(value) or _HOST_PORT.match(value) or _DSN_HOST.search(value):
            yield name, *host_in(match)
        elif _HOST_VARIABLE.search(name) and _HOST.match(value) and not value.isdigit():
            port = env.get(re.sub(r"(HOST|HOSTNAME|ADDR|ADDRESS|SERVER)$", "PORT", name), "")
            yield name, value, int(port) if port.isdigit() else None


def peers_in(case: Case, pod: Obj, container: Container, line: LogFinding) -> list[Peer]:
    """The peers named in a log line; if it names none, the one configured peer that it can mean."""
    named = list(line.targets.hosts)
    if not named:
        return _configured(case, pod, container)
    if len(named) == 1 and ADDRESS.fullmatch(named[0][0]):
        named = _names_instead(case, container, named[0])
    peers = [peer_of(case, pod, host, port) for host, port in named[:3]]
    meant = [peer for peer in peers if not _is_mere_word(peer, line)]
    return meant or _configured(case, pod, container)


def _is_mere_word(peer: Peer, line: LogFinding) -> bool:
    """Whether a supposed host is only a word of prose ("the backend is unavailable"): no Service has that name."""
    is_word = peer.port is None and peer.host.isalpha()
    return is_word and peer.place == "missing" and line.kind not in ("dns-failure", "waiting-for")


def _configured(case: Case, pod: Obj, container: Container) -> list[Peer]:
    """The only peer the variables name, or the only one of them that does not exist; unread ones first."""
    known = dict.fromkeys((host, port) for _, host, port in called_by(case, container))
    known |= dict.fromkeys(_in_command(container))
    chosen = case.first(known, MOST_CONFIGURED, f"hosts configured in {pod.ref}")
    peers = [peer_of(case, pod, host, port) for host, port in chosen]
    if any(peer.place == "unread" for peer in peers):
        return peers
    if len(peers) == 1:
        return [peer for peer in peers if peer.place != "unknown"]
    away = [peer for peer in peers if peer.place == "missing" or _is_deserted(case, peer)]
    return away if len(away) == 1 else []


def _in_command(container: Container) -> Iterator[Host]:
    """The peers of the URLs in a container's command and arguments, by name: an address may be the pod's own."""
    for field in ("command", "args"):
        for word in container.spec.get(field) or []:
            yield from (each for each in hosts(URL, str(word)[:LONGEST_WORD]) if each[0][0].isalpha())


def _is_deserted(case: Case, peer: Peer) -> bool:
    """Whether a Service has no pod that takes its traffic."""
    behind = backends(case, peer.obj) if peer.place == "service" and peer.obj is not None else None
    return behind is not None and not behind.ready


def _names_instead(case: Case, container: Container, address: Host) -> list[Host]:
    """A variable with the same port says more than the address a client resolved it to."""
    host, port = address
    if is_local(host):
        return [address]
    same = {(h, p) for _, h, p in called_by(case, container) if p == port and not ADDRESS.fullmatch(h)}
    return list(same) if port and len(same) == 1 else [address]
