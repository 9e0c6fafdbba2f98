"""Containers that were OOM-killed: at their limit, after the limit was lowered, or reported late."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit, look, roll_back
from agent.diagnosis.case import Case
from agent.diagnosis.causes import cause
from agent.diagnosis.facts.changes import Change, recent_change
from agent.diagnosis.facts.defaults import claim, given_by
from agent.diagnosis.facts.ending import Ending, endings
from agent.diagnosis.finding import Claim, Finding, RuledOut, Sure, one_of
from agent.diagnosis.findings.memory_limit import raise_limit
from agent.diagnosis.read.thing import Obj, dig
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.ref import Ref

OOM = cause("oom-killed")
LOWERED = cause("oom-limit-lowered")
NODE = cause("node-out-of-memory")
KILLED = cause("killed")


@rule("Pod", finds=(KILLED, LOWERED, NODE, OOM))
def killed_for_memory(case: Case, pod: Obj) -> Iterator[Finding | State]:
    """OOMKilled, and SIGKILL that looks like it."""
    for ending in endings(case, pod):
        if ending.how == "oom":
            yield _oom(ending)
        elif ending.how == "killed":
            yield _killed(ending)


def limit(ending: Ending) -> str:
    """The container's memory limit, or ""."""
    return str(dig(ending.container.spec, "resources.limits.memory") or "")


def _oom(ending: Ending) -> Finding:
    container, workload = ending.container, ending.workload
    bound = limit(ending)
    if not bound:
        return _without_limit(ending)
    change = recent_change(ending.case, workload, container.finished_at)
    lowered = _lowered(change, container.name)
    claims = [
        Claim(f"The {container.called} was OOM-killed (reason OOMKilled)", ending.quote()),
        Claim(f"Its memory limit is {bound}", container.quote_spec("resources.limits.memory")),
    ]
    if given := given_by(ending.case, ending.pod, "memory", "limit"):
        claims.append(claim(*given, "memory", "limit"))
    if change:
        claims.append(change.claim())
    claims += _last_words(ending)
    text = f"The {container.called} is killed because it reaches its memory limit of {bound}"
    if lowered:
        text = f"The {container.called} has been OOM-killed since its memory limit was lowered to {bound}"
    raising = raise_limit(workload.ref, container.name, bound)
    return Finding(
        cause=LOWERED if lowered else OOM,
        entity=workload.ref,
        headline=text,
        claims=tuple(claims),
        sure=Sure.STATED,
        recommendations=one_of(roll_back(workload.ref), raising) if change else (raising,),
        ruled_out=tuple(_not_a_probe(ending)),
        since=change.at if change else container.finished_at,
        container=container.name,
    )


def _lowered(change: Change | None, name: str) -> bool:
    if change is None:
        return False
    paths = change.touching("limits.memory")
    return any(d.lowered or d.before is None for d in paths if f"[{name}]" in d.path)


def _last_words(ending: Ending) -> list[Claim]:
    if ending.log is None or not ending.log.text.strip():
        return []
    last = ending.log.text.strip().splitlines()[-1]
    return [Claim("The last line of its log before the kill", (ending.log.quote(last),))]


def _not_a_probe(ending: Ending) -> Iterator[RuledOut]:
    why = f"The kubelet gives the reason {ending.container.exit_reason}, which a probe's kill does not get."
    yield RuledOut(
        "liveness-probe-kill", why, ending.container.quote(f"{ending.container.ended_path}.reason")
    )


def _without_limit(ending: Ending) -> Finding:
    container = ending.container
    node = str(ending.pod.at("spec.nodeName") or "")
    return Finding(
        cause=NODE,
        entity=ending.workload.ref,
        headline=f"The {container.called} was killed because its node ran out of memory; it has no memory limit",
        claims=(
            Claim("It was OOM-killed (reason OOMKilled)", ending.quote()),
            Claim(f"It ran on node {node} and has no memory limit", ending.pod.quote("spec.nodeName")),
        ),
        sure=Sure.LIKELY,
        recommendations=(
            look(Ref("Node", "", node), "finding what fills the node's memory", "See which pods use it."),
            edit(ending.workload.ref, "setting memory requests and limits", NODE.remedy),
        ),
        leads_to=(Ref("Node", "", node),) if node else (),
        since=container.finished_at,
        container=container.name,
    )


def _killed(ending: Ending) -> Finding:
    """137 without a reason: with a limit most often memory, which the kubelet sometimes reports as Error."""
    container = ending.container
    bound = limit(ending)
    events = ending.case.events(ending.pod.ref) or []
    probed = any(e.reason in ("Unhealthy", "Killing") for e in events)
    has_probe = any(container.spec.get(probe) for probe in ("livenessProbe", "startupProbe"))
    likely = bool(bound) and not probed and (bool(events) or not has_probe)
    claims = [
        Claim("It was killed with SIGKILL (exit code 137), without the reason OOMKilled", ending.quote())
    ]
    if bound:
        claims.append(Claim(f"Its memory limit is {bound}", container.quote_spec("resources.limits.memory")))
    claims += _last_words(ending)
    if likely:
        why = "No probe and no deletion killed it: the kubelet sometimes reports a kill at the memory limit this way"
        claims.append(Claim(why, (), "hypothesis"))
        text = f"The {container.called} was killed, most likely at its memory limit of {bound}"
    else:
        text = f"The {container.called} was killed from outside (exit code 137)"
    return Finding(
        cause=OOM if likely else KILLED,
        entity=ending.workload.ref,
        headline=text,
        claims=tuple(claims),
        sure=Sure.LIKELY if likely else Sure.POSSIBLE,
        recommendations=(
            raise_limit(ending.workload.ref, container.name, bound)
            if likely
            else look(ending.pod.ref, "finding what killed it", KILLED.remedy),
        ),
        since=container.finished_at,
        container=container.name,
    )
