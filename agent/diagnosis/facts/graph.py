"""The links between objects: owners, selectors, and the names by which one workload calls another."""

from typing import Any

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.selector import selector_text
from agent.diagnosis.read.thing import Obj
from agent.evidence.census import Census
from agent.kinds import WORKLOADS
from agent.ref import Ref

REVISION = "deployment.kubernetes.io/revision"


def owner_ref(obj: Obj) -> Ref | None:
    """The controller named by ownerReferences, or None."""
    owners = obj.items("metadata.ownerReferences")
    for owner in sorted(owners, key=lambda o: not o.get("controller")):
        return Ref(str(owner.get("kind")), obj.ref.namespace, str(owner.get("name")))
    return None


def workload_of(case: Case, obj: Obj) -> Obj:
    """The topmost known owner of an object (Pod -> ReplicaSet -> Deployment); itself without one."""
    seen = obj
    while (ref := owner_ref(seen)) and ref.kind in WORKLOADS:
        above = case.obj(ref, f"who owns {seen.ref}?")
        if not above:
            break
        seen = above
    return seen


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector (or a plain map of labels) matches; an empty LabelSelector matches all."""
    selector = selector or {}
    is_rule = "matchLabels" in selector or "matchExpressions" in selector
    wanted = (selector.get("matchLabels") or {}) if is_rule else selector
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    checks = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, values: key in labels,
        "DoesNotExist": lambda key, values: key not in labels,
    }
    rules = (selector.get("matchExpressions") or []) if is_rule else []
    return all(
        checks.get(r.get("operator"), lambda k, v: True)(r.get("key"), r.get("values") or []) for r in rules
    )


def pods_of(case: Case, workload: Obj) -> list[Obj] | Lack:
    """The pods a workload, Job or Service selects; a sample if there are very many."""
    selector = _pod_selector(workload)
    text = selector_text(selector)
    if not text:
        return []
    found = case.list(
        "Pod", workload.ref.namespace, label=text, why=f"which pods does {workload.ref} have?", need="some"
    )
    return found if isinstance(found, Lack) else [pod for pod in found if selects(selector, pod.labels)]


def has_all_pods(case: Case, workload: Obj) -> bool:
    """Whether `pods_of` returns all pods; if not, that is reported."""
    return not case.is_partial("Pod", workload.ref.namespace, label=selector_text(_pod_selector(workload)))


def count_pods(case: Case, workload: Obj) -> tuple[Census, Quote] | None:
    """The counts of the pods of a workload or Service that has very many; None where `pods_of` are all."""
    return case.counted("Pod", workload.ref.namespace, label=selector_text(_pod_selector(workload)))


def _pod_selector(workload: Obj) -> dict[str, Any] | None:
    selector = workload.at("spec.selector")
    if workload.ref.kind == "Job" and not selector:
        return {"job-name": workload.ref.name}
    return selector


def replica_sets(case: Case, deployment: Obj) -> list[Obj] | Lack:
    """The Deployment's ReplicaSets, newest revision first (the current one has the highest)."""
    found = case.list(
        "ReplicaSet",
        deployment.ref.namespace,
        label=selector_text(deployment.at("spec.selector")),
        why=f"which revisions does {deployment.ref} have?",
    )
    if isinstance(found, Lack):
        return found
    own = [rs for rs in found if owner_ref(rs) == deployment.ref]
    return sorted(own, key=revision, reverse=True)


def revision(obj: Obj) -> int:
    """The rollout revision in an object's annotations, 0 without one."""
    text = str((obj.at("metadata.annotations") or {}).get(REVISION, ""))
    return int(text) if text.isdigit() else 0
