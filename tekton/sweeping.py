"""The sweep and the cap as the installer sets them: patches of the manifests under tekton/sweep."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tekton.manifests import ManifestError

MOST = 1000
_INSIDE = re.compile(r"[a-z0-9-]+\.(?P<namespace>[a-z0-9-]+)(\.svc(\.[a-z0-9.-]+)?)?")
_ARGS = "/spec/jobTemplate/spec/template/spec/containers/0/args"
_MOST, _FIRST = f"{_ARGS}/2", f"{_ARGS}/3"  # in the manifest: --most, and the one --alertmanager


@dataclass(frozen=True)
class Sweeping:
    """Whom the sweep asks, about which receivers, and how many pods of runs there may be; raises ManifestError."""

    alertmanagers: tuple[str, ...] = ()
    """Addresses; none keeps the one of the manifest."""
    receiver: str = ""
    most: int | None = None

    def __post_init__(self) -> None:
        if self.most is not None and not 1 <= self.most <= MOST:
            raise ManifestError(f"--most is {self.most}; expected 1 to {MOST}")

    def patches(self) -> list[dict[str, Any]]:
        """Patches for kustomize: the sweep's arguments, and the quota that holds the cap."""
        arguments: list[dict[str, Any]] = []
        if self.most is not None:
            arguments.append({"op": "replace", "path": _MOST, "value": f"--most={self.most}"})
        for number, url in enumerate(self.alertmanagers):
            place = {"op": "add", "path": f"{_ARGS}/-"} if number else {"op": "replace", "path": _FIRST}
            arguments.append(place | {"value": f"--alertmanager={url}"})
        if self.receiver:
            arguments.append({"op": "add", "path": f"{_ARGS}/-", "value": f"--receiver={self.receiver}"})
        cap = [{"op": "replace", "path": "/spec/hard/pods", "value": str(self.most)}]
        return _patch("CronJob", "incident-sweep", arguments) + _patch(
            "ResourceQuota", "incident-runs", cap if self.most else []
        )

    def peers(self) -> tuple[str, ...]:
        """NAMESPACE:PORT of each that is a Service of this cluster; for others there is the installer's --reach."""
        found = set()
        for url in self.alertmanagers:
            host, port = _parted(url)
            if inside := _INSIDE.fullmatch(host):
                found.add(f"{inside['namespace']}:{port}")
        return tuple(sorted(found))


def _patch(kind: str, name: str, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    target = {"kind": kind, "name": name}
    return [{"target": target, "patch": json.dumps(operations)}] if operations else []


def _parted(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        usual = {"http": 80, "https": 443}[parts.scheme]
        port = usual if parts.port is None else parts.port
    except (ValueError, KeyError):
        port = 0
    if not port or not parts.hostname or parts.query or parts.username is not None:
        raise ManifestError(
            f"{url!r} is no address of an Alertmanager; expected like http://alertmanager.monitoring.svc:9093"
        )
    return parts.hostname, port
