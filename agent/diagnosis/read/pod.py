"""Pods as analyzers see them: each container with its specification, its state and how it last ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, dig
from agent.times import parse_time

SHORTEST_PROOF = timedelta(seconds=30)
LONGEST_PROOF = timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class Container:
    """One container of a pod. `path` is where its status is, for quotes."""

    pod: Obj
    name: str
    spec: dict[str, Any]
    status: dict[str, Any]
    path: str
    is_init: bool

    @property
    def is_sidecar(self) -> bool:
        """An init container that keeps running (restartPolicy Always)."""
        return self.is_init and self.spec.get("restartPolicy") == "Always"

    @property
    def restarts(self) -> int:
        """restartCount."""
        return int(self.status.get("restartCount") or 0)

    @property
    def ready(self) -> bool:
        """Whether the kubelet reports it as ready."""
        return bool(self.status.get("ready"))

    @property
    def running_since(self) -> datetime | None:
        """When the running instance started, None while it does not run."""
        return parse_time(dig(self.status, "state.running.startedAt"))

    @property
    def waiting(self) -> str:
        """The reason it is waiting, empty if it is not."""
        return str(dig(self.status, "state.waiting.reason") or "")

    @property
    def waiting_message(self) -> str:
        """The message that comes with the waiting reason."""
        return str(dig(self.status, "state.waiting.message") or "")

    @property
    def ended(self) -> dict[str, Any]:
        """How it ended: the current termination, or else the last one; empty if it never ended."""
        return dig(self.status, self.ended_path) or {} if self.ended_path else {}

    @property
    def ended_path(self) -> str:
        """Where `ended` is in the container's status."""
        if dig(self.status, "state.terminated"):
            return "state.terminated"
        return "lastState.terminated" if dig(self.status, "lastState.terminated") else ""

    @property
    def exit_code(self) -> int | None:
        """Exit code of `ended`."""
        code = self.ended.get("exitCode")
        return int(code) if isinstance(code, int) else None

    @property
    def exit_reason(self) -> str:
        """Reason of `ended`: Error, Completed, OOMKilled, StartError ..."""
        return str(self.ended.get("reason") or "")

    @property
    def finished_at(self) -> datetime | None:
        """When `ended` ended."""
        return parse_time(self.ended.get("finishedAt"))

    @property
    def lived(self) -> timedelta:
        """How long the instance that `ended` had run; zero when unknown or when it never ran."""
        started = parse_time(self.ended.get("startedAt"))
        if started is None or self.finished_at is None or started.year < 2000:  # StartError says 1970
            return timedelta(0)
        return max(self.finished_at - started, timedelta(0))

    def has_recovered(self, now: datetime) -> bool:
        """Whether it runs, and has for twice as long as it took to end the last time (30 s to 1 h)."""
        if self.running_since is None:
            return False
        proof = min(max(2 * self.lived, SHORTEST_PROOF), LONGEST_PROOF)
        return not self.ended or now - self.running_since > proof

    def keeps_ending(self, now: datetime) -> bool:
        """Whether it ended when it should not have and has not recovered since."""
        if self.waiting in ("CrashLoopBackOff", "RunContainerError"):
            return True
        if self.ended_path == "state.terminated":
            return self.exit_code != 0 or self.should_run
        return bool(self.ended) and not self.has_recovered(now) and not self.ready_init

    @property
    def should_run(self) -> bool:
        """Whether even a successful exit is wrong for it: it must always be restarted."""
        always = self.pod.at("spec.restartPolicy", "Always") == "Always"
        return always and (not self.is_init or self.is_sidecar)

    @property
    def ready_init(self) -> bool:
        """Whether it is an init container that has done its work."""
        return self.is_init and not self.is_sidecar and self.ready

    @property
    def log_is_previous(self) -> bool:
        """Whether the log of how it ended is that of the previous instance."""
        return self.ended_path == "lastState.terminated"

    @property
    def called(self) -> str:
        """Its name in sentences: "container web", "init container migrate"."""
        return f"{'sidecar' if self.is_sidecar else 'init container' if self.is_init else 'container'} {self.name}"

    def quote(self, *paths: str) -> tuple[Quote, ...]:
        """Quotes from this container's status."""
        return self.pod.quote(*(f"{self.path}.{path}" for path in paths))

    def quote_spec(self, *paths: str) -> tuple[Quote, ...]:
        """Quotes from this container's specification."""
        where = "initContainers" if self.is_init else "containers"
        return self.pod.quote(*(f"spec.{where}[{self.name}].{path}" for path in paths))

    def quote_end(self) -> tuple[Quote, ...]:
        """Exit code, reason and time of the end."""
        return self.quote(
            *(f"{self.ended_path}.{key}" for key in ("exitCode", "reason", "message", "finishedAt"))
        )

    @property
    def env(self) -> dict[str, str]:
        """Variables with plain values; those the redaction hid are "[redacted]"."""
        entries = self.spec.get("env") or []
        return {str(e.get("name")): str(e.get("value") or "") for e in entries if isinstance(e, dict)}


def containers(pod: Obj, *, init: bool = True) -> Iterator[Container]:
    """The containers of a pod, init containers first, each with its status (empty before it has one)."""
    groups = [("containers", "containerStatuses", False)]
    if init:
        groups.insert(0, ("initContainers", "initContainerStatuses", True))
    for specs, statuses, is_init in groups:
        known = {s.get("name"): s for s in pod.items(f"status.{statuses}")}
        for spec in pod.items(f"spec.{specs}"):
            name = str(spec.get("name") or "")
            path = f"status.{statuses}[{name}]"
            yield Container(pod, name, spec, known.get(name, {}), path, is_init)


def first_container(pod: Obj) -> str:
    """The name of the pod's first container, by custom its main one; empty where none is known."""
    return str((pod.items("spec.containers") or [{}])[0].get("name") or "")


def is_ready(pod: Obj) -> bool:
    """Whether the pod's Ready condition is True."""
    return pod.condition("Ready").get("status") == "True"


def is_finished(pod: Obj) -> bool:
    """Whether the pod completed and is not meant to run."""
    return pod.at("status.phase") == "Succeeded"


def is_deleting(pod: Obj) -> bool:
    """Whether its deletion was requested."""
    return bool(pod.at("metadata.deletionTimestamp"))


def is_overdue(obj: Obj, now: datetime, patience: timedelta) -> bool:
    """Whether a deletion should have been over, and a while ago: deletionTimestamp is when its grace period ends."""
    due = obj.time("metadata.deletionTimestamp")
    return due is not None and now - due > patience


def told_to_end_at(obj: Obj) -> datetime | None:
    """When a deletion was asked for: deletionTimestamp holds the request plus the grace period."""
    due = obj.time("metadata.deletionTimestamp")
    grace = obj.at("metadata.deletionGracePeriodSeconds")
    return due - timedelta(seconds=int(grace or 0)) if due else None


def is_well(pod: Obj) -> bool:
    """Ready now, or completed, and not being deleted."""
    return is_finished(pod) or (is_ready(pod) and not is_deleting(pod))
