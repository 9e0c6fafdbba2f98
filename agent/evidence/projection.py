"""Projection: what is cut from an object before it becomes evidence. Pure functions on plain data."""

from typing import Any

MAX_VALUE = 2048  # characters of one value of a ConfigMap or an annotation
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TOKEN_VOLUME = "kube-api-access-"  # mounted into every pod by the API server
_BOOKKEEPING = ("resourceVersion", "selfLink", "generateName")


def project(item: dict[str, Any], kind: str = "", *, listed: bool = False) -> dict[str, Any]:
    """A copy of an object without what nobody diagnoses with; projecting twice changes nothing more.

    managedFields become {manager, operation, time, subresource, fields: [paths two levels deep]}; nulls,
    the last-applied annotation and a node's images go; long values are cut. Empty maps and lists stay:
    `podSelector: {}` selects every pod. A `listed` object is cut further: what a controller wrote about
    its own children and the API server into every pod. `kind` is added where a list left it out.
    """
    cut: dict[str, Any] = _without_nulls(item)
    kind = str(cut.get("kind") or kind)
    cut["kind"] = kind
    meta = cut.get("metadata")
    if isinstance(meta, dict):
        _cut_metadata(meta, listed=listed)
    _cut_kind(cut, kind)
    if listed:
        cut.pop("apiVersion", None)
        if kind == "Pod":
            _cut_token_volume(cut)
    return cut


def changed_fields(fields: Any) -> list[str]:
    """The paths of a managedFields entry (its fieldsV1), two levels deep: `spec.replicas`, `data.LEVEL`."""
    paths: list[str] = []
    for top, below in fields.items() if isinstance(fields, dict) else ():
        if not top.startswith("f:"):
            continue
        names = [key[2:] for key in below if key.startswith("f:")] if isinstance(below, dict) else []
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
    annotations = meta.get("annotations")
    if isinstance(annotations, dict):
        annotations.pop(_LAST_APPLIED, None)
        _cut_values(annotations)
    if listed and any(owner.get("controller") is True for owner in _dicts(meta.get("ownerReferences"))):
        meta.pop("managedFields", None)
    if "managedFields" in meta:
        meta["managedFields"] = [_manager(entry) for entry in _dicts(meta["managedFields"])]


def _manager(entry: dict[str, Any]) -> dict[str, Any]:
    kept = {key: entry[key] for key in ("manager", "operation", "time", "subresource") if entry.get(key)}
    return kept | {"fields": entry.get("fields") or changed_fields(entry.get("fieldsV1"))}


def _cut_kind(item: dict[str, Any], kind: str) -> None:
    if kind == "ConfigMap":
        for key in ("data", "binaryData"):
            if isinstance(item.get(key), dict):
                _cut_values(item[key])
    elif kind == "Node" and isinstance(item.get("status"), dict):
        item["status"].pop("images", None)
    elif kind == "CustomResourceDefinition":
        for version in _dicts((item.get("spec") or {}).get("versions")):
            version.pop("schema", None)
    elif kind.endswith("WebhookConfiguration"):
        for webhook in _dicts(item.get("webhooks")):
            _cut_bundle(webhook.get("clientConfig"))
    elif kind == "APIService":
        _cut_bundle(item.get("spec"))


def _cut_values(values: dict[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, str) and len(value) > MAX_VALUE and not value.endswith(" characters cut)"):
            values[key] = f"{value[:MAX_VALUE]}... ({len(value) - MAX_VALUE} characters cut)"


def _cut_bundle(config: Any) -> None:
    """A certificate says nothing to a reader; whether there is one does."""
    if isinstance(config, dict) and config.get("caBundle"):
        config["caBundle"] = "(present)"


def _cut_token_volume(pod: dict[str, Any]) -> None:
    spec = pod.get("spec")
    if not isinstance(spec, dict):
        return
    for holder, key in [(spec, "volumes"), *((each, "volumeMounts") for each in _containers(spec))]:
        if isinstance(holder.get(key), list):
            holder[key] = [
                each for each in _dicts(holder[key]) if not str(each.get("name")).startswith(_TOKEN_VOLUME)
            ]


def _containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for key in ("initContainers", "containers") for each in _dicts(spec.get(key))]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
