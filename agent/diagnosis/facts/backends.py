"""Backends: which pods are behind a Service and which of them take traffic."""

from dataclasses import dataclass

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.graph import count_pods, pods_of, workload_of
from agent.diagnosis.read.pod import is_deleting, is_finished, is_ready
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj
from agent.evidence.census import Census
from agent.evidence.wellness import READY, RESTARTED
from agent.ref import Ref

MOST = 3


@dataclass(frozen=True)
class Backends:
    """The pods a Service selects; `counted` if they are only a sample."""

    pods: list[Obj]
    counted: tuple[Census, Quote] | None = None

    @property
    def ready_count(self) -> str:
        """How many of how many take traffic: `3 of 4`."""
        if self.counted is None:
            return f"{len(self.ready)} of {len(self.pods)}"
        census, _ = self.counted
        return f"{'' if census.ended else 'at least '}{census.count(READY, RESTARTED)} of {census.total}"

    @property
    def ready_quotes(self) -> tuple[Quote, ...]:
        """Quotes that show that some are ready, or how many of a large number."""
        return (self.counted[1],) if self.counted else self.ready[0].quote_condition("Ready", "status")

    @property
    def ready(self) -> list[Obj]:
        """Those that take traffic."""
        return [pod for pod in self.pods if is_ready(pod) and not is_deleting(pod)]

    @property
    def unready(self) -> list[Obj]:
        """Those that should take traffic but do not."""
        return [
            pod for pod in self.pods if not is_ready(pod) and not is_finished(pod) and not is_deleting(pod)
        ]


def backends(case: Case, service: Obj) -> Backends | None:
    """The pods behind a Service; None without a selector, while unread, or if none of a sample is ready."""
    if not service.at("spec.selector") or service.at("spec.type") == "ExternalName":
        return None
    pods = pods_of(case, service)
    if isinstance(pods, Lack):
        return None
    found = Backends(pods, count_pods(case, service))
    unsure = found.counted is not None and not found.counted[0].ended
    return None if unsure and not found.ready else found


def workloads_behind(case: Case, behind: Backends) -> list[Ref]:
    """The workloads of the pods that are not ready, or else of all pods; pods share them, so they are few."""
    chosen = behind.unready or behind.ready
    return list(dict.fromkeys(workload_of(case, pod).ref for pod in chosen[:MOST]))
