"""Provenance: where the variables, files and host names that a container uses come from."""

import difflib
import json
from collections.abc import Iterable, Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.variables import variables
from agent.diagnosis.finding import Claim
from agent.diagnosis.read.pod import Container
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, cut, dig

NEAR = 0.75
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


def near(name: str, known: Iterable[str]) -> str:
    """The known name most similar to this one but not equal to it, or ""."""
    others = [other for other in known if other != name]
    return next(iter(difflib.get_close_matches(name, others, 1, NEAR)), "")


def config_maps(case: Case, container: Container) -> Iterator[Obj]:
    """The ConfigMaps a container takes variables or files from, if they exist."""
    names: dict[str, None] = {}
    for source in container.spec.get("envFrom") or []:
        names[str(dig(source, "configMapRef.name") or "")] = None
    for variable in container.spec.get("env") or []:
        names[str(dig(variable, "valueFrom.configMapKeyRef.name") or "")] = None
    mounted = {mount.get("name") for mount in container.spec.get("volumeMounts") or []}
    for volume in container.pod.items("spec.volumes"):
        if volume.get("name") in mounted:
            names[str(dig(volume, "configMap.name") or "")] = None
            for source in dig(volume, "projected.sources") or []:
                names[str(dig(source, "configMap.name") or "")] = None
    for name in filter(None, names):
        found = case.get("ConfigMap", container.pod.ref.namespace, name, "what does its configuration say?")
        if found:
            yield found


def of_broken_documents(case: Case, container: Container) -> Iterator[Claim]:
    """The JSON documents of its ConfigMaps that are not valid, whatever the program says about its configuration."""
    for found in config_maps(case, container):
        for key, text in (found.at("data") or {}).items():
            if key.endswith(".json") and (error := _json_error(str(text))):
                yield Claim(
                    f"{key} of ConfigMap {found.ref.name} is not valid JSON: {error}",
                    found.quote(f"data.{key}"),
                )


def _json_error(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return ""


def of_variable(case: Case, container: Container, name: str) -> Iterator[Claim]:
    """What the spec says about a variable that the program finds missing or invalid."""
    entry = dig(container.spec, f"env[{name}]")
    if isinstance(entry, dict):
        yield from _declared(case, container, name, entry)
        return
    like = near(name, container.env)
    if like:
        text = f"The spec sets {like}, not {name}"
        yield Claim(text, container.quote_spec(f"env[{like}]"))
    yield from _in_config_maps(case, container, name)


def _declared(case: Case, container: Container, name: str, entry: dict) -> Iterator[Claim]:
    namespace = container.pod.ref.namespace
    for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        source = dig(entry, f"valueFrom.{field}")
        if not isinstance(source, dict):
            continue
        text = f"The variable {name} comes from key {source.get('key')} of {kind} {source.get('name')}"
        quotes = container.quote_spec(
            f"env[{name}].valueFrom.{field}.name", f"env[{name}].valueFrom.{field}.key"
        )
        if kind == "ConfigMap":
            found = case.get(
                kind,
                namespace,
                str(source.get("name")),
                f"does {kind} {source.get('name')} have the key for variable {name}?",
            )
            absent = case.absent(kind, namespace, str(source.get("name")))
            if absent:
                text, quotes = f"{text}, which does not exist", (*quotes, absent)
            elif found and source.get("key") not in (found.at("data") or {}):
                text, quotes = f"{text}, which has no such key", (*quotes, *found.quote("data"))
            elif found:
                quotes = (*quotes, *found.quote(f"data.{source.get('key')}"))
        yield Claim(text, quotes)
        return
    if not entry.get("value"):
        yield Claim(f"The variable {name} is set to an empty value", container.quote_spec(f"env[{name}]"))
    elif quotes := container.quote_spec(f"env[{name}].value"):
        yield Claim(f"The spec sets {name}", quotes)


def _in_config_maps(case: Case, container: Container, name: str) -> Iterator[Claim]:
    for found in config_maps(case, container):
        data = found.at("data") or {}
        if name in data:
            text = f"{found.ref} has the key {name}, which reaches a container only after a restart"
            yield Claim(text, found.quote(f"data.{name}"))
        elif like := near(name, data):
            yield Claim(f"{found.ref} has a key {like}, but none called {name}", found.quote(f"data.{like}"))


def of_file(case: Case, container: Container, path: str) -> Iterator[Claim]:
    """What is mounted at or above a path that the program could not use."""
    mounts = [m for m in container.spec.get("volumeMounts") or [] if _covers(str(m.get("mountPath")), path)]
    if not mounts:
        quotes = container.pod.quote("spec.automountServiceAccountToken")
        if quotes and _covers(TOKEN, path):
            yield Claim("The pod gets no ServiceAccount token", quotes)
        return
    mount = max(mounts, key=lambda m: len(str(m.get("mountPath"))))
    place = str(mount.get("mountPath"))
    volume = dig(container.pod.data, f"spec.volumes[{mount.get('name')}]") or {}
    first = dig(container.spec, f"volumeMounts[{mount.get('name')}].mountPath")
    quotes = container.quote_spec(f"volumeMounts[{mount.get('name')}].mountPath") if first == place else ()
    config = dig(volume, "configMap.name")
    if not config:
        kind = next((key for key in volume if key != "name"), "volume")
        yield Claim(f"The volume {mount.get('name')} ({kind}) is mounted at {place}", quotes)
        return
    found = case.get("ConfigMap", container.pod.ref.namespace, str(config), f"which files does {place} get?")
    if not found:
        return
    wanted = str(mount.get("subPath") or path.removeprefix(place).lstrip("/"))
    keys = sorted(str(item.get("path")) for item in dig(volume, "configMap.items") or []) or sorted(
        found.at("data") or {}
    )
    if wanted and wanted not in keys:
        text = f"{place} is mounted from ConfigMap {config}, which has no {wanted}, only {', '.join(keys) or 'nothing'}"
        yield Claim(text, (*quotes, *(q for key in keys[:3] for q in found.quote(f"data.{key}"))))
    else:
        yield Claim(f"{path} is mounted from ConfigMap {config}", (*quotes, *found.quote(f"data.{wanted}")))


def _covers(place: str, path: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def of_host(case: Case, container: Container, host: str) -> tuple[Quote, ...]:
    """Where a host name is configured: variables, arguments, then the container's ConfigMaps."""
    for variable in variables(case, container).values():
        if host in variable.value and "\n" not in variable.value:
            return variable.quotes
    for field in ("command", "args"):
        for place, word in enumerate(container.spec.get(field) or []):
            if host in str(word) and "\n" not in str(word):
                return container.quote_spec(f"{field}[{place}]")
    for found in config_maps(case, container):
        for key, value in (found.at("data") or {}).items():
            if line := next((line for line in str(value).splitlines() if host in line), ""):
                whole = found.quote_key("data", key)
                return (
                    whole if "\n" not in str(value) else (*whole, Quote(found.evidence.id, cut(line.strip())))
                )
    return ()
