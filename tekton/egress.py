"""Egress: what the pods may reach, as patches of the NetworkPolicies under tekton/."""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any

from tekton.manifests import ManifestError, kubectl

NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SERVER, _PROMETHEUS = 1, 2  # places in the lists `egress` of the manifests


@dataclass(frozen=True)
class Egress:
    """Peers beside DNS: the API server, Prometheus where it is elsewhere, and what else runs may reach."""

    servers: tuple[str, ...]
    """Each ADDRESS:PORT or CIDR:PORT; none keeps the private networks of the manifests."""
    prometheus: str = ""
    """NAMESPACE:PORT."""
    others: tuple[str, ...] = ()
    """Each CIDR:PORT: a language model, a chat webhook."""
    alertmanagers: tuple[str, ...] = ()
    """Each NAMESPACE:PORT that the sweep may ask; none keeps port 9093 of monitoring."""

    def patches(self) -> list[dict[str, Any]]:
        """Patches for kustomize; raises ManifestError for a peer that is none."""
        server = [_replace(_SERVER, _peers(self.servers))] if self.servers else []
        runs = [*server]
        if self.prometheus:
            runs.append(_replace(_PROMETHEUS, _namespace(self.prometheus)))
        runs += [{"op": "add", "path": "/spec/egress/-", "value": _peers((other,))} for other in self.others]
        asked = [
            {
                "op": "replace",
                "path": "/spec/egress",
                "value": [_namespace(each) for each in self.alertmanagers],
            }
        ]
        found = {
            "incident-runs": runs,
            "incident-listener": server,
            "incident-sweep": asked if self.alertmanagers else [],
        }
        return [
            {"target": {"kind": "NetworkPolicy", "name": name}, "patch": json.dumps(operations)}
            for name, operations in found.items()
            if operations
        ]


def api_servers() -> tuple[str, ...]:
    """Where the cluster says that its API server listens, behind its Service and as it; raises ManifestError."""
    said = kubectl(
        "get", "endpointslices", "-n", "default", "-l", "kubernetes.io/service-name=kubernetes", "-o", "json"
    )
    service = "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}"
    found = [kubectl("get", "service", "kubernetes", "-n", "default", "-o", service)]
    for each in json.loads(said)["items"]:
        ports = [port["port"] for port in each.get("ports") or []]
        addresses = [address for end in each.get("endpoints") or [] for address in end["addresses"]]
        found += [f"{address}:{port}" for address in addresses for port in ports]
    return tuple(sorted(found))


def _peers(places: tuple[str, ...]) -> dict[str, Any]:
    parted = [_parted(place, "ADDRESS:PORT or CIDR:PORT") for place in places]
    blocks, ports = [], sorted({port for _, port in parted})
    for network, _ in parted:
        try:
            blocks.append({"ipBlock": {"cidr": str(ipaddress.ip_network(network.strip("[]"), strict=False))}})
        except ValueError:
            raise ManifestError(f"{network!r} is no address; expected like 203.0.113.7/32:443") from None
    return {"to": blocks, "ports": [{"protocol": "TCP", "port": port} for port in ports]}


def _namespace(place: str) -> dict[str, Any]:
    name, port = _parted(place, "NAMESPACE:PORT")
    if not NAMESPACE.fullmatch(name):
        raise ManifestError(f"{name!r} is no name of a namespace; expected NAMESPACE:PORT")
    labels = {"matchLabels": {"kubernetes.io/metadata.name": name}}
    return {"to": [{"namespaceSelector": labels}], "ports": [{"protocol": "TCP", "port": port}]}


def _parted(place: str, expected: str) -> tuple[str, int]:
    name, _, port = place.rpartition(":")
    if not name or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise ManifestError(f"{place!r} has no port; expected {expected}")
    return name, int(port)


def _replace(place: int, rule: dict[str, Any]) -> dict[str, Any]:
    return {"op": "replace", "path": f"/spec/egress/{place}", "value": rule}
