"""Network policies that drop what a pod sends or should receive."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.facts.graph import pods_of
from agent.diagnosis.facts.peer import Peer
from agent.diagnosis.facts.policy import Direction, End, end_of, in_the_way
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.findings.complaint import Complaint
from agent.diagnosis.read.pod import is_ready
from agent.diagnosis.read.thing import Obj, dig

BLOCKS = cause("network-policy-blocks")
BLOCKS_DNS = cause("network-policy-blocks-dns")
FINDS = (BLOCKS, BLOCKS_DNS)

_SILENT = ("connection-timeout", "waiting-for", "dns-failure", "connection-refused")


def between(complaint: Complaint, peer: Peer) -> Iterator[Finding]:
    """The policies that keep the caller from its peer, judged from both ends."""
    if complaint.line.kind not in _SILENT:
        return
    case, pod = complaint.case, complaint.pod
    own_policies = case.list("NetworkPolicy", pod.ref.namespace, why=f"may {pod.ref} call {peer.host}?") or []
    if complaint.line.kind in ("dns-failure", "waiting-for"):
        blocked = own_policies and in_the_way(own_policies, "Egress", end_of(case, pod), _dns(), 53, "UDP")
        if blocked:
            name = blocked[0].ref.name
            clause = (
                f"the NetworkPolicy {name} does not allow it DNS (port 53), so {peer.host} does not resolve"
            )
            yield _finding(complaint, BLOCKS_DNS, clause, blocked[0], "Egress")
            return
    if complaint.line.kind == "dns-failure":
        return
    yield from _on_the_way(complaint, peer, own_policies)


def _on_the_way(complaint: Complaint, peer: Peer, own_policies: list[Obj]) -> Iterator[Finding]:
    case, pod = complaint.case, complaint.pod
    target, port = _target(complaint, peer)
    if target is None:
        if own_policies and peer.place == "external":
            other = End(address=peer.host if peer.host.replace(".", "").isdigit() else "")
            yield from _judge(complaint, peer, own_policies, "Egress", end_of(case, pod), other, port)
        return
    their_policies = own_policies
    if target.ref.namespace != pod.ref.namespace:
        why = f"does {target.ref} accept {pod.ref}?"
        their_policies = case.list("NetworkPolicy", target.ref.namespace, why=why) or []
    if not own_policies and not their_policies:
        return
    if complaint.line.kind == "connection-refused" and not is_ready(target):
        return
    caller, called = end_of(case, pod), end_of(case, target)
    yield from _judge(complaint, peer, own_policies, "Egress", caller, called, port)
    yield from _judge(complaint, peer, their_policies, "Ingress", called, caller, port)


def _judge(
    complaint: Complaint,
    peer: Peer,
    policies: list[Obj],
    direction: Direction,
    own: End,
    other: End,
    port: int | str | None,
) -> Iterator[Finding]:
    blocked = in_the_way(policies, direction, own, other, port)
    if blocked:
        verb = "keeps it from calling" if direction == "Egress" else "does not let it connect to"
        clause = f"the NetworkPolicy {blocked[0].ref.name} {verb} {peer}"
        yield _finding(complaint, BLOCKS, clause, blocked[0], direction)


def _finding(complaint: Complaint, cause: Cause, clause: str, policy: Obj, direction: Direction) -> Finding:
    rules = policy.items(f"spec.{direction.lower()}")
    text = (
        f"{policy.ref} restricts {direction.lower()}; none of its {len(rules)} rules allows this connection"
    )
    quotes = policy.quote(
        "spec.podSelector", "spec.policyTypes", f"spec.{direction.lower()}", "metadata.name"
    )
    advice = edit(policy.ref, "allowing the connection in the policy", cause.remedy)
    return complaint.finding(
        cause,
        clause,
        Claim(text, quotes),
        ways=(advice,),
        entity=policy.ref,
        sure=Sure.LIKELY if complaint.line.kind == "connection-refused" else Sure.STATED,
    )


def _dns() -> End:
    """The cluster DNS as most policies name it: the pods of kube-system that carry its label."""
    return End("kube-system", {"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"})


def _target(complaint: Complaint, peer: Peer) -> tuple[Obj | None, int | str | None]:
    """A pod that would answer, and the port on it: policies apply behind the Service."""
    if peer.place == "pod":
        return peer.obj, peer.port
    if peer.obj is None or not peer.obj.at("spec.selector"):
        return None, peer.port
    pods = pods_of(complaint.case, peer.obj) or []
    ports = peer.obj.items("spec.ports")
    entry = next((p for p in ports if p.get("port") == peer.port), ports[0] if len(ports) == 1 else {})
    wanted = entry.get("targetPort", peer.port)
    if not pods:
        return None, wanted
    if isinstance(wanted, str):
        declared = [p for c in pods[0].items("spec.containers") for p in c.get("ports") or []]
        wanted = dig({"ports": declared}, f"ports[{wanted}].containerPort", wanted)
    return pods[0], wanted
