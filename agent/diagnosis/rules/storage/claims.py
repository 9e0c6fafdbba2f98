"""Pods that wait because of their claims: missing, unbound, used by others, or tied to other nodes."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit, look, watch
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.facts.placement import Placement, claims_in_the_way, placement
from agent.diagnosis.facts.volume import claims_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.node import matches_terms
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.ref import Ref

IN_USE = cause("volume-in-use")
CLAIM_MISSING = cause("claim-missing")
NODE_AFFINITY = cause("volume-node-affinity")


@rule("Pod", finds=(CLAIM_MISSING, IN_USE, NODE_AFFINITY))
def claims_first(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod that waits because of its claims: the claim says why, unless there is none."""
    place = placement(case, pod)
    names = claims_in_the_way(case, pod)
    if place is None or not names:
        return
    owner = workload_of(case, pod)
    for name in names:
        if gone := case.absent("PersistentVolumeClaim", pod.ref.namespace, name):
            yield _claim_missing(place, owner, name, gone)
    if place.kind in ("volume-affinity", "volume-zone"):
        yield _elsewhere(case, place, owner)
    elif place.kind == "volume-in-use":
        yield _held(place, owner)


def _claim_missing(place: Placement, owner: Obj, name: str, gone: Quote) -> Finding:
    pod = place.pod
    volume = next((v for v, claim in claims_of(pod).items() if claim == name), "")
    used = pod.quote(f"spec.volumes[{volume}].persistentVolumeClaim.claimName")
    return Finding(
        cause=CLAIM_MISSING,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} mounts the claim {name}, which does not exist",
        claims=(
            place.claim(),
            Claim(f"The pod mounts {name}", used),
            Claim(f"There is no claim {name}", (gone,)),
        ),
        sure=Sure.STATED,
        recommendations=(
            edit(
                owner.ref,
                "correcting the claim's name or creating the claim",
                f"Correct claimName, or create the claim {name}.",
            ),
        ),
        since=place.since,
    )


def _elsewhere(case: Case, place: Placement, owner: Obj) -> Finding:
    """A volume tied to other nodes; its nodes are read, since an unhealthy one is the cause."""
    pod, homes = place.pod, []
    claims = [place.claim()]
    for name in dict.fromkeys(claims_of(pod).values()):
        pvc = case.get("PersistentVolumeClaim", pod.ref.namespace, name)
        bound = str(pvc.at("spec.volumeName") or "") if pvc else ""
        volume = case.get("PersistentVolume", "", bound, "on which nodes?")
        terms = volume.at("spec.nodeAffinity.required.nodeSelectorTerms") if volume else None
        if not volume or not terms:
            continue
        path = "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0]"
        claims.append(
            Claim(
                f"The volume {volume.ref.name} of the claim {name} is tied to nodes",
                volume.quote(f"{path}.key", f"{path}.operator", f"{path}.values"),
            )
        )
        homes += [node for node in place.all_nodes if matches_terms(terms, node)]
    absent = (
        "nodes that were not read" if case.is_partial("Node", "*") else "nodes that the cluster does not have"
    )
    where = ", ".join(node.ref.name for node in homes[:3]) or absent
    return Finding(
        cause=NODE_AFFINITY,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} cannot be scheduled because its volume can only be used on {where}",
        claims=tuple(claims),
        sure=place.sure,
        recommendations=(_reunite(case, owner, homes),),
        leads_to=tuple(Ref("Node", "", node.ref.name) for node in homes[:3]),
        since=place.since,
    )


def _reunite(case: Case, owner: Obj, homes: list[Obj]) -> Recommendation:
    """Pod and volume on one node; where the volume's nodes are not there, nothing can run on them."""
    if homes:
        sentence = "Let the pod's selectors, affinity and tolerations allow the node that has the volume."
        return edit(owner.ref, "letting the pod run where its volume is", sentence)
    listed = kubectl(None, "get nodes -o wide")
    if case.is_partial("Node", "*"):
        sentence = "See which node the volume's affinity names, and what keeps the pod off it."
        return Recommendation("looking for the volume's node", sentence, listed, "none")
    sentence = "Restore the volume's node, or restore the data from a backup into a new volume."
    return Recommendation(
        "restoring the volume's node or the data", sentence, listed, "none", watch(owner.ref)
    )


def _held(place: Placement, owner: Obj) -> Finding:
    return Finding(
        cause=IN_USE,
        entity=owner.ref,
        headline=f"Pod {place.pod.ref.name} cannot be scheduled because another pod uses its "
        f"ReadWriteOncePod volume",
        claims=(place.claim(),),
        sure=Sure.STATED,
        recommendations=(look(owner.ref, "removing the pod that uses the volume", IN_USE.remedy),),
        since=place.since,
    )
