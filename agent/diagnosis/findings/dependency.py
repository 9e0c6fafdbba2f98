"""Calls to others that fail: the name, the address, the port, the certificate or the credentials."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit, look, on, watch
from agent.diagnosis.case import Lack
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.command import kubectl, sequence
from agent.diagnosis.facts import provenance
from agent.diagnosis.facts.backends import backends
from agent.diagnosis.facts.peer import Peer, peers_in
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings import policies
from agent.diagnosis.findings.complaint import Complaint
from agent.diagnosis.read.pod import containers, first_container
from agent.diagnosis.read.resolver import foreign_resolver, quote_resolver, right_policy
from agent.diagnosis.read.thing import Obj
from agent.evidence import query as q
from agent.ref import Ref

SERVICE_MISSING = cause("dependency-service-missing")
WRONG_PORT = cause("dependency-wrong-port")
LOCALHOST = cause("dependency-localhost")
DNS = cause("dependency-dns")
REFUSED = cause("dependency-refused")
TIMEOUT = cause("dependency-timeout")
RESET = cause("dependency-reset")
TLS_EXPIRED = cause("dependency-tls-expired")
TLS_UNTRUSTED = cause("dependency-tls-untrusted")
TLS_HOST = cause("dependency-tls-wrong-host")
TLS_PROTOCOL = cause("dependency-tls-protocol")
AUTH = cause("dependency-auth-failed")
ERROR = cause("dependency-error")
RATE_LIMITED = cause("dependency-rate-limited")
TOO_MANY = cause("too-many-connections")
FINDS = (
    AUTH,
    DNS,
    ERROR,
    LOCALHOST,
    RATE_LIMITED,
    REFUSED,
    RESET,
    SERVICE_MISSING,
    TIMEOUT,
    TLS_EXPIRED,
    TLS_HOST,
    TLS_PROTOCOL,
    TLS_UNTRUSTED,
    TOO_MANY,
    WRONG_PORT,
    *policies.FINDS,
)

# kind of line -> (cause, clause)
KINDS = {
    "dns-failure": (DNS, "the host name {peer} does not resolve"),
    "connection-refused": (REFUSED, "{peer} refuses connections"),
    "connection-timeout": (TIMEOUT, "{peer} does not answer in time"),
    "connection-reset": (RESET, "{peer} closes the connection"),
    "tls-expired": (TLS_EXPIRED, "the certificate of {peer} has expired"),
    "tls-unknown-authority": (
        TLS_UNTRUSTED,
        "the certificate of {peer} is signed by an authority it does not trust",
    ),
    "tls-wrong-host": (TLS_HOST, "the certificate of {peer} is for another host name"),
    "tls-protocol": (TLS_PROTOCOL, "only one side of the connection to {peer} speaks TLS"),
    "auth-failed": (AUTH, "{peer} rejects its credentials"),
    "upstream-error": (ERROR, "{peer} answers with errors"),
    "rate-limited": (RATE_LIMITED, "{peer} rate-limits its requests"),
    "too-many-connections": (TOO_MANY, "{peer} has no free connection for it"),
    "waiting-for": (REFUSED, "it waits for {peer}"),
}
UNREACHED = frozenset(
    {"dns-failure", "connection-refused", "connection-timeout", "connection-reset", "waiting-for"}
)


def explain(complaint: Complaint) -> Iterator[Finding]:
    """The findings behind a line that names a failing call."""
    peers = peers_in(complaint.case, complaint.pod, complaint.container, complaint.line)
    if any(peer.place == "unread" for peer in peers):
        return
    for peer in peers:
        yield from _explain_peer(complaint, peer)
    if not peers:
        cause, clause = KINDS[complaint.line.kind]
        text = clause.format(peer="of a dependency" if cause is DNS else "a dependency")
        action = _AT_THE_CALLER.get(cause.id)
        ways = (edit(complaint.workload.ref, action, cause.remedy),) if action else ()
        yield complaint.finding(
            cause, f"{text}: {complaint.line.message}", ways=ways, sure=min(complaint.sure, Sure.LIKELY)
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
    """Where the caller got the peer's name, and that no object has its address."""
    quotes = provenance.of_host(complaint.case, complaint.container, peer.host)
    named = (Claim(f"The address {peer.host} is configured here", quotes),) if quotes else ()
    strange = (Claim(f"No Service and no pod in the cluster has the address {peer.host}", peer.nobody),)
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
        claims.append(
            Claim(f"{complaint.workload.ref} takes the names of its pods from this Service", governing)
        )
        sentence = (
            "Create the headless Service that spec.serviceName names; the pods get their DNS names from it."
        )
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
    named = complaint.line.kind in ("dns-failure", "waiting-for")  # the line itself is about the name
    sure = Sure.STATED if named and complaint.sure is Sure.STATED else Sure.LIKELY
    return complaint.finding(SERVICE_MISSING, clause, *claims, ways=tuple(advice), sure=sure)


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
    return complaint.finding(LOCALHOST, clause, *claims, ways=(advice,))


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
    return complaint.finding(WRONG_PORT, clause, *claims, ways=(advice,), sure=Sure.STATED)


def _own_resolver(complaint: Complaint, peer: Peer) -> Finding | None:
    """A pod that does not query the cluster DNS, so an existing Service does not resolve for it."""
    pod, ref = complaint.pod, complaint.workload.ref
    if not (whom := foreign_resolver(pod)):
        return None
    asked = Claim(f"The pod queries {whom}, not the cluster DNS", quote_resolver(pod))
    sentence = f"Set dnsPolicy to {right_policy(pod)} in the pod's template."
    advice = edit(ref, "having the pod query the cluster DNS", sentence)
    clause = f"it cannot resolve {peer.host}, a Service that exists: the pod queries {whom}"
    return complaint.finding(DNS, clause, asked, *_named(complaint, peer), ways=(advice,), sure=Sure.STATED)


def _plain(complaint: Complaint, peer: Peer) -> Finding:
    cause, clause = KINDS[complaint.line.kind]
    leads = tuple(_leads(complaint, peer))
    advice = _advice(complaint, peer, cause)
    sure = complaint.sure
    if complaint.line.kind in UNREACHED and _is_half_read(complaint, peer):
        sure = Sure.POSSIBLE
    elif complaint.line.kind in UNREACHED and leads:
        sure = min(sure, Sure.LIKELY)  # the peer itself may say more
    return complaint.finding(
        cause,
        clause.format(peer=peer),
        *_named(complaint, peer),
        ways=(advice,),
        leads_to=leads,
        sure=sure,
    )


def _is_half_read(complaint: Complaint, peer: Peer) -> bool:
    """Whether evidence of why the peer cannot be reached was asked for and not answered."""
    if peer.place == "unknown":
        return True
    if peer.obj is not None and peer.place == "service":
        has_pods = peer.obj.at("spec.selector") and peer.obj.at("spec.type") != "ExternalName"
        behind = backends(complaint.case, peer.obj)
        if has_pods and (behind is None or (behind.ready and _is_log_refused(complaint, behind.ready[0]))):
            return True
    policies_matter = complaint.line.kind in ("connection-timeout", "dns-failure", "waiting-for")
    return policies_matter and isinstance(
        complaint.case.list("NetworkPolicy", complaint.pod.ref.namespace), Lack
    )


def _is_log_refused(complaint: Complaint, pod: Obj) -> bool:
    """Whether the log of a pod, which shows its listening port, was asked for and not answered."""
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
    caller = complaint.workload.ref
    if action := _AT_THE_CALLER.get(cause.id):
        return edit(caller, action, cause.remedy)
    action = _AT_THE_PEER.get(cause.id, "looking at the dependency")
    if peer.service and peer.place == "service":
        slices = "get endpointslices -l kubernetes.io/service-name={value}"
        command = sequence(
            on(peer.service, "get", "-o wide"),
            kubectl(peer.service.namespace, slices, value=peer.service.name),
        )
        return Recommendation(action, cause.remedy, command, "none", watch(caller))
    return Recommendation(action, cause.remedy, on(caller, "describe"), "none", watch(caller))


_AT_THE_CALLER = {
    "dependency-auth-failed": "correcting the credentials",
    "dependency-dns": "correcting the host name",
    "dependency-tls-untrusted": "giving the caller the authority's certificate",
}
_AT_THE_PEER = {
    "dependency-refused": "restoring the dependency",
    "dependency-tls-expired": "renewing the certificate of the dependency",
}
"""How to fix a failing call, where the cause alone decides."""
