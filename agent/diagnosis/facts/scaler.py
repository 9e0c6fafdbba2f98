"""Scalers: the autoscalers of a workload."""

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.read.thing import Obj
from agent.ref import Ref


def autoscalers(case: Case, workload: Obj) -> list[Obj] | Lack:
    """The HorizontalPodAutoscalers that scale a workload."""
    found = case.list(
        "HorizontalPodAutoscaler",
        workload.ref.namespace,
        why=f"does something scale {workload.ref} by its load?",
    )
    return found if isinstance(found, Lack) else [hpa for hpa in found if target_of(hpa) == workload.ref]


def target_of(hpa: Obj) -> Ref:
    """What an autoscaler scales."""
    target = hpa.at("spec.scaleTargetRef") or {}
    return Ref(str(target.get("kind") or ""), hpa.ref.namespace, str(target.get("name") or ""))


def is_at_maximum(hpa: Obj) -> bool:
    """Whether it would scale further if it were allowed to."""
    return hpa.condition("ScalingLimited").get("reason") == "TooManyReplicas"
