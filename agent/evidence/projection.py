"""Projection: what is cut from an object before it becomes evidence. Pure functions on plain data."""

from typing import Any

MAX_VALUE = 2048  # characters of one value of a ConfigMap or an annotation
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TOKEN_VOLUME = "kube-api-access-"  # mounted into every pod by the API server
_BOOKKEEPING = ("resourceVersion", "selfLink", "generateName")


def project(item: dict[str, Any], kind: str = "", *, listed: bool = False) -> dict[str, Any]:
    """A copy of an object without what no diagnosis needs; projecting twice changes nothing more.

    managedFields become {manager, operation, time, subresource, fields: [paths two levels deep]}; nulls,
    the last-applied annotation and a node's images go; long values are cut. Empty maps and lists stay:
    `podSelector: {}` selects every pod. A `listed` object is cut further: what a controller wrote about
    its own children and the API server into every pod. `kind` is added where a list left it out.
    """
    cut: dict[str, Any] = _without_nulls(item)
    kind = str(cut.get("kind") or kind)
    cut["kind"] = kind
    _cut_metadata(_dict(cut.get("metadata")), listed=listed)
    _cut_kind(cut, kind)
    if listed:
        cut.pop("apiVersion", None)
        if kind == "Pod":
            _cut_token_volume(cut)
    return cut


def changed_fields(fields: Any) -> list[str]:
    """The paths of a managedFields entry (its fieldsV1), two levels deep: `spec.replicas`, `data.LEVEL`."""
    paths: list[str] = []
    for top, below in _dict(fields).items():
        if top.startswith("f:"):
            names = [key[2:] for key in _dict(below) if key.startswith("f:")]
            paths += [f"{top[2:]}.{name}" for name in names] or [top[2:]]
    return sorted(paths)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_without_nulls(below) for below in value]
    return value


def _cut_metadata(meta: dict[str, Any], *, listed: bool) -> None:
    for key in _BOOKKEEPING:
        meta.pop(key, None)
    annotations = _dict(meta.get("annotations"))
    annotations.pop(_LAST_APPLIED, None)
    _cut_values(annotations)
    if listed and any(owner.get("controller") is True for owner in dicts(meta.get("ownerReferences"))):
        meta.pop("managedFields", None)
    if "managedFields" in meta:
        meta["managedFields"] = [_manager(entry) for entry in dicts(meta["managedFields"])]


def _manager(entry: dict[str, Any]) -> dict[str, Any]:
    kept = {key: entry[key] for key in ("manager", "operation", "time", "subresource") if entry.get(key)}
    return kept | {"fields": entry.get("fields") or changed_fields(entry.get("fieldsV1"))}


def _cut_kind(item: dict[str, Any], kind: str) -> None:
    if kind == "ConfigMap":
        _cut_values(_dict(item.get("data")))
        _cut_values(_dict(item.get("binaryData")))
    elif kind == "Node":
        _dict(item.get("status")).pop("images", None)
    elif kind == "CustomResourceDefinition":
        for version in dicts(_dict(item.get("spec")).get("versions")):
            version.pop("schema", None)
    elif kind == "APIService":
        _cut_bundle(_dict(item.get("spec")))
    elif kind.endswith("WebhookConfiguration"):
        for webhook in dicts(item.get("webhooks")):
            _cut_bundle(_dict(webhook.get("clientConfig")))


def _cut_values(values: dict[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, str) and len(value) > MAX_VALUE and not value.endswith(" characters cut)"):
            values[key] = f"{value[:MAX_VALUE]}... ({len(value) - MAX_VALUE} characters cut)"


def _cut_bundle(config: dict[str, Any]) -> None:
    """Replace a certificate: its content tells a reader nothing, only whether it exists."""
    if config.get("caBundle"):
        config["caBundle"] = "(present)"


def _cut_token_volume(pod: dict[str, Any]) -> None:
    spec = _dict(pod.get("spec"))
    containers = dicts(spec.get("initContainers")) + dicts(spec.get("containers"))
    for holder, key in [(spec, "volumes"), *((each, "volumeMounts") for each in containers)]:
        if key in holder:
            holder[key] = [
                each for each in dicts(holder[key]) if not str(each.get("name")).startswith(_TOKEN_VOLUME)
            ]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in what should be a list of them."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
