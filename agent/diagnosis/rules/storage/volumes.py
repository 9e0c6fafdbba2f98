"""Volumes that cannot be attached to the node or mounted in the pod."""

import re
from collections.abc import Iterator

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl, sequence
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.node import container_limit
from agent.diagnosis.read.pod import containers, is_deleting, is_well
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Obj, cut, dig
from agent.diagnosis.registry import rule
from agent.ref import Ref

NODE_DISK_FULL = cause("node-disk-full")
TOO_SMALL = cause("memory-limit-too-small-to-start")
IN_USE = cause("volume-in-use")
ATTACH = cause("volume-attach-failed")
DRIVER = cause("csi-driver-missing")
HOST_PATH = cause("host-path-wrong")
MOUNT = cause("volume-mount-failed")
_OBJECTS = re.compile(
    r'(?:configmap|secret) "[^"]*" not found|non-existent (?:config|secret) key|not registered'
)
LEAST_MEMORY = 4 * 2**20  # bytes; below this the runtime itself does not start
_VOLUME = re.compile(r'volume "([^"]+)"')
_HOLDERS = re.compile(r"used by pod\(s\) ([\w.-]+(?:, [\w.-]+)*)")
_DRIVER = re.compile(r"driver name (\S+) not found")


@rule("Pod", finds=(ATTACH, DRIVER, HOST_PATH, IN_USE, MOUNT, NODE_DISK_FULL, TOO_SMALL))
def not_mounted(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod on its node whose containers cannot be created because a volume is not available."""
    creating = any(c.waiting in ("ContainerCreating", "PodInitializing") for c in containers(pod))
    if is_well(pod) or is_deleting(pod) or not pod.at("spec.nodeName") or not creating:
        return
    events = [
        e for e in (case.events(pod.ref, "which volume does it wait for?") or []) if e.uid in ("", pod.uid)
    ]
    attach = [e for e in events if e.reason == "FailedAttachVolume"]
    mount = [e for e in events if e.reason == "FailedMount" and not _OBJECTS.search(e.message)]
    plain = [e for e in mount if "Unable to attach or mount volumes" not in e.message]
    if attach:
        yield _not_attached(case, pod, attach[-1])
    elif plain or mount:
        yield from _mount_failed(case, pod, (plain or mount)[-1])


def _not_attached(case: Case, pod: Obj, event: Event) -> Finding:
    owner, leads = workload_of(case, pod), []
    shared = "Multi-Attach" in event.message or "already exclusively attached" in event.message
    claims = [Claim("The volume cannot be attached", (event.quote,))]
    names = _HOLDERS.search(event.message)
    for name in names[1].split(", ") if names else ():
        holder = case.get("Pod", pod.ref.namespace, name, "which pod uses the volume?")
        node = str(holder.at("spec.nodeName") or "") if holder else ""
        if holder and node:
            claims.append(
                Claim(f"Pod {name} uses it on {node}", holder.quote("spec.nodeName", "status.phase"))
            )
            leads.append(Ref("Node", "", node))
    who = (
        f", which pod {names[1]} uses on another node"
        if names
        else ", which is attached to another node"
        if shared
        else ""
    )
    return Finding(
        cause=IN_USE if shared else ATTACH,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} waits for volume {_volume(event)}{who or ', which cannot be attached'}",
        claims=tuple(claims),
        sure=Sure.STATED if shared else Sure.LIKELY,
        recommendations=(
            Recommendation(
                action="freeing the volume",
                sentence="Remove the pod that uses it once it is safe; use the strategy Recreate "
                "for a Deployment.",
                command=sequence(
                    kubectl(None, "get volumeattachments"), kubectl(pod.ref.namespace, "get pods -o wide")
                ),
                risk="none",
            ),
        ),
        leads_to=tuple(leads),
        since=event.first,
    )


def _mount_failed(case: Case, pod: Obj, event: Event) -> Iterator[Finding]:
    owner, message = workload_of(case, pod), event.message
    volume = _volume(event)
    path = f"spec.volumes[{volume}]"
    shown = pod.quote(path) if volume else ()
    if message.rstrip().endswith("no space left on device"):
        yield _no_space(pod, owner, event)
        return
    cause, why = MOUNT, "cannot be mounted"
    if "hostPath type check failed" in message:
        cause, why = (
            HOST_PATH,
            f"needs {dig(pod.data, path + '.hostPath.path')} on the node, which is missing or of another type",
        )
        shown = pod.quote(f"{path}.hostPath.path", f"{path}.hostPath.type")
    elif driver := _DRIVER.search(message):
        cause, why = (
            DRIVER,
            f"needs the CSI driver {driver[1]}, which is not on node {pod.at('spec.nodeName')}",
        )
    advice = edit(owner.ref, "correcting the volume", cause.remedy)
    if cause is DRIVER:
        node = Ref("CSINode", "", str(pod.at("spec.nodeName")))
        advice = look(node, "installing the CSI driver on the node", cause.remedy)
    yield Finding(
        cause=cause,
        entity=owner.ref,
        headline=f"Pod {pod.ref.name} cannot start: its volume {volume} {why}",
        claims=(
            Claim("The kubelet cannot mount the volume", (event.quote, *_output(event))),
            *([Claim("The volume in the pod's spec", shown)] if shown else []),
        ),
        sure=Sure.LIKELY if cause is MOUNT else Sure.STATED,
        recommendations=(advice,),
        since=event.first,
    )


def _no_space(pod: Obj, owner: Obj, event: Event) -> Finding:
    """Token and projected volumes live in memory, no larger than the memory limit; all else on the node's disk."""
    small = [c for c in containers(pod) if 0 < container_limit(c.spec, "memory") < LEAST_MEMORY]
    said = Claim("The kubelet cannot write the volume", (event.quote,))
    if "kubernetes.io~projected" in event.message and small:
        limits = tuple(quote for c in small for quote in c.quote_spec("resources.limits.memory"))
        value = dig(small[0].spec, "resources.limits.memory")
        return Finding(
            cause=TOO_SMALL,
            entity=owner.ref,
            headline=f"Pod {pod.ref.name} cannot start: the memory limit {value} of {small[0].name} is too "
            f"small even for its token",
            claims=(said, Claim("The memory limit applies to the volume too", limits)),
            sure=Sure.STATED,
            recommendations=(edit(owner.ref, "raising the memory limit", TOO_SMALL.remedy),),
            since=event.first,
        )
    node = Ref("Node", "", str(pod.at("spec.nodeName")))
    return Finding(
        cause=NODE_DISK_FULL,
        entity=node,
        headline=f"Pod {pod.ref.name} cannot start: the disk of node {node.name} is full",
        claims=(said,),
        sure=Sure.LIKELY,
        recommendations=(look(node, "freeing the node's disk", NODE_DISK_FULL.remedy),),
        leads_to=(node,),
        since=event.first,
    )


def _output(event: Event) -> tuple[Quote, ...]:
    """What the mount program printed, on a line of its own."""
    lines = [line for line in event.message.split("\n") if line.startswith("Output: ")]
    return (Quote(event.quote.evidence, cut(lines[0])),) if lines else ()


def _volume(event: Event) -> str:
    found = _VOLUME.search(event.message)
    return found[1] if found else ""
