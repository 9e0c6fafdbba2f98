"""Pods whose sandbox cannot be created: network, addresses, runtime, a limit too small to start."""

import re
from collections.abc import Iterator

from agent.diagnosis.advice import edit, look
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Sure
from agent.diagnosis.read.pod import containers, is_deleting, is_well
from agent.diagnosis.read.pull import read_pull_error
from agent.diagnosis.read.runtime import NO_MEMORY
from agent.diagnosis.read.thing import Obj, dig
from agent.diagnosis.registry import rule
from agent.quantity import parse_quantity
from agent.ref import Ref

CNI = cause("pod-network-failed")
ADDRESSES = cause("pod-addresses-exhausted")
TOO_SMALL = cause("memory-limit-too-small-to-start")
HANDLER = cause("runtime-handler-missing")
PAUSE = cause("sandbox-image-missing")
FAILED = cause("sandbox-failed")
_WORDS = (
    (NO_MEMORY, TOO_SMALL),
    (
        re.compile(
            r"no IP addresses available|failed to (?:assign|allocate) an? IP|IPAM.*exhaust|no available IP"
        ),
        ADDRESSES,
    ),
    (re.compile(r"no runtime for|runtime handler"), HANDLER),
    (re.compile(r"sandbox image|pause"), PAUSE),
    (re.compile(r"setup network|cni|network plugin|add network", re.IGNORECASE), CNI),
)
# What runc says about an init that the kernel killed before runc looked (opencontainers/runc pull request 2812).
_LOST_INIT = re.compile(
    r"init-p: (?:broken pipe|connection reset)|from pipe.{0,20}EOF|init preliminary setup|signal: killed"
    r"|memory\.limit_in_bytes|unable to set memory limit"
)
SMALL = 32 * 2**20  # bytes; runc itself needs some MiB to start a container


@rule("Pod", finds=(ADDRESSES, CNI, FAILED, HANDLER, PAUSE, TOO_SMALL))
def no_sandbox(case: Case, pod: Obj) -> Iterator[Finding]:
    """A pod on its node for which no sandbox can be created."""
    creating = all(c.waiting in ("ContainerCreating", "PodInitializing", "") for c in containers(pod))
    started = any(c.running_since or c.ended for c in containers(pod))
    if is_well(pod) or is_deleting(pod) or started or not creating or not pod.at("spec.nodeName"):
        return
    events = [
        e for e in (case.events(pod.ref, "why is no container created?") or []) if e.uid in ("", pod.uid)
    ]
    failed = [e for e in events if e.reason == "FailedCreatePodSandBox"]
    if not failed:
        return
    message = failed[-1].message
    cause = next((cause for pattern, cause in _WORDS if pattern.search(message)), FAILED)
    if cause is FAILED and _LOST_INIT.search(message) and _is_small(pod):
        cause = TOO_SMALL
    owner, node = workload_of(case, pod), Ref("Node", "", str(pod.at("spec.nodeName")))
    of_pod = cause in (TOO_SMALL, HANDLER)
    limits = (
        tuple(q for c in containers(pod) for q in c.quote_spec("resources.limits.memory"))
        if cause is TOO_SMALL
        else ()
    )
    handler = pod.quote("spec.runtimeClassName") if cause is HANDLER else ()
    claims = [Claim("The runtime cannot create the sandbox", (failed[-1].quote,))]
    if limits or handler:
        claims.append(Claim("What the pod asks for", limits + handler))
    if cause is PAUSE and read_pull_error(message) != "other":
        claims.append(Claim(f"The pull fails: {read_pull_error(message)}", (failed[-1].quote,)))
    entity = owner.ref if of_pod else node
    advice = (edit if of_pod else look)(entity, _ACTIONS[cause.id], cause.remedy)
    yield Finding(
        cause=cause,
        entity=entity,
        headline=f"Pod {pod.ref.name} cannot start on {node.name}: {_WHY[cause.id]}",
        claims=tuple(claims),
        sure=Sure.LIKELY if cause is FAILED else Sure.STATED,
        recommendations=(advice,),
        leads_to=() if of_pod else (node,),
        since=failed[-1].first,
    )


_WHY = {
    "memory-limit-too-small-to-start": "its memory limit is too small for it to start",
    "runtime-handler-missing": "the node does not have the runtime that it asks for",
    "sandbox-image-missing": "the image of its sandbox is not available",
    "pod-network-failed": "its network cannot be set up",
    "pod-addresses-exhausted": "no IP address is free for it",
    "sandbox-failed": "its sandbox cannot be created",
}
_ACTIONS = {
    "memory-limit-too-small-to-start": "raising the memory limit",
    "runtime-handler-missing": "choosing a RuntimeClass that the node has",
    "sandbox-image-missing": "correcting the sandbox image",
    "pod-network-failed": "repairing the node's network plugin",
    "pod-addresses-exhausted": "giving the node more pod addresses",
    "sandbox-failed": "looking at the node",
}


def _is_small(pod: Obj) -> bool:
    """Whether a container may use less memory than starting it can take."""
    limits = (dig(container.spec, "resources.limits.memory") for container in containers(pod))
    return any(limit and parse_quantity(str(limit)) <= SMALL for limit in limits)
