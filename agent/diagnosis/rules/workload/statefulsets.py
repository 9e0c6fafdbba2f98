"""StatefulSets: each pod waits for the one before; the first that is not ready holds up all others."""

from collections.abc import Iterator

from agent.diagnosis.advice import on, watch
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.replicas import is_starting
from agent.diagnosis.facts.rollout import present, wanted
from agent.diagnosis.facts.stand_ins import ordinal, own_pods, stand_ins
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure
from agent.diagnosis.findings import workloads
from agent.diagnosis.findings.workloads import healthy_or_recovered, settled, short
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

REVISION = "controller-revision-hash"

OLD_POD = cause("statefulset-waits-for-old-pod")
ON_DELETE = cause("update-on-delete")


@rule("StatefulSet", finds=(OLD_POD, ON_DELETE, *workloads.FINDS))
def stateful_set(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """What a StatefulSet itself shows, and which pod holds it up."""
    if (said := settled(case, obj)) is not None:
        yield from said
        return
    own, blocked = own_pods(case, obj), stand_ins(case, obj)
    if isinstance(own, Lack) or isinstance(blocked, Lack):
        return
    replicas, ready = wanted(obj), present(obj)
    quotes = obj.quote("spec.replicas", "status.readyReplicas")
    if held := _held_by_old_pod(case, obj, blocked):
        yield held
    if blocked and all(is_starting(case, pod) for pod in blocked):
        words = f"{obj.ref} starts its pods one after the other: {ready} of {replicas} are ready."
        yield State("progressing", obj.ref, words, quotes)
    elif ready < replicas or blocked:
        yield short(case, obj, quotes)
    elif waiting := _waits_for_deletion(obj):
        yield waiting
    else:
        yield healthy_or_recovered(case, obj, own, f"{ready} of {replicas} replicas are ready", quotes)


def _held_by_old_pod(case: Case, obj: Obj, blocked: list[Obj]) -> Finding | None:
    update = obj.at("status.updateRevision")
    if not blocked or not update or obj.at("spec.updateStrategy.type", "RollingUpdate") != "RollingUpdate":
        return None
    pod = blocked[0]
    if pod.labels.get(REVISION) in (None, update) or is_starting(case, pod):
        return None
    if ordinal(pod) < int(obj.at("spec.updateStrategy.rollingUpdate.partition") or 0):
        return None
    quotes = pod.quote_key("metadata.labels", REVISION) + obj.quote("status.updateRevision")
    headline = (
        f"{pod.ref.name} of an earlier revision is broken, and {obj.ref.name} waits for it before updating it"
    )
    delete = Recommendation(
        "deleting the broken pod",
        f"Delete {pod.ref.name}: it is recreated from the current template.",
        on(pod.ref, "delete"),
        "medium",
        watch(obj.ref),
    )
    claims = [Claim(headline, quotes)]
    if corrected := _corrected(obj, pod):
        claims.append(
            Claim(f"The template has since changed what the pod runs ({corrected[0].text})", corrected)
        )
    return Finding(
        OLD_POD, obj.ref, headline, tuple(claims), Sure.STATED if corrected else Sure.LIKELY, (delete,)
    )


def _corrected(obj: Obj, pod: Obj) -> tuple[Quote, ...]:
    """Where the containers of the current template differ from those of the pod."""
    changed: list[Quote] = []
    for spec in obj.items("spec.template.spec.containers"):
        name = str(spec.get("name"))
        for field in ("image", "command", "args", "env", "envFrom", "resources"):
            if spec.get(field) and spec.get(field) != pod.at(f"spec.containers[{name}].{field}"):
                changed += obj.quote(f"spec.template.spec.containers[{name}].{field}")
    return tuple(changed)


def _waits_for_deletion(obj: Obj) -> Finding | None:
    update, current = obj.at("status.updateRevision"), obj.at("status.currentRevision")
    if obj.at("spec.updateStrategy.type") != "OnDelete" or not update or update == current:
        return None
    quotes = obj.quote("spec.updateStrategy.type", "status.updateRevision", "status.currentRevision")
    headline = f"The update of {obj.ref.name} waits for its pods to be deleted (updateStrategy OnDelete)"
    delete = Recommendation(
        "deleting its pods one by one",
        "Delete one pod, wait until its replacement is ready, then continue with the next.",
        kubectl(obj.ref.namespace, "delete pod <pod>"),
        "medium",
        on(obj.ref, "get"),
    )
    why = "every replica is ready"
    ruled_out = (RuledOut("rollout-stuck", why, obj.quote("status.readyReplicas")),)
    return Finding(
        ON_DELETE, obj.ref, headline, (Claim(headline, quotes),), Sure.LIKELY, (delete,), ruled_out=ruled_out
    )
