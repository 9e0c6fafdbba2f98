"""From a bare name to objects: "payment-service" may be a Deployment, a Service or a label."""

from agent.diagnosis.case import Case
from agent.diagnosis.thing import Obj
from agent.ref import Ref

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Service", "CronJob", "Job", "Pod")
LABELS = ("app.kubernetes.io/name", "app", "app.kubernetes.io/instance", "k8s-app")


def find_subjects(case: Case) -> list[Ref]:
    """The objects the alert is about; empty while unknown, with the search noted as open questions."""
    subject = case.subject
    if subject.ref is not None:
        return [subject.ref]
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
