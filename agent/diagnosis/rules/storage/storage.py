"""Claims and volumes: why a PersistentVolumeClaim is not bound, and what happened to its volume."""

import re
from collections.abc import Iterator
from datetime import timedelta

from agent.diagnosis.advice import edit, look, on
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import Command, Withheld, kubectl
from agent.diagnosis.facts.volume import PROVISIONERS, STATIC, is_waiting_for_pod, provisioner_of, users_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings import binding
from agent.diagnosis.findings.binding import (
    ACCESS_MODE,
    classless,
    named_volume,
    no_volume,
    not_bound,
    what_was_said,
)
from agent.diagnosis.read.pod import is_deleting
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

_CLASS_NOT_FOUND = re.compile(r'storageclass\S* "[^"]*" not found')
PATIENCE = timedelta(seconds=60)  # a running provisioner needs seconds


NO_CLASS = cause("storage-class-missing")
FAILED = cause("provisioning-failed")
PROVISIONER_DOWN = cause("provisioner-down")
LOST = cause("claim-lost")
VOLUME_FAILED = cause("volume-reclaim-failed")


@rule("PersistentVolumeClaim", finds=(FAILED, LOST, NO_CLASS, PROVISIONER_DOWN, *binding.FINDS))
def claim(case: Case, pvc: Obj) -> Iterator[Finding | State]:
    """Why a claim is not bound, or a state saying that it is."""
    phase = pvc.at("status.phase")
    if phase == "Bound":
        if not is_deleting(pvc):
            quotes = pvc.quote("status.phase", "spec.volumeName")
            yield State("healthy", pvc.ref, f"{pvc.ref} is bound to its volume.", quotes)
    elif phase == "Lost":
        yield _lost(case, pvc)
    elif phase == "Pending":
        yield from _pending(case, pvc)


@rule("PersistentVolume", finds=(VOLUME_FAILED,))
def volume(case: Case, pv: Obj) -> Iterator[Finding | State]:
    """A volume that could not be reclaimed, or the phase it is in."""
    phase = str(pv.at("status.phase") or "")
    quotes = pv.quote("status.phase", "status.reason", "status.message")
    if phase == "Failed":
        said = [e for e in (case.events(pv.ref, "why did it fail?") or []) if e.type == "Warning"]
        yield Finding(
            cause=VOLUME_FAILED,
            entity=pv.ref,
            headline=f"The volume {pv.ref.name} could not be reclaimed after its claim was removed",
            claims=(Claim("The volume is Failed", quotes + tuple(e.quote for e in said[-1:])),),
            sure=Sure.STATED,
            recommendations=(look(pv.ref, "reading why the deletion failed", "See what holds the storage."),),
            since=said[-1].first if said else None,
        )
    elif phase == "Released":
        yield State(
            "intended", pv.ref, f"{pv.ref} is kept after its claim was removed (policy Retain).", quotes
        )
    elif phase in ("Bound", "Available"):
        yield State("healthy", pv.ref, f"{pv.ref} is {phase.lower()}.", quotes)


def _lost(case: Case, pvc: Obj) -> Finding:
    name = str(pvc.at("spec.volumeName") or "")
    case.get("PersistentVolume", "", name, "is the claim's volume still there?")
    gone = case.absent("PersistentVolume", "", name)
    said = [e for e in (case.events(pvc.ref, "when was it lost?") or []) if e.reason == "ClaimLost"]
    quotes = pvc.quote("status.phase", "spec.volumeName") + tuple(e.quote for e in said[-1:])
    return Finding(
        cause=LOST,
        entity=pvc.ref,
        headline=f"The claim {pvc.ref.name} has lost its volume {name}, which was deleted",
        claims=(
            Claim("The claim is Lost", quotes),
            *([Claim("The volume is gone", (gone,))] if gone else []),
        ),
        sure=Sure.STATED,
        recommendations=(
            look(pvc.ref, "restoring the volume", "Restore the volume, or recreate the claim from a backup."),
        ),
        since=said[-1].first if said else None,
    )


def _pending(case: Case, pvc: Obj) -> Iterator[Finding | State]:
    name = pvc.at("spec.storageClassName")
    events = case.events(pvc.ref, "why is the claim not bound?") or []
    if pvc.at("spec.volumeName"):
        yield from named_volume(case, pvc, events)
        return
    if not name:
        yield from classless(case, pvc, events, explicit=name == "")
        return
    klass = case.get("StorageClass", "", name, f"which StorageClass is {name}?")
    if not klass:
        if gone := case.absent("StorageClass", "", name):
            yield from _classless_name(case, pvc, name, gone, events)
        return
    # The class exists: messages about its absence are from before it was created.
    failed = [
        e for e in events if e.reason == "ProvisioningFailed" and not _CLASS_NOT_FOUND.search(e.message)
    ]
    if (
        klass.at("provisioner") == STATIC
    ):  # nothing creates volumes for it, whatever an event says about creating one
        yield from no_volume(case, pvc, events)
    elif failed:
        yield _provisioning_failed(pvc, failed[-1], klass)
    elif is_waiting_for_pod(case, pvc):
        yield from _first_consumer(case, pvc, klass, events)
    else:
        yield from _waiting(case, pvc, klass, events)


def _classless_name(
    case: Case, pvc: Obj, name: str, gone: Quote, events: list[Event]
) -> Iterator[Finding | State]:
    """A class name without a StorageClass is a mistake, unless manually created volumes have it."""
    volumes = case.list("PersistentVolume", "*", why=f"are there volumes of class {name}?", need="some")
    if volumes is Lack.UNREAD:
        return
    if any(pv.at("spec.storageClassName") == name for pv in volumes or []):
        yield from no_volume(case, pvc, events)
    else:
        yield _no_class(case, pvc, name, gone, events)


def _no_class(case: Case, pvc: Obj, name: str, gone: Quote, events: list[Event]) -> Finding:
    others = case.list("StorageClass", "*", why="which classes are there?") or []
    have = ", ".join(other.ref.name for other in others)
    claims = [
        not_bound(pvc, "spec.storageClassName"),
        Claim(f"There is no StorageClass {name}", (gone,)),
        *what_was_said([e for e in events if e.reason == "ProvisioningFailed"]),
    ]
    if others:
        claims.append(
            Claim(f"Existing classes: {have}", tuple(q for o in others[:3] for q in o.quote("provisioner")))
        )
    return Finding(
        cause=NO_CLASS,
        entity=pvc.ref,
        headline=f"The claim {pvc.ref.name} names the StorageClass {name}, which does not exist",
        claims=tuple(claims),
        sure=Sure.STATED,
        recommendations=(
            edit(pvc.ref, "naming a class that exists", f"Change storageClassName to one of: {have}.")
            if others
            else look(pvc.ref, f"creating the StorageClass {name}", "Install its provisioner and the class."),
        ),
        since=pvc.created,
    )


def _provisioning_failed(pvc: Obj, event: Event, klass: Obj) -> Finding:
    is_mode = "access mode" in event.message.lower() or "accessmode" in event.message.lower()
    return Finding(
        cause=ACCESS_MODE if is_mode else FAILED,
        entity=pvc.ref,
        headline=f"The provisioner of {klass.ref.name} cannot create a volume for the claim {pvc.ref.name}: "
        f"{event.message[:160]}",
        claims=(
            not_bound(pvc, "spec.storageClassName", "spec.accessModes"),
            Claim("The provisioner says", (event.quote,)),
            Claim(f"The class {klass.ref.name}", klass.quote("provisioner")),
        ),
        sure=Sure.STATED if is_mode else Sure.LIKELY,
        recommendations=(
            edit(
                pvc.ref,
                "requesting what the class offers",
                "Request an access mode and size that the provisioner offers.",
            ),
        ),
        since=event.first,
    )


def _first_consumer(case: Case, pvc: Obj, klass: Obj, events: list[Event]) -> Iterator[State]:
    """No fault of the claim: it waits for a pod to be placed. What keeps the pod is the question then."""
    users = users_of(case, pvc)
    if isinstance(users, Lack):
        return
    said = tuple(e.quote for e in events[-1:])
    quotes = pvc.quote("status.phase") + klass.quote("volumeBindingMode") + said
    if not users:
        yield State(
            "intended", pvc.ref, f"{pvc.ref} waits for a first pod to use it, and no pod does.", quotes
        )


def _waiting(case: Case, pvc: Obj, klass: Obj, events: list[Event]) -> Iterator[Finding | State]:
    """Whether the provisioner of the claim's class is working."""
    name = str(klass.at("provisioner"))
    workload = provisioner_of(case, name)
    asked = pvc.quote("status.phase", "spec.storageClassName") + klass.quote("provisioner")
    said = tuple(e.quote for e in events if e.reason == "ExternalProvisioning")[-1:]
    if workload is not None and workload.at("status.readyReplicas"):
        state = f"{pvc.ref} waits for the provisioner {name}, which is running."
        yield State("progressing", pvc.ref, state, asked + said)
        return
    if workload is None and (pvc.created is None or case.now - pvc.created < PATIENCE):
        return
    if workload is None and any(case.is_partial(kind, "*") for kind in PROVISIONERS):
        return
    claims = [Claim(f"The claim waits for the provisioner {name}", asked + said)]
    if workload is not None:
        quotes = workload.quote("spec.replicas", "status.readyReplicas", "status.unavailableReplicas")
        claims.append(Claim(f"{workload.ref} has no ready pod", quotes))
    who = f"{workload.ref} has no ready pod" if workload else "nothing in the cluster seems to run it"
    yield Finding(
        cause=PROVISIONER_DOWN,
        entity=workload.ref if workload else pvc.ref,
        headline=f"Nothing creates the volume for the claim {pvc.ref.name}: the provisioner {name} is "
        f"down ({who})",
        claims=tuple(claims),
        sure=Sure.STATED if workload else Sure.LIKELY,
        recommendations=(
            Recommendation(
                action="restoring the provisioner",
                sentence=f"Start the workload that runs the provisioner {name}.",
                command=_revive(workload),
                risk="low",
                verify=on(pvc.ref, "get"),
            ),
        ),
        leads_to=(workload.ref,) if workload else (),
        since=pvc.created,
    )


def _revive(workload: Obj | None) -> Command | Withheld:
    """The command that restores a provisioner, or that finds it."""
    if workload is None:
        return kubectl(None, "get deployments --all-namespaces")
    if workload.at("spec.replicas") == 0:
        return on(workload.ref, "scale", "--replicas=1")
    return on(workload.ref, "describe")
