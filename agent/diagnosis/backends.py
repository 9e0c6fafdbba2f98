"""Backends: which pods stand behind a Service and which of them take traffic."""

from dataclasses import dataclass

from agent.diagnosis.case import Case
from agent.diagnosis.graph import pods_of
from agent.diagnosis.pod import is_deleting, is_finished, is_ready
from agent.diagnosis.thing import Obj


@dataclass(frozen=True)
class Backends:
    """The pods a Service selects, those that are ready first in mind."""

    pods: list[Obj]

    @property
    def ready(self) -> list[Obj]:
        """Those that take traffic."""
        return [pod for pod in self.pods if is_ready(pod) and not is_deleting(pod)]

    @property
    def unready(self) -> list[Obj]:
        """Those that should and do not."""
        return [
            pod for pod in self.pods if not is_ready(pod) and not is_finished(pod) and not is_deleting(pod)
        ]


def backends(case: Case, service: Obj) -> Backends | None:
    """What a Service with a selector has behind it; None while unread, or without a selector."""
    if not service.at("spec.selector") or service.at("spec.type") == "ExternalName":
        return None
    pods = pods_of(case, service)
    return None if pods is None else Backends(pods)
