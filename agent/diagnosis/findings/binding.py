"""Claims on volumes created by hand: no class, no volume that fits, a volume of another claim."""

from collections.abc import Iterator, Sequence

from agent.diagnosis.advice import edit, on
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.volume import DEFAULT_CLASS, mismatches
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure, one_of
from agent.diagnosis.read.thing import Event, Obj
from agent.diagnosis.state import State

NO_DEFAULT = cause("no-default-storage-class")
NO_VOLUME = cause("no-matching-volume")
ACCESS_MODE = cause("access-mode-unsupported")
TAKEN = cause("volume-taken")
FINDS = (NO_DEFAULT, NO_VOLUME, ACCESS_MODE, TAKEN)


def not_bound(pvc: Obj, *paths: str) -> Claim:
    """A claim that it is not bound, quoting its phase and the paths given."""
    return Claim(f"The claim {pvc.ref.name} is not bound", pvc.quote("status.phase", *paths))


def what_was_said(events: list[Event]) -> tuple[Claim, ...]:
    """The last of some events as a claim; nothing when there is none."""
    return (Claim("The latest event about it", (events[-1].quote,)),) if events else ()


def classless(case: Case, pvc: Obj, events: list[Event], *, explicit: bool) -> Iterator[Finding | State]:
    """A claim without a class: bound by the default class, else by a volume that fits, else not at all."""
    classes = case.list("StorageClass", "*", why="is there a default StorageClass?")
    if isinstance(classes, Lack):
        return
    default = [c for c in classes if (c.at("metadata.annotations") or {}).get(DEFAULT_CLASS) == "true"]
    if explicit or default:
        yield from no_volume(case, pvc, events)
        return
    said = [e for e in events if e.reason == "FailedBinding"]
    yield Finding(
        cause=NO_DEFAULT,
        entity=pvc.ref,
        headline=f"The claim {pvc.ref.name} names no StorageClass, and the cluster has no default class",
        claims=(
            not_bound(pvc, "spec.resources.requests.storage"),
            *what_was_said(said),
            Claim("No class is marked as the default", kind="hypothesis"),
        ),
        sure=Sure.STATED,
        recommendations=tuple(_name_a_class(pvc, classes)),
        since=pvc.created,
    )


def _name_a_class(pvc: Obj, classes: Sequence[Obj]) -> Iterator[Recommendation]:
    if not classes:
        install = "Install a provisioner and its StorageClass, and mark the class as the default."
        listed = kubectl(None, "get storageclass")
        yield Recommendation("creating a StorageClass", install, listed, "medium", on(pvc.ref, "get"))
        return
    names = ", ".join(each.ref.name for each in classes[:3])
    mark = on(classes[0].ref, "annotate", "{key}=true --overwrite", key=DEFAULT_CLASS)
    sentence = f"Mark {classes[0].ref.name} as the cluster's default: claims that name no class then use it."
    yield from one_of(
        edit(
            pvc.ref, "naming a StorageClass in the claim", f"Name one of these classes in the claim: {names}."
        ),
        Recommendation("marking a default class", sentence, mark, "medium", on(pvc.ref, "get")),
    )


def no_volume(case: Case, pvc: Obj, events: list[Event]) -> Iterator[Finding | State]:
    """A claim that waits for a volume created by hand."""
    volumes = case.list("PersistentVolume", "*", why="which volumes are free?", need="ill")
    if isinstance(volumes, Lack):
        return
    free = [pv for pv in volumes if pv.at("status.phase") in ("Available", "Released")]
    reasons = {pv.ref.name: mismatches(pvc, pv) for pv in free}
    if any(not why for why in reasons.values()):
        yield State(
            "progressing",
            pvc.ref,
            f"{pvc.ref} can use a free volume that fits and is about to be bound.",
            pvc.quote("status.phase"),
        )
        return
    near = min(free, key=lambda pv: len(reasons[pv.ref.name]), default=None)
    only = reasons[near.ref.name] if near else []
    is_mode = near is not None and [field for field, _ in only] == ["accessModes"]
    wanted = pvc.quote("spec.accessModes", "spec.resources.requests.storage", "spec.storageClassName")
    claims = [
        not_bound(pvc),
        Claim("What the claim asks for", wanted),
        *what_was_said([e for e in events if e.reason == "FailedBinding"]),
    ]
    if near:
        quotes = near.quote("status.phase", *(f"spec.{field}" for field, _ in only))
        if any(field == "selector" for field, _ in only):
            quotes += pvc.quote("spec.selector") + near.quote("metadata.labels")
        claims.append(
            Claim(f"The volume {near.ref.name} does not fit: {'; '.join(why for _, why in only)}", quotes)
        )
    headline = f"The claim {pvc.ref.name} waits for a volume that fits, and no volume is free"
    if near:
        headline = (
            f"No free volume fits the claim {pvc.ref.name}: {near.ref.name} differs "
            f"({'; '.join(w for _, w in only)})"
        )
    yield Finding(
        cause=ACCESS_MODE if is_mode else NO_VOLUME,
        entity=pvc.ref,
        headline=headline,
        claims=tuple(claims),
        sure=Sure.STATED,
        recommendations=tuple(_provide(pvc, near, [field for field, _ in only])),
        since=pvc.created,
    )


def _provide(pvc: Obj, near: Obj | None, differs: list[str]) -> Iterator[Recommendation]:
    """How the claim gets its volume: a new one, or one that only a deleted claim keeps reserved."""
    create = Recommendation(
        "creating a volume that fits",
        "Create a PersistentVolume with the claim's class, access mode and size.",
        kubectl(None, "get persistentvolumes"),
        "low",
        on(pvc.ref, "get"),
    )
    ways = [create, edit(pvc.ref, "correcting the claim", "Request what a free volume offers.")]
    if near is not None and differs == ["claimRef.name"] and near.at("status.phase") == "Released":
        patch = [{"op": "remove", "path": "/spec/claimRef"}]
        sentence = (
            f"If this claim may take over {near.ref.name} and its data, remove the deleted claim's claimRef."
        )
        command = on(near.ref, "patch", "--type=json -p {patch}", patch=patch)
        ways = [
            Recommendation("releasing the volume", sentence, command, "high", on(pvc.ref, "get")),
            create,
        ]
    yield from one_of(*ways)


def named_volume(case: Case, pvc: Obj, events: list[Event]) -> Iterator[Finding | State]:
    """A claim that names its volume, which is gone, taken or does not fit."""
    name = str(pvc.at("spec.volumeName"))
    pv = case.get("PersistentVolume", "", name, "is the named volume free?")
    said = what_was_said([e for e in events if e.reason == "FailedBinding"])
    if not pv:
        if gone := case.absent("PersistentVolume", "", name):
            yield Finding(
                cause=NO_VOLUME,
                entity=pvc.ref,
                headline=f"The claim {pvc.ref.name} names the volume {name}, which does not exist",
                claims=(
                    not_bound(pvc, "spec.volumeName"),
                    Claim(f"There is no volume {name}", (gone,)),
                    *said,
                ),
                sure=Sure.STATED,
                recommendations=(
                    edit(
                        pvc.ref, "naming a volume that exists", "Correct volumeName, or create that volume."
                    ),
                ),
                since=pvc.created,
            )
        return
    holder = pv.at("spec.claimRef.name")
    if holder and (pv.at("spec.claimRef.namespace"), holder) != (pvc.ref.namespace, pvc.ref.name):
        yield Finding(
            cause=TAKEN,
            entity=pvc.ref,
            headline=f"The claim {pvc.ref.name} names the volume {name}, which belongs to the claim {holder}",
            claims=(
                not_bound(pvc, "spec.volumeName"),
                Claim(
                    f"The volume belongs to {holder}",
                    pv.quote("spec.claimRef.namespace", "spec.claimRef.name"),
                ),
                *said,
            ),
            sure=Sure.STATED,
            recommendations=(edit(pvc.ref, "naming a free volume", "Name a free volume in the claim."),),
            since=pvc.created,
        )
        return
    if why := mismatches(pvc, pv):
        quotes = pv.quote(*(f"spec.{field}" for field, _ in why))
        yield Finding(
            cause=ACCESS_MODE if [field for field, _ in why] == ["accessModes"] else NO_VOLUME,
            entity=pvc.ref,
            headline=f"The volume {name} does not fit the claim {pvc.ref.name}: "
            f"{'; '.join(w for _, w in why)}",
            claims=(
                not_bound(pvc, "spec.accessModes", "spec.volumeName"),
                Claim("What the volume has", quotes),
                *said,
            ),
            sure=Sure.STATED,
            recommendations=(edit(pvc.ref, "correcting the claim", "Request what the volume offers."),),
            since=pvc.created,
        )
        return
    text = f"{pvc.ref} names the volume {name}, which fits, and is about to be bound."
    yield State("progressing", pvc.ref, text, pvc.quote("status.phase", "spec.volumeName"))
