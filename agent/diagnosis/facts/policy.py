"""Network policies: which of them keep one pod from reaching another. Semantics of networking.k8s.io/v1."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from agent.diagnosis.case import Case
from agent.diagnosis.facts.graph import selects
from agent.diagnosis.read.thing import Obj

Direction = Literal["Ingress", "Egress"]


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod (its labels, its namespace's labels if known) or just an address."""

    namespace: str = ""
    labels: dict[str, str] | None = None
    namespace_labels: dict[str, str] | None = None
    address: str = ""


def end_of(case: Case, pod: Obj) -> End:
    """A pod as an end; the labels of its namespace are read too."""
    namespace = case.get("Namespace", "", pod.ref.namespace, "do network policies select it?")
    labels = namespace.labels if namespace else None
    return End(pod.ref.namespace, pod.labels, labels, str(pod.at("status.podIP") or ""))


def in_the_way(
    policies: Iterable[Obj],
    direction: Direction,
    own: End,
    other: End,
    port: int | str | None,
    protocol: str = "TCP",
) -> list[Obj]:
    """The policies that select `own` in that direction if none of them allows `other`; otherwise none."""
    active = [p for p in policies if _applies(p, direction, own)]
    if any(_allows(policy, direction, other, port, protocol) for policy in active):
        return []
    return active


def _applies(policy: Obj, direction: Direction, own: End) -> bool:
    spec = policy.at("spec") or {}
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return (
        policy.ref.namespace == own.namespace
        and direction in types
        and selects(spec.get("podSelector"), own.labels or {})
    )


def _allows(policy: Obj, direction: Direction, other: End, port: int | str | None, protocol: str) -> bool:
    peers = "from" if direction == "Ingress" else "to"
    return any(
        _port_fits(rule.get("ports"), port, protocol) and _peer_fits(rule.get(peers), policy, other)
        for rule in policy.items(f"spec.{direction.lower()}")
    )


def _port_fits(ports: list[dict[str, Any]] | None, port: int | str | None, protocol: str) -> bool:
    if not ports:
        return True
    return any(_one_port_fits(entry, port) for entry in ports if entry.get("protocol", "TCP") == protocol)


def _one_port_fits(entry: dict[str, Any], port: int | str | None) -> bool:
    wanted, end = entry.get("port"), entry.get("endPort")
    if wanted is None or port is None or isinstance(wanted, str) != isinstance(port, str):
        return True  # any port, or one that cannot be compared: if in doubt, do not blame a policy
    if isinstance(port, int) and end:
        return int(wanted) <= port <= int(end)
    return wanted == port


def _peer_fits(peers: list[dict[str, Any]] | None, policy: Obj, other: End) -> bool:
    return not peers or any(_one_peer_fits(peer, policy, other) for peer in peers)


def _one_peer_fits(peer: dict[str, Any], policy: Obj, other: End) -> bool:
    if "ipBlock" in peer:
        return _in_block(peer["ipBlock"], other.address)
    if other.labels is None:
        return False
    if "namespaceSelector" in peer:
        if other.namespace_labels is not None and not selects(
            peer["namespaceSelector"], other.namespace_labels
        ):
            return False  # if the labels are not known, do not blame a policy
    elif other.namespace != policy.ref.namespace:
        return False
    return selects(peer.get("podSelector"), other.labels)


def _in_block(block: dict[str, Any], address: str) -> bool:
    if not address:
        return True
    try:
        ip = ipaddress.ip_address(address)
        nets = [
            ipaddress.ip_network(str(block.get("cidr"))),
            *map(ipaddress.ip_network, block.get("except") or []),
        ]
    except ValueError:
        return True
    return ip in nets[0] and not any(ip in net for net in nets[1:])
