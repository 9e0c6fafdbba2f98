"""Endings: why a container ended although it should have kept running, and what it logged before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Literal

from agent.diagnosis.case import Case
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.logs import LogFinding
from agent.diagnosis.read.pod import Container, containers, is_deleting
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Log, Obj
from agent.evidence import query as q

How = Literal["start-error", "oom", "probe", "hook", "killed", "signal", "stopped", "completed", "exit"]

CRASH_SIGNALS = {132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 139: "SIGSEGV", 159: "SIGSYS"}
SECOND = timedelta(seconds=1)  # to which the kubelet's times are cut
SURE_LINE = 0.7  # weight from which a log line counts as the reason for an exit with status 0


@dataclass(frozen=True, eq=False)
class Ending:
    """The last termination of a container that has not recovered from it."""

    case: Case
    pod: Obj
    container: Container

    @cached_property
    def workload(self) -> Obj:
        """The topmost owner of the pod."""
        return workload_of(self.case, self.pod)

    @cached_property
    def how(self) -> How:
        """What ended it, as the kubelet reports it."""
        code, reason = self.container.exit_code, self.container.exit_reason
        if reason in ("StartError", "ContainerCannotRun") or self.container.waiting == "RunContainerError":
            return "start-error"
        if reason == "OOMKilled":
            return "oom"
        if self.killing("failed liveness probe", "failed startup probe") or self._is_by_aged_probe:
            return "probe"
        if self.killing("FailedPostStartHook"):
            return "hook"
        if code in CRASH_SIGNALS:
            return "signal"
        return {0: "completed", 137: "killed", 143: "stopped"}.get(code if code is not None else -1, "exit")  # type: ignore[return-value]

    @cached_property
    def log(self) -> Log | None:
        """The log of the instance that ended; if the node dropped it, the log of the next or previous one."""
        why = f"what did {self.container.called} say before it ended?"
        pod, name, previous = self.pod.ref, self.container.name, self.container.log_is_previous
        found = self.case.log(pod, name, previous=previous, why=why) or None
        dropped = not found and self._status(previous)
        if not dropped and not self._is_of_the_next(found):
            return found
        other = self.case.log(pod, name, previous=not previous, why=why) or None
        return found if not other and self._status(not previous) else other

    def _status(self, previous: bool) -> str:
        """The status of reading one of its logs; empty if it was not asked for."""
        pod = self.pod.ref
        return self.case.status(q.logs(pod.namespace, pod.name, self.container.name, previous=previous))

    def _is_of_the_next(self, log: Log | None) -> bool:
        """Whether the container was started again between the reads of its status and its log."""
        began, ended = log.began if log else None, self.container.finished_at
        if self.container.log_is_previous or began is None or ended is None:
            return False
        return began - ended > SECOND

    @property
    def is_log_refused(self) -> bool:
        """Whether the log was asked for and could not be read."""
        return self.log is None and any(map(self._status, (True, False)))

    @cached_property
    def said(self) -> tuple[LogFinding, ...]:
        """The lines of the log that decided the end, best first."""
        return self.log.read(exited=True) if self.log else ()

    def events(self, *reasons: str) -> list[Event]:
        """Events about this container, oldest first."""
        found = self.case.events(self.pod.ref, f"what happened to {self.pod.ref}?") or []
        place = f"{{{self.container.name}}}"
        return [e for e in found if e.reason in reasons and (place in e.field_path or not e.field_path)]

    def killing(self, *words: str) -> Event | None:
        """The event by which the kubelet announced this termination, or None; it may have expired."""
        for event in reversed(self.events("Killing")):
            if any(word in event.message for word in words) and self._is_of_this_end(event):
                return event
        return None

    def _is_of_this_end(self, event: Event) -> bool:
        if self.container.finished_at is None or event.last is None:
            return True
        grace = timedelta(seconds=int(self.pod.at("spec.terminationGracePeriodSeconds") or 30) + 30)
        return -timedelta(seconds=15) <= self.container.finished_at - event.last <= grace

    @cached_property
    def _is_by_aged_probe(self) -> bool:
        """Whether it ended as by a probe that kills, which failed before: the word of this very end may be gone.

        The kubelet sends about 25 events of a pod and then one in five minutes, so with some restarts the newest
        Killing event is that of an earlier end.
        """
        killed = self.container.exit_code in (137, 143) and self.container.exit_reason == "Error"
        has_probe = any(self.container.spec.get(probe) for probe in ("livenessProbe", "startupProbe"))
        failing = [e for e in self.events("Unhealthy") if e.message.startswith(("Liveness", "Startup"))]
        return killed and has_probe and bool(failing) and self.container.restarts > 1

    def quote(self) -> tuple[Quote, ...]:
        """Exit code and reason, and the restarts so far."""
        return (*self.container.quote_end(), *self.container.quote("restartCount"))


def endings(case: Case, pod: Obj) -> Iterator[Ending]:
    """The containers of a pod that keep exiting. A pod with a reason of its own (Evicted ...) has none."""
    if (
        is_deleting(pod)
        or pod.at("status.reason")
        or pod.condition("DisruptionTarget").get("status") == "True"
    ):
        return
    for container in containers(pod):
        if container.status and container.keeps_ending(case.now):
            yield Ending(case, pod, container)
