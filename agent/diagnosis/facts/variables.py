"""Variables: a container's environment, as far as the pod or its ConfigMaps show it."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.case import Case
from agent.diagnosis.read.pod import Container
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, dig

_WHY = "which variables does it set?"


@dataclass(frozen=True)
class Variable:
    """A variable with its value and where the value is set."""

    name: str
    value: str
    quotes: tuple[Quote, ...]


def variables(case: Case, container: Container) -> dict[str, Variable]:
    """The variables by name; those from Secrets, the downward API and unread ConfigMaps are left out."""
    found = {variable.name: variable for variable in _from_sources(case, container)}
    for entry in container.spec.get("env") or []:
        if not isinstance(entry, dict):
            continue
        name = str(entry.get("name") or "")
        if reference := dig(entry, "valueFrom.configMapKeyRef"):
            source = _config_map(case, container, str(dig(reference, "name") or ""))
            key = str(dig(reference, "key") or "")
            if source is not None and key in (source.at("data") or {}):
                found[name] = _of_key(source, key, name)
        elif entry.get("value"):
            found[name] = Variable(name, str(entry["value"]), container.quote_spec(f"env[{name}].value"))
    return found


def _from_sources(case: Case, container: Container) -> Iterator[Variable]:
    for entry in container.spec.get("envFrom") or []:
        source = _config_map(case, container, str(dig(entry, "configMapRef.name") or ""))
        for key in (source.at("data") or {}) if source is not None else ():
            yield _of_key(source, key, f"{entry.get('prefix') or ''}{key}")


def _config_map(case: Case, container: Container, name: str) -> Obj | None:
    return case.get("ConfigMap", container.pod.ref.namespace, name, _WHY) or None


def _of_key(source: Obj | None, key: str, name: str) -> Variable:
    assert source is not None
    return Variable(name, str((source.at("data") or {})[key]), source.quote(f"data.{key}"))
