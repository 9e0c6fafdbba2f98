"""Objects that were deleted but stay: finalizers that nothing removes, namespaces stuck in Terminating."""

import re
from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, look, on
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.volume import users_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.read.pod import is_overdue, told_to_end_at
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.evidence.kinds import KIND_OF
from agent.ref import Ref

FINALIZER = cause("finalizer-stuck")
IN_USE = cause("deletion-waits-for-use")
NAMESPACE = cause("namespace-stuck")
SLOW_END = cause("termination-slow")
KINDS = (
    "Pod",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "CronJob",
    "Service",
    "ConfigMap",
    "Ingress",
    "ServiceAccount",
    "CustomResourceDefinition",
    "Node",
)
PATIENCE = timedelta(seconds=45)
_PROTECTION = ("kubernetes.io/pvc-protection", "kubernetes.io/pv-protection")
_WAITS = ("foregroundDeletion", "orphan")  # the garbage collector's own: it works as long as it runs
_REMAINING = re.compile(r"(\S+) in (\d+) resource instances?")
_CONTENT = re.compile(r"([a-z]+)\.(\S*) has \d+ resource instances?")
_STALE = re.compile(r"stale GroupVersion discovery: ([\w.-]+)/(v\w+)")


@rule(*KINDS, finds=(FINALIZER, IN_USE, SLOW_END))
def held(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """An object whose deletion waits for a finalizer."""
    finalizers = [str(name) for name in obj.at("metadata.finalizers") or [] if name not in _WAITS]
    if not obj.at("metadata.deletionTimestamp"):
        return
    quotes = obj.quote("metadata.deletionTimestamp", *(f"metadata.finalizers[{i}]" for i in range(3)))
    if not finalizers or not is_overdue(obj, case.now, PATIENCE):
        if not finalizers and obj.ref.kind == "Pod" and _is_slow(case, obj):
            yield _slow(case, obj)
        elif not finalizers and not is_overdue(obj, case.now, PATIENCE):
            yield State("progressing", obj.ref, f"{obj.ref} is being deleted.", quotes)
        return
    if set(finalizers) <= set(_PROTECTION):
        yield from _protected(case, obj, quotes)
        return
    yield _stuck(obj, [name for name in finalizers if name not in _PROTECTION], quotes)


def _is_slow(case: Case, pod: Obj) -> bool:
    """Whether it was told to stop a while ago, and its node's kubelet still has time to kill it."""
    asked = told_to_end_at(pod)
    return asked is not None and case.now - asked > PATIENCE and not is_overdue(pod, case.now, PATIENCE)


def _slow(case: Case, pod: Obj) -> Finding:
    grace, owner = pod.at("metadata.deletionGracePeriodSeconds"), workload_of(case, pod).ref
    hooks = [
        f"spec.containers[{c.get('name')}].lifecycle.preStop"
        for c in pod.items("spec.containers")
        if (c.get("lifecycle") or {}).get("preStop")
    ]
    claims = [
        Claim(
            f"It was told to stop and has {grace} s to do so",
            pod.quote("metadata.deletionTimestamp", "metadata.deletionGracePeriodSeconds"),
        )
    ]
    if hooks:
        claims.append(Claim("A preStop hook runs before the program gets SIGTERM", pod.quote(*hooks)))
    force = Recommendation(
        "deleting the pod with a shorter grace period",
        "If its work may be interrupted, delete it with a short grace period.",
        on(pod.ref, "delete", "--grace-period=30"),
        "medium",
        on(pod.ref, "get"),
    )
    sentence = "Make the program exit on SIGTERM, or shorten terminationGracePeriodSeconds."
    return Finding(
        cause=SLOW_END,
        entity=owner,
        headline=f"Pod {pod.ref.name} was told to stop and is still running: its grace period is {grace} s",
        claims=tuple(claims),
        sure=Sure.LIKELY,
        recommendations=(force, edit(owner, "shortening its grace period", sentence)),
        since=told_to_end_at(pod),
    )


def _stuck(obj: Obj, names: list[str], quotes: tuple[Quote, ...]) -> Finding:
    named = ", ".join(names)
    place = (obj.at("metadata.finalizers") or []).index(names[0])
    path = f"/metadata/finalizers/{place}"
    patch = [{"op": "test", "path": path, "value": names[0]}, {"op": "remove", "path": path}]
    return Finding(
        cause=FINALIZER,
        entity=obj.ref,
        headline=f"{obj.ref} cannot be deleted because nothing removes its finalizer {named}",
        claims=(Claim(f"Deletion was requested, and the finalizer {named} remains", quotes),),
        sure=Sure.STATED,
        recommendations=one_of(
            look(
                obj.ref,
                f"restoring the controller that handles {names[0]}",
                "Find out which controller handles the finalizer.",
            ),
            Recommendation(
                action="removing the finalizer",
                sentence="Only if that controller is gone for good, remove the finalizer; whatever it "
                "protects is then left behind.",
                command=on(obj.ref, "patch", "--type=json -p {patch}", patch=patch),
                risk="high",
                verify=on(obj.ref, "get"),
            ),
        ),
        since=told_to_end_at(obj),
    )


def _protected(case: Case, obj: Obj, quotes: tuple[Quote, ...]) -> Iterator[Finding]:
    """A claim in use by pods, or a volume in use by its claim."""
    if obj.ref.kind == "PersistentVolumeClaim":
        users = users_of(case, obj)
        if isinstance(users, Lack):
            return
        who = ", ".join(pod.ref.name for pod in users[:3]) or "a pod"
        used = tuple(quote for pod in users[:3] for quote in _use(pod, obj.ref.name))
    else:
        who = f"the claim {obj.at('spec.claimRef.name')}"
        used = obj.quote("spec.claimRef.namespace", "spec.claimRef.name")
    yield Finding(
        cause=IN_USE,
        entity=obj.ref,
        headline=f"{obj.ref} was deleted but stays because {who} still uses it",
        claims=(
            Claim("Deletion was requested", quotes),
            *([Claim(f"{who} uses it", used)] if used else []),
        ),
        sure=Sure.STATED,
        recommendations=(look(obj.ref, "removing what uses it, if the deletion is intended", IN_USE.remedy),),
        since=told_to_end_at(obj),
    )


def _use(pod: Obj, claim: str) -> tuple[Quote, ...]:
    for entry in pod.items("spec.volumes"):
        path = f"spec.volumes[{entry.get('name')}].persistentVolumeClaim.claimName"
        if pod.at(path) == claim:
            return pod.quote(path)
    return ()


@rule("Namespace", finds=(NAMESPACE,))
def namespace_ends(case: Case, space: Obj) -> Iterator[Finding | State]:
    """A namespace that is Terminating: in progress, or held by its content or by a dead API."""
    if not space.at("metadata.deletionTimestamp"):
        return
    remaining = space.condition("NamespaceFinalizersRemaining")
    discovery = space.condition("NamespaceDeletionDiscoveryFailure")
    broken = [c for c in (discovery, remaining) if c.get("status") == "True"]
    quotes = space.quote("status.phase", "metadata.deletionTimestamp")
    if not broken and not is_overdue(space, case.now, PATIENCE):
        yield State("progressing", space.ref, f"Namespace {space.ref.name} is being deleted.", quotes)
        return
    leads: tuple[Ref, ...] = ()
    words = "no reason is given"
    claims = [Claim("The namespace was deleted and is still there", quotes)]
    if discovery.get("status") == "True":
        if dead := _STALE.search(str(discovery.get("message"))):
            leads += (Ref("APIService", "", f"{dead[2]}.{dead[1]}"),)
        words = "an API of the cluster does not answer"
        claims.append(
            Claim(
                "What it contains cannot be listed",
                space.quote_condition("NamespaceDeletionDiscoveryFailure"),
            )
        )
    if remaining.get("status") == "True":
        names = [name for name, _ in _REMAINING.findall(str(remaining.get("message")))]
        words = f"its content still has the finalizer {', '.join(names)}"
        claims.append(Claim("Content has finalizers", space.quote_condition("NamespaceFinalizersRemaining")))
        leads += _holders(case, space)
    claims.append(Claim("What remains", space.quote_condition("NamespaceContentRemaining", "message")))
    yield Finding(
        cause=NAMESPACE,
        entity=space.ref,
        headline=f"Namespace {space.ref.name} is stuck terminating: {words}",
        claims=tuple(claim for claim in claims if claim.quotes),
        sure=Sure.STATED if broken else Sure.LIKELY,
        recommendations=(look(space.ref, "acting on the namespace's conditions", NAMESPACE.remedy),),
        leads_to=leads,
        since=told_to_end_at(space),
    )


def _holders(case: Case, space: Obj) -> tuple[Ref, ...]:
    """The objects in the namespace that carry finalizers, where their kind is one that can be read."""
    message = str(space.condition("NamespaceContentRemaining").get("message") or "")
    found: list[Ref] = []
    for plural, group in _CONTENT.findall(message)[:3]:
        kind = KIND_OF.get((plural, group))
        why = "what keeps the namespace from being deleted?"
        objects = case.list(kind, space.ref.name, why=why, need="some") if kind else None
        found += [obj.ref for obj in objects or [] if obj.at("metadata.finalizers")][:2]
    return tuple(found)
