"""What changed: a workload's current template against the one before, and edits of the ConfigMaps it reads.

A Deployment's revisions are its ReplicaSets, a StatefulSet's and DaemonSet's its ControllerRevisions.
After a rollback the current ReplicaSet is an old one with a new revision number, so its age says
nothing: the ScalingReplicaSet event does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.graph import has_all_pods, owner_ref, pods_of, replica_sets, revision
from agent.diagnosis.finding import Claim
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.selector import selector_text
from agent.diagnosis.read.thing import Obj, cut, dig
from agent.evidence.rendering import lines
from agent.quantity import parse_quantity
from agent.ref import Ref
from agent.times import parse_time

RECENT = timedelta(hours=24)
SLACK = timedelta(
    minutes=2
)  # clocks and rounding: a change this shortly after the trouble may have caused it
_TEMPLATE = {"ReplicaSet": "spec.template", "ControllerRevision": "data.spec.template"}
_NOISE = ("metadata.labels.pod-template-hash", "metadata.creationTimestamp", "$patch")
_RESTARTED = "metadata.annotations.kubectl.kubernetes.io/restartedAt"


@dataclass(frozen=True)
class Difference:
    """One line that differs from before. `before` or `after` is None where there was none, both if unknown."""

    path: str
    before: str | None
    after: str | None
    quotes: tuple[Quote, ...] = ()

    def __str__(self) -> str:
        """`containers[web].image: shop:1 -> shop:2`."""
        path = self.path.removeprefix("spec.")
        if self.before is None and self.after is None:
            return path
        if self.path == _RESTARTED:
            return f"restarted at {self.after or 'an unknown time'}"
        if self.before is None:
            return f"{path}: {self.after} (added)"
        if self.after is None:
            return f"{path}: {self.before} (removed)"
        return f"{path}: {self.before} -> {_without_repository(self.before, self.after)}"

    @property
    def lowered(self) -> bool:
        """Whether both sides are quantities and the new one is smaller."""
        try:
            return parse_quantity(self.after) < parse_quantity(self.before)
        except ValueError:
            return False


@dataclass(frozen=True)
class Change:
    """What was changed on one object, and when (None if the evidence does not show it).

    `kind` is rollout (a new template), rollback (an older template again) or config (data of a ConfigMap).
    """

    entity: Ref
    kind: str
    at: datetime | None
    differences: tuple[Difference, ...]
    quotes: tuple[Quote, ...]
    revision: int = 0

    def touching(self, *words: str) -> tuple[Difference, ...]:
        """The differences whose path ends in one of these, such as `limits.memory` or `.image`."""
        return tuple(d for d in self.differences if d.path.endswith(words))

    @property
    def summary(self) -> str:
        """The differences in one line, the most important ones first."""
        shown = [str(d) for d in self.differences[:3]]
        more = len(self.differences) - len(shown)
        return "; ".join(shown) + (f"; and {more} more" if more else "")

    def claim(self) -> Claim:
        """The change as a claim with its quotes."""
        when = f" at {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        what = {"rollout": "a new version was rolled out", "rollback": "an earlier version was restored"}
        text = f"{self.entity}: {what.get(self.kind, 'its data was edited')}{when} ({self.summary})"
        return Claim(text, self.quotes + tuple(q for d in self.differences[:3] for q in d.quotes))


def recent_change(case: Case, workload: Obj, before: datetime | None = None) -> Change | None:
    """The rollout that came at most RECENT before a moment, by default now.

    None without one, and while unread. The first version of a workload is no change.
    """
    change = last_rollout(case, workload)
    if not change or change.at is None or not is_shortly_before(change.at, before or case.now):
        return None
    return change


def is_shortly_before(at: datetime, moment: datetime, within: timedelta = RECENT) -> bool:
    """Whether `at` is close enough before `moment` for a change to be to blame."""
    return -SLACK <= moment - at <= within


def last_rollout(case: Case, workload: Obj) -> Change | Lack | None:
    """The latest change of a workload's template, however long ago; None without one."""
    versions = _versions(case, workload)
    if isinstance(versions, Lack):
        return versions
    if len(versions) < 2:
        return None
    new = versions[0]
    found = differences(versions[1], new)
    if not found:
        return None
    rolled_back = "deployment.kubernetes.io/revision-history" in (new.at("metadata.annotations") or {})
    at = _rolled_back_at(case, workload, new) if rolled_back else new.created
    if at is Lack.UNREAD:
        return Lack.UNREAD
    return Change(
        entity=workload.ref,
        kind="rollback" if rolled_back else "rollout",
        at=at or None,
        differences=found,
        quotes=new.quote("metadata.creationTimestamp"),
        revision=_number(new),
    )


def differences(old: Obj, new: Obj) -> tuple[Difference, ...]:
    """The lines in which two revisions of a template differ, what runs and how much of it first."""
    before, after = dict(_template(old)), dict(_template(new))
    changed = [path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
    quotes = {path: _quotes(old, path, before) + _quotes(new, path, after) for path in changed}
    found = [Difference(path, before.get(path), after.get(path), quotes[path]) for path in changed]
    return tuple(sorted(found, key=_weight))


def config_changes(case: Case, workload: Obj, before: datetime | None = None) -> list[Change] | Lack:
    """Edits of the ConfigMaps a workload reads that came shortly before `before` (now by default)."""
    template = workload.at("spec.template.spec") or workload.at("spec") or {}
    why, space = f"was the configuration of {workload.ref} edited?", workload.ref.namespace
    configs = [case.get("ConfigMap", space, name, why) for name in sorted(set(config_maps(template)))]
    if Lack.UNREAD in configs:
        return Lack.UNREAD
    edits = []
    for config in configs:
        edit = _edit(config) if config else None
        if edit and edit.at and is_shortly_before(edit.at, before or case.now):
            edits.append(edit)
    return edits


def config_maps(pod_spec: dict[str, Any]) -> Iterator[str]:
    """The names of the ConfigMaps a pod specification mentions: variables and volumes."""
    for container in (pod_spec.get("initContainers") or []) + (pod_spec.get("containers") or []):
        for source in container.get("envFrom") or []:
            yield from _name(source, "configMapRef.name")
        for variable in container.get("env") or []:
            yield from _name(variable, "valueFrom.configMapKeyRef.name")
    for volume in pod_spec.get("volumes") or []:
        yield from _name(volume, "configMap.name")
        for source in dig(volume, "projected.sources") or []:
            yield from _name(source, "configMap.name")


def _name(data: Any, path: str) -> Iterator[str]:
    if name := dig(data, path):
        yield str(name)


def _versions(case: Case, workload: Obj) -> list[Obj] | Lack:
    """The revisions of a workload, newest first."""
    if workload.ref.kind == "Deployment":
        sets = replica_sets(case, workload)
        return sets if isinstance(sets, Lack) else [each for each in sets if revision(each)]
    if workload.ref.kind not in ("StatefulSet", "DaemonSet"):
        return []
    found = case.list(
        "ControllerRevision",
        workload.ref.namespace,
        label=selector_text(workload.at("spec.selector")),
        why=f"which revisions does {workload.ref} have?",
    )
    if isinstance(found, Lack):
        return found
    return sorted((each for each in found if owner_ref(each) == workload.ref), key=_number, reverse=True)


def _number(version: Obj) -> int:
    return revision(version) or int(version.at("revision") or 0)


def _rolled_back_at(case: Case, deployment: Obj, current: Obj) -> datetime | Lack | None:
    """When an old ReplicaSet became the current one again: when it was scaled up, or else its oldest pod."""
    words = f"up replica set {current.ref.name} from 0"
    for event in reversed(case.events(deployment.ref, f"when was {deployment.ref} rolled back?") or []):
        if event.reason == "ScalingReplicaSet" and words in event.message:
            return event.last
    pods = [pod for pod in pods_of(case, deployment) or [] if owner_ref(pod) == current.ref]
    if not has_all_pods(case, deployment):
        return None  # the oldest may not be among them
    return min((pod.created for pod in pods if pod.created), default=None)


def _template(version: Obj) -> Iterator[tuple[str, str]]:
    for path, value in lines(version.at(_TEMPLATE[version.ref.kind]) or {}):
        if path not in _NOISE:
            yield path, value


def _quotes(version: Obj, path: str, values: dict[str, str]) -> tuple[Quote, ...]:
    if path not in values:
        return ()
    where = ".".join(part for part in (version.prefix, _TEMPLATE[version.ref.kind], path) if part)
    return (Quote(version.evidence.id, cut(f"{where}: {values[path]}")),)


def _without_repository(before: str, after: str) -> str:
    """The tag alone of an image whose repository is unchanged."""
    repository, colon, tag = after.rpartition(":")
    return f":{tag}" if colon and "/" not in tag and before.startswith(f"{repository}:") else after


def _weight(difference: Difference) -> tuple[int, str]:
    """What a reader wants first: image, command, resources, variables; labels and annotations last."""
    order = (".image", ".command", ".args", ".resources", ".env", "Probe", "spec.")
    for place, word in enumerate(order):
        if word in difference.path:
            return place, difference.path
    return len(order), difference.path


def _edit(config: Obj) -> Change | None:
    """The newest edit of a ConfigMap's data after it was created."""
    edits = [
        (at, place, keys)
        for place, entry in enumerate(config.items("metadata.managedFields"))
        if (at := parse_time(entry.get("time"))) and (keys := _data_keys(entry))
    ]
    if not edits or config.created is None:
        return None
    at, place, keys = max(edits)
    if at - config.created < timedelta(seconds=5):
        return None
    changed = tuple(Difference(key, None, None) for key in keys)
    field = f"metadata.managedFields[{place}]"
    return Change(config.ref, "config", at, changed, config.quote(f"{field}.manager", f"{field}.time"))


def _data_keys(entry: dict[str, Any]) -> list[str]:
    return [
        str(field) for field in entry.get("fields") or [] if str(field).startswith(("data", "binaryData"))
    ]
