"""Configuration that keeps a container from being created: ConfigMaps, Secrets, keys, users."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.diagnosis.advice import edit, roll_back, watch
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.changes import recent_change
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.provenance import near
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.read.pod import Container, containers, is_deleting, is_ready
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, dig
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

CONFIGMAP = cause("configmap-missing")
SECRET = cause("secret-missing")
CONFIGMAP_KEY = cause("configmap-key-missing")
SECRET_KEY = cause("secret-key-missing")
NON_ROOT = cause("run-as-non-root-violation")
SUBPATH = cause("subpath-invalid")
CREATE = cause("container-create-error")

_OBJECT = re.compile(r'\b(configmap|secret) "([^"]{1,253})" not found')
_KEY = re.compile(r"couldn't find key (\S{1,253}) in (ConfigMap|Secret) ([^/\s]{1,253})/([^\s,]{1,253})")
_FILE_KEY = re.compile(r"references non-existent (config|secret) key: (\S{1,253})")
_CREATING = ("ContainerCreating", "PodInitializing")


@dataclass(frozen=True)
class Fault:
    """What a message of the kubelet says is wrong with a container's configuration."""

    cause: Cause
    clause: str
    kind: str = ""
    name: str = ""
    key: str = ""


def read_message(message: str) -> Fault:
    """The fault a CreateContainer(Config)Error names; `container-create-error` if it is not a known one."""
    if match := _KEY.search(message):
        key, kind, name = match[1], match[2], match[4]
        cause = CONFIGMAP_KEY if kind == "ConfigMap" else SECRET_KEY
        return Fault(cause, f"the {kind} {name} has no key {key}", kind, name, key)
    if match := _OBJECT.search(message):
        kind = "ConfigMap" if match[1] == "configmap" else "Secret"
        cause = CONFIGMAP if kind == "ConfigMap" else SECRET
        return Fault(cause, f"the {kind} {match[2]} does not exist", kind, match[2])
    if "runAsNonRoot" in message or "breaks non-root policy" in message:
        return Fault(NON_ROOT, f"it must not run as root, but would: {message[:160]}")
    if "SubPath" in message:
        return Fault(SUBPATH, f"the subPath of one of its mounts is not valid: {message[:160]}")
    return Fault(CREATE, message[:200])


@rule("Pod", finds=(CONFIGMAP, CONFIGMAP_KEY, CREATE, NON_ROOT, SECRET, SECRET_KEY, SUBPATH))
def not_created(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """Containers that wait because their configuration is missing or refused."""
    if is_deleting(pod):
        return
    for container in containers(pod):
        if container.waiting in ("CreateContainerConfigError", "CreateContainerError"):
            fault = read_message(container.waiting_message)
            quotes = container.quote("state.waiting.message", "state.waiting.reason")
            yield _finding(
                case, pod, container, fault, quotes, Sure.STATED if fault.cause is not CREATE else Sure.LIKELY
            )


@rule("Pod", finds=(CONFIGMAP, CONFIGMAP_KEY, CREATE, NON_ROOT, SECRET, SECRET_KEY, SUBPATH))
def not_mounted(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """Volumes from ConfigMaps and Secrets that cannot be set up."""
    waiting = next((c for c in containers(pod) if c.waiting in _CREATING), None)
    if waiting is None or is_ready(pod) or is_deleting(pod):
        return
    seen: set[str] = set()
    for event in reversed(case.events(pod.ref, f"why is {pod.ref} still being created?") or []):
        fault = _mount_fault(pod, event.message) if event.reason == "FailedMount" else None
        if fault is None or fault.clause in seen or _exists_now(case, pod, fault):
            continue
        seen.add(fault.clause)
        yield _finding(case, pod, waiting, fault, (event.quote,), Sure.STATED)


def _mount_fault(pod: Obj, message: str) -> Fault | None:
    if "not registered" in message:
        return None
    if match := _FILE_KEY.search(message):
        kind = "ConfigMap" if match[1] == "config" else "Secret"
        volume = re.search(r'for volume "([^"]{1,253})"', message)
        name = _source(pod.at(f"spec.volumes[{volume[1]}]") or {}, kind, match[2]) if volume else ""
        cause = CONFIGMAP_KEY if kind == "ConfigMap" else SECRET_KEY
        return Fault(cause, f"the {kind} {name} has no key {match[2]}", kind, name, match[2])
    return read_message(message) if _OBJECT.search(message) else None


def _source(volume: dict[str, Any], kind: str, key: str) -> str:
    """The name of the ConfigMap or Secret of which a volume takes a key; of several projected, the one with it."""
    if own := dig(volume, "configMap.name" if kind == "ConfigMap" else "secret.secretName"):
        return str(own)
    field = "configMap" if kind == "ConfigMap" else "secret"
    projected = [s[field] for s in dig(volume, "projected.sources") or [] if s.get(field)]
    having = [s for s in projected if any(item.get("key") == key for item in s.get("items") or [])]
    return str(having[0].get("name") or "") if having else ""


def _exists_now(case: Case, pod: Obj, fault: Fault) -> bool:
    """Whether the object was created since: then the old event explains nothing."""
    if fault.kind != "ConfigMap" or not fault.name:
        return False
    found = case.get("ConfigMap", pod.ref.namespace, fault.name, f"does ConfigMap {fault.name} exist now?")
    return (not fault.key or fault.key in (found.at("data") or {})) if found else False


def _finding(
    case: Case, pod: Obj, container: Container, fault: Fault, quotes: tuple[Quote, ...], sure: Sure
) -> Finding:
    workload = workload_of(case, pod)
    claims = [Claim(f"The kubelet cannot create the {container.called}: {fault.clause}", quotes)]
    claims += _reference(container, fault)
    claims += _instead(case, pod, fault)
    change = recent_change(case, workload)
    if change:
        claims.append(change.claim())
    ways = [*_remedies(case, pod, workload, fault)]
    if change:
        ways.append(roll_back(workload.ref))
    return Finding(
        cause=fault.cause,
        entity=workload.ref,
        headline=f"The {container.called} cannot be created because {fault.clause}",
        claims=tuple(claims),
        sure=sure,
        recommendations=one_of(*ways),
        since=change.at if change else pod.created,
        container=container.name,
    )


def _reference(container: Container, fault: Fault) -> Iterator[Claim]:
    """Claims on where the spec names the object or the user."""
    if fault.cause is NON_ROOT:
        quotes = container.quote_spec(
            "securityContext.runAsNonRoot", "securityContext.runAsUser"
        ) + container.pod.quote("spec.securityContext.runAsNonRoot", "spec.securityContext.runAsUser")
        if quotes:
            yield Claim("The security context requires it", quotes)
    for variable in container.spec.get("env") or []:
        for field in ("configMapKeyRef", "secretKeyRef"):
            source = (variable.get("valueFrom") or {}).get(field) or {}
            if fault.name and source.get("name") == fault.name and fault.key in ("", source.get("key")):
                path = f"env[{variable.get('name')}].valueFrom.{field}"
                text = f"The variable {variable.get('name')} refers to it"
                yield Claim(text, container.quote_spec(f"{path}.name", f"{path}.key"))
                return


def _instead(case: Case, pod: Obj, fault: Fault) -> Iterator[Claim]:
    """What exists under a similar name."""
    like = _alike(case, pod, fault)
    if fault.kind != "ConfigMap" or not fault.name:
        return
    namespace = pod.ref.namespace
    if fault.key:
        found = case.get("ConfigMap", namespace, fault.name)
        keys = _keys(found or None)
        if found and keys:
            text = (
                f"The ConfigMap has {like} instead"
                if like
                else f"The ConfigMap has only {', '.join(keys[:8])}"
            )
            yield Claim(
                text, found.quote(f"data.{like}") if like else found.quote(*(f"data.{k}" for k in keys[:4]))
            )
        return
    known = case.list("ConfigMap", namespace, need="some") or []
    if other := next((each for each in known if each.ref.name == like), None):
        yield Claim(f"A ConfigMap {like} exists", other.quote("metadata.name"))


def _alike(case: Case, pod: Obj, fault: Fault) -> str | None:
    """The ConfigMap, or the key of it, that was probably meant. Secrets are never read."""
    if fault.kind != "ConfigMap" or not fault.name:
        return None
    namespace = pod.ref.namespace
    if fault.key:
        why = f"which keys does ConfigMap {fault.name} have?"
        return near(fault.key, _keys(case.get("ConfigMap", namespace, fault.name, why) or None))
    known = case.list("ConfigMap", namespace, why="is its name mistyped?", need="some") or []
    return near(fault.name, [each.ref.name for each in known])


def _keys(found: Obj | None) -> list[str]:
    return sorted((found.at("data") or {}) if found else ())


def _remedies(case: Case, pod: Obj, workload: Obj, fault: Fault) -> Iterator[Recommendation]:
    """The ways to fix it, the likeliest first: if a similar name exists, it was probably meant."""
    if not (fault.kind and fault.name):
        yield edit(workload.ref, "correcting the template", fault.cause.remedy)
        return
    what = "key" if fault.key else "name"
    like = _alike(case, pod, fault)
    sentence = f"Refer to {like} in the template." if like else f"Correct the {what} in the template."
    correct = edit(workload.ref, f"correcting the {what} of the {fault.kind}", sentence)
    provide = _provide(pod, workload, fault)
    yield from (correct, provide) if like else (provide, correct)


def _provide(pod: Obj, workload: Obj, fault: Fault) -> Recommendation:
    if fault.key:
        action, sentence = "adding the missing key", f"Add the key {fault.key} to the {fault.kind}."
        words = "edit secret {name}" if fault.kind == "Secret" else "edit configmap {name}"
    else:
        action, sentence = f"creating the {fault.kind}", f"Create the {fault.kind} with the keys it needs."
        words = "create configmap {name} --from-literal=<key>=<value>"
        if fault.kind == "Secret":
            words = "create secret generic {name} --from-literal=<key>=<value>"
    command = kubectl(pod.ref.namespace, words, name=fault.name)
    return Recommendation(action, sentence, command, "low", watch(workload.ref))
