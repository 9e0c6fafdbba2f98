"""From a bare name to objects: "payment-service" may be a Deployment, a Service or a label."""

from agent.diagnosis.case import Case
from agent.diagnosis.thing import Obj
from agent.names import owner_name
from agent.ref import Ref

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Service", "CronJob", "Job", "Pod")
LABELS = ("app.kubernetes.io/name", "app", "app.kubernetes.io/instance", "k8s-app")


def find_subjects(case: Case) -> list[Ref]:
    """The objects the alert is about; empty while unknown, with the search noted as open questions."""
    subject = case.subject
    if subject.ref is not None:
        return [subject.ref, *_successors(case, subject.ref)]
    if not subject.service:
        return []
    namespace = subject.namespace or "*"
    named = [
        case.list(kind, namespace, field=f"metadata.name={subject.service}", why=f"where is {subject.service}?")
        for kind in KINDS
    ]
    found = [obj for objects in named for obj in objects or []]
    if not found and all(objects is not None for objects in named):
        found = _by_label(case, namespace, subject.service)
    return _most_telling(found)


def _successors(case: Case, ref: Ref) -> list[Ref]:
    """Where to look when a pod is gone: the workload its name points to, if that exists."""
    if ref.kind != "Pod" or case.absent(*_triple(ref)) is None:
        return []
    owner = owner_name("Pod", ref.name)
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Job") if owner != ref.name else ()
    found = [case.get(kind, ref.namespace, owner, f"who owned {ref}, which is gone?") for kind in kinds]
    return [obj.ref for obj in found if obj is not None]


def _triple(ref: Ref) -> tuple[str, str, str]:
    return ref.kind, ref.namespace, ref.name


def _by_label(case: Case, namespace: str, name: str) -> list[Obj]:
    for label in LABELS:
        found = case.list("Deployment", namespace, label=f"{label}={name}", why=f"what is labelled {name}?")
        if found is None:
            return []
        if found:
            return found
    return []


def _most_telling(found: list[Obj]) -> list[Ref]:
    """A workload says more than the Service of the same name before it; keep one a namespace."""
    chosen: dict[str, Ref] = {}
    for obj in found:
        chosen.setdefault(obj.ref.namespace, obj.ref)
    return list(chosen.values())
