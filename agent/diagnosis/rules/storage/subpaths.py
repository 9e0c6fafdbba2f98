"""Files mounted by subPath from a ConfigMap without the key: Kubernetes silently mounts an empty directory."""

from collections.abc import Iterator
from typing import Any

from agent.diagnosis.advice import edit
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Sure, one_of
from agent.diagnosis.read.pod import Container, containers, is_deleting, is_well
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, dig
from agent.diagnosis.registry import rule

SUB_PATH = cause("subpath-key-missing")


@rule("Pod", finds=(SUB_PATH,))
def silent_directories(case: Case, pod: Obj) -> Iterator[Finding]:
    """An unhealthy pod that mounts a key which its ConfigMap does not have."""
    if is_well(pod) or is_deleting(pod):
        return
    for container in containers(pod):
        for position, mount in enumerate(container.spec.get("volumeMounts") or []):
            config = _config_of(pod, mount)
            if config and (finding := _missing(case, container, position, mount, config)):
                yield finding


def _config_of(pod: Obj, mount: dict[str, Any]) -> dict[str, Any] | None:
    """The ConfigMap volume that a mount takes one file of."""
    config = pod.at(f"spec.volumes[{mount.get('name')}].configMap")
    return (
        config if mount.get("subPath") and isinstance(config, dict) and not config.get("optional") else None
    )


def _missing(
    case: Case, container: Container, position: int, mount: dict[str, Any], config: dict[str, Any]
) -> Finding | None:
    pod, wanted = container.pod, str(mount["subPath"])
    source = case.get(
        "ConfigMap", pod.ref.namespace, str(config.get("name") or ""), f"does it have the key {wanted}?"
    )
    if not source:
        return None
    items = config.get("items") or []
    keys = {*(source.at("data") or {}), *(source.at("binaryData") or {})}
    files = {str(dig(item, "path")) for item in items if item.get("key") in keys} if items else keys
    if wanted in files or any(file.startswith(wanted.rstrip("/") + "/") for file in files):
        return None
    label = mount.get("name") or position
    owner = workload_of(case, pod)
    has = ", ".join(sorted(files)[:5]) or "none"
    return Finding(
        cause=SUB_PATH,
        entity=owner.ref,
        headline=f"Container {container.name} mounts the key {wanted} of ConfigMap {source.ref.name}, which "
        f"has no such key",
        claims=(
            Claim(
                f"The container mounts {wanted} as a file",
                container.quote_spec(f"volumeMounts[{label}].subPath"),
            ),
            Claim(
                f"The keys of ConfigMap {source.ref.name}: {has}",
                _keys(source) or source.quote("metadata.name"),
            ),
        ),
        sure=Sure.STATED,
        recommendations=one_of(
            edit(owner.ref, "correcting subPath", f"Set subPath to one of: {has}."),
            edit(source.ref, "adding the key", f"Add the key {wanted}, and restart the pods."),
        ),
    )


def _keys(source: Obj) -> tuple[Quote, ...]:
    return tuple(
        quote for key in list(source.at("data") or {})[:3] for quote in source.quote_key("data", key)
    )
