"""Volumes and claims: who uses a claim, which volume fits it, and who provisions for a class."""

import re
from typing import Any

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.graph import selects
from agent.diagnosis.read.pod import is_finished
from agent.diagnosis.read.thing import Obj, dig
from agent.quantity import parse_quantity

STATIC = "kubernetes.io/no-provisioner"
PROVISIONERS = ("Deployment", "StatefulSet")  # the kinds of workloads that run one
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def claims_of(pod: Obj) -> dict[str, str]:
    """The claims a pod uses: volume name -> claim name; ephemeral volumes own one called pod-volume."""
    claims = {}
    for entry in pod.items("spec.volumes"):
        name = str(entry.get("name"))
        if claim := dig(entry, "persistentVolumeClaim.claimName"):
            claims[name] = str(claim)
        elif entry.get("ephemeral"):
            claims[name] = f"{pod.ref.name}-{name}"
    return claims


def is_waiting_for_pod(case: Case, pvc: Obj) -> bool:
    """Whether its volume is created only once a pod that uses it has a node, and none has."""
    name = pvc.at("spec.storageClassName")
    if pvc.at("status.phase") != "Pending" or pvc.at("spec.volumeName") or not name:
        return False
    klass = case.get("StorageClass", "", name, f"which StorageClass is {name}?")
    if not klass or klass.at("provisioner") == STATIC:
        return False
    placed = "volume.kubernetes.io/selected-node" in (pvc.at("metadata.annotations") or {})
    return klass.at("volumeBindingMode") == "WaitForFirstConsumer" and not placed


def users_of(case: Case, pvc: Obj) -> list[Obj] | Lack:
    """The pods of the namespace that use a claim and have not finished.

    Refused also where only a part of the pods was kept and none of these uses it.
    """
    space = pvc.ref.namespace
    pods = case.list("Pod", space, why=f"which pods use the claim {pvc.ref.name}?", need="some")
    if isinstance(pods, Lack):
        return pods
    users = [pod for pod in pods if pvc.ref.name in claims_of(pod).values() and not is_finished(pod)]
    return Lack.REFUSED if not users and case.is_partial("Pod", space) else users


def mismatches(pvc: Obj, pv: Obj) -> list[tuple[str, str]]:
    """Why a volume does not fit a claim: pairs of the volume's field and words; empty when it fits."""
    found = []
    if (pvc.at("spec.storageClassName") or "") != (pv.at("spec.storageClassName") or ""):
        found.append(("storageClassName", f"class {pv.at('spec.storageClassName') or 'none'}"))
    lacking = set(pvc.at("spec.accessModes") or []) - set(pv.at("spec.accessModes") or [])
    if lacking:
        found.append(("accessModes", f"no {', '.join(sorted(lacking))}"))
    if _size(pv.at("spec.capacity.storage")) < _size(pvc.at("spec.resources.requests.storage")):
        found.append(("capacity.storage", f"only {pv.at('spec.capacity.storage')}"))
    if (pvc.at("spec.volumeMode") or "Filesystem") != (pv.at("spec.volumeMode") or "Filesystem"):
        found.append(("volumeMode", f"mode {pv.at('spec.volumeMode')}"))
    if not selects(pvc.at("spec.selector"), pv.labels):
        found.append(("selector", "different labels"))
    holder = pv.at("spec.claimRef.name")
    if pv.at("status.phase") == "Released":  # even for a claim of the same name: it is another one
        found.append(("claimRef.name", f"still reserved for the deleted claim {holder}"))
    elif holder and (pv.at("spec.claimRef.namespace"), holder) != (pvc.ref.namespace, pvc.ref.name):
        found.append(("claimRef.name", f"reserved for {holder}"))
    return found


def _size(text: Any) -> float:
    try:
        return parse_quantity(text)
    except ValueError:
        return 0.0


def provisioner_of(case: Case, provisioner: str) -> Obj | None:
    """The Deployment or StatefulSet that most likely runs a provisioner; no object links the two.

    Its template says the provisioner's name (as `--provisioner`, PROVISIONER_NAME), or its own name and
    images share its distinctive word: `rancher.io/local-path` and `local-path-provisioner`.
    """
    words = [word for word in re.split(r"[./]", provisioner) if word not in _COMMON and len(word) > 2]
    best: tuple[int, Obj] | None = None
    for kind in PROVISIONERS:
        for workload in (
            case.list(kind, "*", why=f"who runs the provisioner {provisioner}?", need="some") or []
        ):
            said = _said_of(workload)
            score = len(words) + 1 if provisioner in said else sum(word in said for word in words)
            if score > (best[0] if best else 0):
                best = score, workload
        if best:
            return best[1]
    return None


_COMMON = frozenset(
    {"csi", "com", "io", "org", "net", "dev", "example", "storage", "k8s", "kubernetes", "rancher", "driver"}
)


def _said_of(workload: Obj) -> str:
    """What identifies a provisioner's workload: its name and what its containers are given."""
    parts = [workload.ref.name]
    for container in workload.items("spec.template.spec.containers"):
        parts += [str(container.get("image") or ""), *map(str, container.get("command") or [])]
        parts += map(str, container.get("args") or [])
        parts += [str(variable.get("value") or "") for variable in container.get("env") or []]
    return " ".join(parts)
