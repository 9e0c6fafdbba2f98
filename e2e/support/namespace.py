"""One namespace of the cluster, as a test sees it."""

import json
from dataclasses import dataclass
from typing import Any

from e2e.cluster.cluster import Cluster


@dataclass(frozen=True)
class Namespace:
    """kubectl bound to one namespace; every method raises ClusterError with what kubectl said."""

    cluster: Cluster
    name: str

    def kubectl(self, *arguments: str, input: str = "") -> str:
        """Standard output of `kubectl -n NAME ...`."""
        return self.cluster.kubectl("-n", self.name, *arguments, input=input)

    def apply(self, manifest: str) -> None:
        """Apply the text of a manifest."""
        self.kubectl("apply", "-f", "-", input=manifest)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """One object."""
        return json.loads(self.kubectl("get", kind, name, "-o", "json"))

    def objects(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """The objects of a kind, all or those that a label selector matches."""
        chosen = ["-l", selector] if selector else []
        return json.loads(self.kubectl("get", kind, "-o", "json", *chosen))["items"]

    def logs(self, pod: str, *arguments: str) -> str:
        """A pod's log; `arguments` go to `kubectl logs`."""
        return self.kubectl("logs", pod, *arguments)

    def events(self, about: str = "") -> list[str]:
        """`Reason: message` of the events, all or those about the object of this name."""
        return [
            f"{event.get('reason')}: {event.get('message')}"
            for event in self.objects("events")
            if about in ("", event["involvedObject"].get("name"))
        ]
