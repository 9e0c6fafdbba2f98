"""Fronts: which Services an Ingress routes to, and which one a Service is an alias for."""

from collections.abc import Iterator
from typing import Any

from agent.diagnosis.read.thing import Obj, dig
from agent.ref import Ref


def alias_of(service: Obj) -> Ref | None:
    """The Service in the cluster that an ExternalName is an alias for; None for others."""
    if service.at("spec.type") != "ExternalName":
        return None
    parts = str(service.at("spec.externalName") or "").rstrip(".").split(".")
    return Ref("Service", parts[1], parts[0]) if len(parts) > 2 and parts[2] == "svc" else None


def services_behind(ingress: Obj) -> Iterator[tuple[dict[str, Any], str]]:
    """Each backend that is a Service, with the path of its name for quotes."""
    default = ingress.at("spec.defaultBackend.service")
    if isinstance(default, dict):
        yield default, "spec.defaultBackend.service.name"
    for r, entry in enumerate(ingress.items("spec.rules")):
        for p, path in enumerate(dig(entry, "http.paths") or []):
            service = dig(path, "backend.service")
            if isinstance(service, dict):
                yield service, f"spec.rules[{r}].http.paths[{p}].backend.service.name"
