"""What fills up, by measurement: the volumes of claims, the disks, memory and CPUs of hosts, and clocks that drift."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.advice import look, on
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.facts.load import first
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read import promql
from agent.diagnosis.read.thing import Obj, Series
from agent.diagnosis.read.trend import level, slope
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State
from agent.intake.topic import Topic
from agent.ref import Ref

NODE_DISK_FULL = cause("node-disk-full")
CLOCK = cause("node-clock-skew")
VOLUME_FULL = cause("volume-full")
HOST_MEMORY = cause("node-memory-high")
HOST_CPU = cause("node-cpu-saturated")
FULL, CALM = 0.9, 0.85
SOON = 4 * 24 * 3600.0  # seconds; the window of the kube-prometheus rules that predict


@dataclass(frozen=True)
class Gauge:
    """A measure of a host: which alerts ask for it, its expression, the level that is trouble, and what it is."""

    alerts: re.Pattern[str]
    cause: Cause
    trouble: float
    what: str


_GAUGES = (
    Gauge(re.compile(r"Clock"), CLOCK, 0.05, "clock"),
    Gauge(re.compile(r"Filesystem|Disk(?!IO)|Inode"), NODE_DISK_FULL, FULL, "disk"),
    Gauge(re.compile(r"Memory"), HOST_MEMORY, FULL, "memory"),
    Gauge(re.compile(r"CPU|Load"), HOST_CPU, FULL, "CPU"),
)


@rule("PersistentVolumeClaim", finds=(VOLUME_FULL,))
def volume_fills(case: Case, pvc: Obj) -> Iterator[Finding | State]:
    """How full a claim's volume is, if the alert is about that."""
    if case.runbook.id is not Topic.FILLING or pvc.at("status.phase") != "Bound":
        return
    inodes = "inode" in case.alert.name.lower()
    query = promql.volume_used(pvc.ref.namespace, pvc.ref.name, inodes=inodes)
    used = first(case.series(query, f"how full is {pvc.ref.name}?"))
    now = level(used.points) if used else None
    if used is None or now is None:
        return
    what = "inodes" if inodes else "space"
    left = _seconds_left(used, now)
    if now >= FULL or left is not None:
        soon = (
            "" if left is None or now >= FULL else f", and it will be full in about {left / 3600:.0f} hours"
        )
        yield _volume_full(
            case,
            pvc,
            used,
            f"{now:.0%} of its {what} is used{soon}",
            Sure.STATED if now >= FULL else Sure.LIKELY,
        )
    elif now < CALM:
        kind = "recovered" if max(value for _, value in used.points) >= FULL else "healthy"
        text = f"{now:.0%} of the {what} of {pvc.ref} is used."
        yield _calm(kind, pvc.ref, text, used)


def _volume_full(case: Case, pvc: Obj, used: Series, words: str, sure: Sure) -> Finding:
    name = str(pvc.at("spec.storageClassName") or "")
    klass = case.get("StorageClass", "", name, "can the claim be expanded?")
    grows = bool(klass and klass.at("allowVolumeExpansion"))
    can = "its class allows it" if grows else "only where its class allows expansion"
    size = pvc.quote("spec.resources.requests.storage", "status.capacity.storage")
    return Finding(
        cause=VOLUME_FULL,
        entity=pvc.ref,
        headline=f"The volume of claim {pvc.ref.name} is filling up: {words}",
        claims=(Claim(f"Measured: {words}", (used.quote(),)), Claim("The size of the claim", size)),
        sure=sure,
        recommendations=(
            look(pvc.ref, "deleting what is not needed", "See what the pods that use it have written."),
            Recommendation(
                "enlarging the claim",
                f"Raise its request ({can}).",
                on(pvc.ref, "edit"),
                "medium",
                on(pvc.ref, "get"),
            ),
        ),
    )


@rule("Node", finds=(CLOCK, HOST_CPU, HOST_MEMORY, NODE_DISK_FULL))
def host(case: Case, node: Obj) -> Iterator[Finding | State]:
    """What the exporter measures on the host, if the alert is about that."""
    gauge = next((g for g in _GAUGES if g.alerts.search(case.alert.name)), None)
    if case.runbook.id is not Topic.HOSTS or gauge is None:
        return
    hints = case.subject.hints
    address = re.sub(r":\d+$", "", hints.get("instance", "")) or next(
        (str(a.get("address")) for a in node.items("status.addresses") if a.get("type") == "InternalIP"),
        node.ref.name,
    )
    query = {
        "clock": promql.clock_offset(address),
        "disk": promql.disk_used(address, hints.get("mountpoint", "")),
        "memory": promql.host_memory_used(address),
        "CPU": promql.host_cpu_used(address),
    }[gauge.what]
    measured = first(case.series(query, f"how is the {gauge.what} of {node.ref.name}?"))
    now = level(measured.points) if measured else None
    if measured is None or now is None:
        return
    words = (
        f"its clock is off by {now:.2f} s"
        if gauge.what == "clock"
        else f"{now:.0%} of its {gauge.what} is in use"
    )
    if now >= gauge.trouble:
        yield Finding(
            cause=gauge.cause,
            entity=node.ref,
            headline=f"Host {node.ref.name} has a problem: {words}",
            claims=(Claim(f"Measured on the host: {words}", (measured.quote(),)),),
            sure=Sure.STATED,
            recommendations=(look(node.ref, f"checking the {gauge.what} of the host", gauge.cause.remedy),),
        )
        return
    was = max(value for _, value in measured.points) >= gauge.trouble
    yield _calm("recovered" if was else "healthy", node.ref, f"Host {node.ref.name}: {words}.", measured)


def _calm(kind: str, ref: Ref, text: str, measured: Series) -> State:
    return State(
        "recovered" if kind == "recovered" else "healthy", ref, text, (measured.quote(),), settles=True
    )


def _seconds_left(used: Series, now: float) -> float | None:
    """When the volume will be full, if it grows straight and within days; None otherwise."""
    rate, straight = slope(used.points)
    left = (1 - now) / rate if rate > 0 else None
    return left if left is not None and left < SOON and straight > 0.8 and now > 0.5 else None
