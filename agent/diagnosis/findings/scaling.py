"""Scaling: the autoscaler of a workload, and what to recommend if the replicas cannot take the load."""

import math
from collections.abc import Iterator

from agent.diagnosis.advice import handle, on, watch
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.scaler import autoscalers, is_at_maximum
from agent.diagnosis.finding import Claim, Recommendation
from agent.diagnosis.read.thing import Obj
from agent.kinds import REPLICATED

SCALABLE = (*REPLICATED, "ReplicaSet")


def autoscaler_claim(case: Case, workload: Obj) -> Claim | None:
    """A claim on whether something scales the workload; None while unknown."""
    found = autoscalers(case, workload)
    if isinstance(found, Lack):
        return None
    if not found:
        none = case.none_listed("HorizontalPodAutoscaler", workload.ref.namespace)
        quotes = (none,) if none else ()
        return Claim(f"No HPA scales {handle(workload.ref)}", quotes, "fact" if quotes else "hypothesis")
    hpa = found[0]
    at = hpa.quote("spec.maxReplicas", "status.currentReplicas")
    if is_at_maximum(hpa):
        return Claim(f"The HPA {hpa.ref.name} is at its maximum", hpa.quote_condition("ScalingLimited") + at)
    return Claim(f"The HPA {hpa.ref.name} scales {handle(workload.ref)}", at)


def scale_out(case: Case, workload: Obj, ratio: float) -> Iterator[Recommendation]:
    """How to make room for `ratio` times the workload's earlier load."""
    if workload.ref.kind not in SCALABLE:
        return
    replicas = int(workload.at("spec.replicas", 1) or 1)
    wanted = max(replicas + 1, min(math.ceil(replicas * ratio), replicas * 4))
    found = autoscalers(case, workload)
    if not found:
        yield _more_replicas(workload, wanted)
        if not isinstance(found, Lack):
            yield _enable_hpa(workload, wanted)
    elif is_at_maximum(found[0]):
        yield raise_maximum(found[0], wanted)
    elif found[0].condition("ScalingActive").get("status") == "False":
        yield _more_replicas(workload, wanted)
        yield Recommendation(
            "repairing the HPA",
            f"The HPA {found[0].ref.name} cannot scale: see why.",
            on(found[0].ref, "describe"),
            "none",
        )
    else:
        yield Recommendation(
            "watching the HPA scale",
            f"The HPA {found[0].ref.name} is below its maximum and may add replicas.",
            on(found[0].ref, "get", "--watch"),
            "none",
        )


def raise_maximum(hpa: Obj, replicas: int) -> Recommendation:
    """Let an autoscaler scale beyond its current maximum."""
    most = max(int(hpa.at("spec.maxReplicas", 1) or 1) + 1, replicas)
    return Recommendation(
        "raising the HPA maximum",
        f"Allow the HPA {hpa.ref.name} up to {most} replicas, if the nodes and dependencies can take the load.",
        on(hpa.ref, "patch", "--type=merge -p {patch}", patch={"spec": {"maxReplicas": most}}),
        "medium",
        on(hpa.ref, "get"),
    )


def _more_replicas(workload: Obj, wanted: int) -> Recommendation:
    return Recommendation(
        "scaling replicas",
        f"Run {wanted} replicas so that the load on each is back to what it was.",
        on(workload.ref, "scale", "--replicas={count}", count=wanted),
        "low",
        watch(workload.ref),
    )


def _enable_hpa(workload: Obj, wanted: int) -> Recommendation:
    replicas = int(workload.at("spec.replicas", 1) or 1)
    most = max(wanted, replicas * 2)
    bounds = "--min={least} --max={count} --cpu-percent=70"
    bare = without_request(workload)
    needs = f" It needs a CPU request, and container {bare[0]} has none: set one first." if bare else ""
    return Recommendation(
        "enabling HPA",
        f"Let an HPA follow the load, so that it scales by itself at the next spike.{needs}",
        on(workload.ref, "autoscale", bounds, least=replicas, count=most),
        "low",
        kubectl(workload.ref.namespace, "get hpa {name}", name=workload.ref.name),
    )


def without_request(workload: Obj, resource: str = "cpu") -> list[str]:
    """The containers of a template that request none of a resource; a limit counts as a request."""
    bare = []
    for spec in workload.items("spec.template.spec.containers"):
        resources = spec.get("resources") or {}
        amounts = (resources.get("requests") or {}) | (resources.get("limits") or {})
        if resource not in amounts:
            bare.append(str(spec.get("name")))
    return bare
