"""Labels: what the labels of one alert say about its object, and what they only say about the scraper.

The trap: an alert made from an exporter's series carries labels of two origins. Where kube-state-metrics
reports on a node, `namespace`, `pod`, `container`, `service`, `job` and `instance` are those of
kube-state-metrics (the unit test of KubeNodeNotReady in kubernetes-mixin shows it). Where it reports on a
namespaced object, `namespace` is that object's; when the scrape does not honour labels, it is
`exported_namespace` that is.
"""

import re
from collections.abc import Mapping

from agent.names import is_name

POD = ("pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name")
CONTAINER = ("container", "container_name", "k8s_container_name")
NAMESPACE = ("namespace", "kubernetes_namespace", "k8s_namespace_name", "destination_workload_namespace")
NODE = ("node", "nodename", "kubernetes_node", "k8s_node_name")

_EXPORTER = re.compile("kube-?state-?metrics|node[-_]?exporter")
_ABOUT_NODES = re.compile(r"KubeNode|KubernetesNode|Kubelet|Node(?!\.?[jJ][sS])|Host[A-Z]")
_HOST_JOB = re.compile(".*node[-_]?exporter.*|node|nodes|kubelet|.*cadvisor.*")
_ABOUT_PODS = re.compile("Pod|Container|CPUThrottling|^KubeStateMetrics")


class Labels:
    """The labels of one alert. Every property is a valid name or empty: an invalid value counts as absent."""

    def __init__(self, alertname: str, labels: Mapping[str, str]) -> None:
        self.alertname = alertname
        self._labels = labels

    def get(self, label: str) -> str:
        """A label's value; the exported one, where there are both, is the object's own."""
        return (self._labels.get("exported_" + label) or self._labels.get(label) or "").strip()

    def first(self, kind: str, labels: tuple[str, ...]) -> str:
        """The value of the first label that can name an object of that kind."""
        return next((value for label in labels if (value := self.get(label)) and is_name(kind, value)), "")

    @property
    def about_node(self) -> bool:
        """Whether the alertname says node: then pod, container and namespace are the exporter's, always."""
        return _ABOUT_NODES.match(self.alertname) is not None

    @property
    def by_exporter(self) -> bool:
        """Whether kube-state-metrics or the node exporter reported this, as job or service say."""
        return any(_EXPORTER.search(self._labels.get(label, "")) for label in ("job", "service"))

    @property
    def by_host_exporter(self) -> bool:
        """Whether the series come from an agent of each node, so that `instance` is the node."""
        return any(_HOST_JOB.fullmatch(self._labels.get(label, "")) for label in ("job", "service"))

    @property
    def pod(self) -> str:
        """The pod the alert is about; not the exporter's own, where that only reported on something else."""
        pod = "" if self.about_node else self.first("Pod", POD)
        if not _EXPORTER.search(pod) or _ABOUT_PODS.search(self.alertname):
            return pod
        of_the_mixin = self.alertname.startswith("Kube") and not self._labels.get("job")
        return "" if self.by_exporter or of_the_mixin else pod

    @property
    def container(self) -> str:
        """The container the alert is about; an exporter's container only goes with its own pod."""
        container = "" if self.about_node else self.first("Container", CONTAINER)
        return container if not _EXPORTER.search(container) or _EXPORTER.search(self.pod) else ""

    @property
    def namespace(self) -> str:
        """The namespace, of the object where labels are honoured."""
        return "" if self.about_node else self.first("Namespace", NAMESPACE)

    @property
    def node(self) -> str:
        """The node that a label names."""
        return self.first("Node", NODE)
