"""Calls to others that fail: the name, the address, the port, the certificate or the credentials."""

from collections.abc import Iterator

from agent.diagnosis import provenance
from agent.diagnosis.advice import edit, look, on, watch
from agent.diagnosis.analyzers import policies
from agent.diagnosis.backends import backends
from agent.diagnosis.cause import Cause, declare
from agent.diagnosis.command import kubectl, sequence
from agent.diagnosis.complaint import Complaint
from agent.diagnosis.finding import Claim, Finding, Recommendation
from agent.diagnosis.peer import Peer, peers_in
from agent.diagnosis.pod import containers, first_container
from agent.diagnosis.resolver import foreign_resolver, quote_resolver, right_policy
from agent.diagnosis.thing import Obj
from agent.evidence import query as q
from agent.ref import Ref


def _cause(id: str, title: str, meaning: str, remedy: str, *confused_with: str) -> Cause:
    shows = (
        "The caller's log names the peer and the error; the caller crashes, waits, or answers with errors."
    )
    return declare(Cause(id, "dependency", title, meaning, shows, remedy, confused_with))


SERVICE_MISSING = _cause(
    "dependency-service-missing", "call to a Service that does not exist",
    "The program calls a host name for which the cluster has no Service: mistyped, elsewhere, or never made.",
    "Correct the host name where it is configured, or create the Service.",
    "dependency-dns", "network-policy-blocks-dns",
)  # fmt: skip
WRONG_PORT = _cause(
    "dependency-wrong-port", "call to a port the Service does not offer",
    "The Service exists, but not with the port that the program calls.",
    "Correct the port where the address is configured, or add the port to the Service.",
    "dependency-refused", "service-wrong-target-port",
)  # fmt: skip
LOCALHOST = _cause(
    "dependency-localhost", "call to localhost where nothing listens",
    "The program looks for its dependency inside its own pod, where no container offers it.",
    "Set the address of the dependency's Service.",
    "dependency-refused",
)  # fmt: skip
DNS = _cause(
    "dependency-dns", "host name that does not resolve",
    "The name of a host that the program calls cannot be resolved.",
    "Correct the name, or restore the DNS that should answer it.",
    "dependency-service-missing", "network-policy-blocks-dns",
)  # fmt: skip
REFUSED = _cause(
    "dependency-refused", "refused connection to a dependency",
    "The peer is found but nothing accepts the connection: it is down, not ready, or listens elsewhere.",
    "Restore the dependency; check its port.",
    "dependency-wrong-port", "service-no-ready-endpoints",
)  # fmt: skip
TIMEOUT = _cause(
    "dependency-timeout", "dependency that does not answer in time",
    "Connections or requests to the peer time out: dropped on the way, or the peer is too slow.",
    "Check network policies on the way and the load of the dependency.",
    "network-policy-blocks", "dependency-refused",
)  # fmt: skip
RESET = _cause(
    "dependency-reset", "connection broken by the dependency",
    "The peer accepts the connection and then closes it.",
    "Read the peer's log at that time: it restarts, rejects the protocol, or limits connections.",
    "dependency-tls-protocol", "dependency-refused",
)  # fmt: skip
TLS_EXPIRED = _cause(
    "dependency-tls-expired", "expired certificate",
    "The certificate that the peer presents is past its end (or not valid yet).",
    "Renew the certificate that the peer serves and have it loaded.",
    "dependency-tls-untrusted",
)  # fmt: skip
TLS_UNTRUSTED = _cause(
    "dependency-tls-untrusted", "certificate of an unknown authority",
    "The certificate of the peer is signed by an authority that the caller does not know.",
    "Give the caller the authority's certificate.",
    "dependency-tls-expired", "dependency-tls-wrong-host",
)  # fmt: skip
TLS_HOST = _cause(
    "dependency-tls-wrong-host", "certificate for another host name",
    "The certificate of the peer is not for the name by which it is called.",
    "Call the peer by a name in its certificate, or issue one that holds this name.",
    "dependency-tls-untrusted",
)  # fmt: skip
TLS_PROTOCOL = _cause(
    "dependency-tls-protocol", "TLS spoken on one side only",
    "One side speaks TLS and the other does not: an https URL to a plain port, or the reverse.",
    "Use the scheme and the port that belong together.",
    "dependency-reset",
)  # fmt: skip
AUTH = _cause(
    "dependency-auth-failed", "credentials refused by a dependency",
    "The peer answers but refuses the user, password or token it is given.",
    "Give the caller the credentials that the peer knows; after a rotation, restart the caller.",
    "rbac-forbidden", "dependency-error",
)  # fmt: skip
ERROR = _cause(
    "dependency-error", "dependency that answers with errors",
    "The peer answers requests with an error status.",
    "Look at the peer: its own log says why.",
    "application-error", "dependency-rate-limited",
)  # fmt: skip
RATE_LIMITED = _cause(
    "dependency-rate-limited", "dependency that limits the rate",
    "The peer refuses requests because there are too many (status 429).",
    "Call less often, or have the limit raised.",
    "dependency-error",
)  # fmt: skip
TOO_MANY = _cause(
    "too-many-connections", "server without free connections",
    "The server refuses new connections because its maximum is reached.",
    "Find who holds the connections; use a pool; raise the server's maximum.",
    "pool-exhausted", "dependency-auth-failed",
)  # fmt: skip

# kind of line -> (cause, clause)
KINDS = {
    "dns-failure": (DNS, "the host name {peer} does not resolve"),
    "connection-refused": (REFUSED, "{peer} refuses connections"),
    "connection-timeout": (TIMEOUT, "{peer} does not answer in time"),
    "connection-reset": (RESET, "{peer} breaks the connection"),
    "tls-expired": (TLS_EXPIRED, "the certificate of {peer} has expired"),
    "tls-unknown-authority": (
        TLS_UNTRUSTED,
        "the certificate of {peer} is signed by an authority it does not know",
    ),
    "tls-wrong-host": (TLS_HOST, "the certificate of {peer} is for another host name"),
    "tls-protocol": (TLS_PROTOCOL, "{peer} and it do not both speak TLS"),
    "auth-failed": (AUTH, "{peer} refuses its credentials"),
    "upstream-error": (ERROR, "{peer} answers with errors"),
    "rate-limited": (RATE_LIMITED, "{peer} limits the rate of its requests"),
    "too-many-connections": (TOO_MANY, "{peer} has no connection left for it"),
    "waiting-for": (REFUSED, "it waits for {peer}"),
}
UNSETTLED = 0.55  # below what is called diagnosed
UNREACHED = frozenset(
    {"dns-failure", "connection-refused", "connection-timeout", "connection-reset", "waiting-for"}
)


def explain(complaint: Complaint) -> Iterator[Finding]:
    """What lies behind a line that names a failing call."""
    peers = peers_in(complaint.case, complaint.pod, complaint.container, complaint.line)
    if any(peer.place == "unread" for peer in peers):
        return
    for peer in peers:
        yield from _explain_peer(complaint, peer)
    if not peers:
        cause, clause = KINDS[complaint.line.kind]
        text = clause.format(peer="of a dependency" if cause is DNS else "a dependency")
        yield complaint.finding(
            cause, f"{text}: {complaint.line.message}", confidence=complaint.confidence - 0.1
        )


def _explain_peer(complaint: Complaint, peer: Peer) -> Iterator[Finding]:
    kind = complaint.line.kind
    if peer.place == "service" and (wrong := _wrong_port(complaint, peer)):
        yield wrong  # whatever answered or not, it was not the Service
        return
    if kind in UNREACHED:
        if peer.place == "missing":
            yield _missing(complaint, peer)
            return
        if peer.place == "local":
            yield _local(complaint, peer)
            return
        yield from policies.between(complaint, peer)
    if kind == "dns-failure" and peer.place == "service" and (own := _own_resolver(complaint, peer)):
        yield own
        return
    yield _plain(complaint, peer)


def _named(complaint: Complaint, peer: Peer) -> tuple[Claim, ...]:
    """Where the caller has the peer's name from, and whose an address is not."""
    quotes = provenance.of_host(complaint.case, complaint.container, peer.host)
    named = (Claim(f"The address {peer.host} is configured there", quotes),) if quotes else ()
    strange = (Claim(f"No Service and no pod of the cluster has the address {peer.host}", peer.nobody),)
    return (*named, *(strange if peer.nobody else ()))


def _missing(complaint: Complaint, peer: Peer) -> Finding:
    assert peer.service is not None and peer.absent is not None
    namespace, name = peer.service.namespace, peer.service.name
    claims = [
        Claim(f"There is no Service {name} in namespace {namespace}", (peer.absent,)),
        *_named(complaint, peer),
    ]
    why = f"is {name} a mistyped Service?"
    services = complaint.case.list("Service", namespace, why=why, need="some") or []
    like = provenance.near(name, [s.ref.name for s in services])
    meant = next((s for s in services if s.ref.name == like), None)
    if meant is None:
        elsewhere = complaint.case.list(
            "Service", "*", field=f"metadata.name={name}", why=f"where is Service {name}?"
        )
        meant = next(iter(elsewhere or []), None)
    advice = [edit(complaint.workload.ref, "correcting the host name", SERVICE_MISSING.remedy)]
    if complaint.workload.at("spec.serviceName") == name:
        governing = complaint.workload.quote("spec.serviceName")
        claims.append(Claim(f"{complaint.workload.ref} takes the names of its pods from it", governing))
        sentence = "Create the headless Service that spec.serviceName names; it gives the pods their names."
        advice = [look(complaint.workload.ref, "creating the headless Service", sentence)]
    clause = f"it calls {peer}, and namespace {namespace} has no Service {name}"
    if meant is not None:
        called = (
            meant.ref.name if meant.ref.namespace == namespace else f"{meant.ref.name}.{meant.ref.namespace}"
        )
        claims.append(
            Claim(f"A Service {meant.ref} exists", meant.quote("metadata.name", "metadata.namespace"))
        )
        clause += f" ({called} exists)"
    sure = 0.95 if complaint.line.kind in ("dns-failure", "waiting-for") else 0.8
    confidence = min(sure, complaint.confidence + 0.1)
    return complaint.finding(SERVICE_MISSING, clause, *claims, advice=tuple(advice), confidence=confidence)


def _local(complaint: Complaint, peer: Peer) -> Finding:
    others = [c for c in containers(complaint.pod) if c.name != complaint.container.name]
    offering = [
        c for c in others if any(p.get("containerPort") == peer.port for p in c.spec.get("ports") or [])
    ]
    claims = list(_named(complaint, peer))
    if not others:
        claims.append(
            Claim("The pod has no other container", complaint.container.quote_spec("name", "image"))
        )
    names = ", ".join(c.name for c in offering or others)
    clause = f"it calls {peer} in its own pod, where nothing answers"
    if names:
        clause += f" (the other container{'s' if len(others) > 1 else ''}: {names})"
    advice = edit(complaint.workload.ref, "setting the address of the dependency", LOCALHOST.remedy)
    return complaint.finding(LOCALHOST, clause, *claims, advice=(advice,))


def _wrong_port(complaint: Complaint, peer: Peer) -> Finding | None:
    service = peer.obj
    if service is None or peer.port is None or service.at("spec.type") == "ExternalName":
        return None
    offered = [p.get("port") for p in service.items("spec.ports")]
    headless = service.at("spec.clusterIP") == "None"
    if not offered or peer.port in offered or headless:
        return None
    claims = (
        Claim(f"{service.ref} offers {', '.join(map(str, offered))}", service.quote("spec.ports")),
        *_named(complaint, peer),
    )
    clause = f"it calls port {peer.port} of Service {service.ref.name}, which offers {', '.join(map(str, offered))}"
    advice = edit(complaint.workload.ref, "correcting the port", WRONG_PORT.remedy)
    return complaint.finding(WRONG_PORT, clause, *claims, advice=(advice,), confidence=0.92)


def _own_resolver(complaint: Complaint, peer: Peer) -> Finding | None:
    """A pod that does not ask the cluster's DNS: then a Service that exists has no address for it."""
    pod, ref = complaint.pod, complaint.workload.ref
    if not (whom := foreign_resolver(pod)):
        return None
    asked = Claim(f"The pod asks {whom}, not the cluster's DNS", quote_resolver(pod))
    sentence = f"Set dnsPolicy to {right_policy(pod)} in the pod's template."
    advice = edit(ref, "having the pod ask the cluster's DNS", sentence)
    clause = f"it cannot resolve {peer.host}, a Service that exists: the pod asks {whom}"
    return complaint.finding(DNS, clause, asked, *_named(complaint, peer), advice=(advice,), confidence=0.9)


def _plain(complaint: Complaint, peer: Peer) -> Finding:
    cause, clause = KINDS[complaint.line.kind]
    leads = tuple(_leads(complaint, peer))
    advice = _advice(complaint, peer, cause)
    confidence = complaint.confidence
    if complaint.line.kind in UNREACHED and _is_half_read(complaint, peer):
        confidence = UNSETTLED
    elif complaint.line.kind in UNREACHED and leads:
        confidence = min(confidence, 0.8)  # the peer itself may say more
    return complaint.finding(
        cause, clause.format(peer=peer), *_named(complaint, peer), advice=(advice,), leads_to=leads,
        confidence=confidence,
    )  # fmt: skip


def _is_half_read(complaint: Complaint, peer: Peer) -> bool:
    """Whether what would tell why the peer cannot be reached was asked for and not answered."""
    if peer.place == "unknown":
        return True
    if peer.obj is not None and peer.place == "service":
        has_pods = peer.obj.at("spec.selector") and peer.obj.at("spec.type") != "ExternalName"
        behind = backends(complaint.case, peer.obj)
        if has_pods and (behind is None or (behind.ready and _is_log_refused(complaint, behind.ready[0]))):
            return True
    policies_matter = complaint.line.kind in ("connection-timeout", "dns-failure", "waiting-for")
    return policies_matter and complaint.case.list("NetworkPolicy", complaint.pod.ref.namespace) is None


def _is_log_refused(complaint: Complaint, pod: Obj) -> bool:
    """Whether the log of a pod, which tells on what it listens, was asked for and not answered."""
    query = q.logs(pod.ref.namespace, pod.ref.name, first_container(pod))
    return complaint.case.status(query) not in ("", "ok")


def _leads(complaint: Complaint, peer: Peer) -> Iterator[Ref]:
    if peer.service and peer.place == "service":
        yield peer.service
    elif peer.place == "pod" and peer.obj:
        yield peer.obj.ref
    if complaint.line.kind == "dns-failure" and peer.place != "missing":
        yield Ref("Service", "kube-system", "kube-dns")  # the name is the convention for any cluster DNS


def _advice(complaint: Complaint, peer: Peer, cause: Cause) -> Recommendation:
    if cause is AUTH:
        return edit(complaint.workload.ref, "correcting the credentials", cause.remedy)
    if peer.service and peer.place == "service":
        slices = "get endpointslices -l kubernetes.io/service-name={value}"
        command = sequence(
            on(peer.service, "get", "-o wide"),
            kubectl(peer.service.namespace, slices, value=peer.service.name),
        )
        return Recommendation(
            "looking at the dependency", cause.remedy, command, "none", watch(complaint.workload.ref)
        )
    command = on(complaint.workload.ref, "describe")
    return Recommendation(
        "looking at the dependency", cause.remedy, command, "none", watch(complaint.workload.ref)
    )
