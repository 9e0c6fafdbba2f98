"""Hosts: how texts name them, with a port or without, and what a name means inside a cluster."""

import re
from collections.abc import Iterator

from agent.ref import Ref

Host = tuple[str, int | None]
"""A host and its port, None where none is named."""

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?"
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
URL = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.\-]{1,20}://(?:[^/@\s\"']*@)?+(\[[0-9a-fA-F:.]+\]|\w(?:[\w.\-]*\w)?)(?::(\d{1,5}))?"
)
SERVICE = re.compile(r"(?<![\w.-])([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.svc(?![\w-])")
"""The name and namespace of a Service in its full name of the cluster's DNS."""


def hosts(pattern: re.Pattern[str], text: str) -> Iterator[Host]:
    """What the matches of a pattern name: the host in its first group, the port in its second."""
    return map(host_in, pattern.finditer(text))


def host_in(match: re.Match[str]) -> Host:
    """What one match names."""
    return match[1], int(match[2]) if match[2] else None


def is_local(host: str) -> bool:
    """Whether a name or address is the own machine's wherever it is used."""
    return host in ("localhost", "::1", "0.0.0.0") or host.startswith("127.")


def service_named(host: str, namespace: str) -> Ref | None:
    """The Service a host name means from inside a namespace (`db`, `db.shop`, `db.shop.svc...`), None for others."""
    parts = host.rstrip(".").lower().split(".")
    if not parts[0] or parts[0].replace("-", "").isdigit() or host.replace(".", "").isdigit() or ":" in host:
        return None
    if len(parts) == 1:
        return Ref("Service", namespace, parts[0])
    if len(parts) == 2 or parts[2] == "svc":
        return Ref("Service", parts[1], parts[0])
    if len(parts) > 3 and parts[3] == "svc":  # pod.service.namespace.svc: one pod of a headless Service
        return Ref("Service", parts[2], parts[1])
    return None
