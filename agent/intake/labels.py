"""Labels: what the labels of one alert say about its object, and what they only say about the scraper.

The trap: an alert made from an exporter's series has labels of two origins. Where kube-state-metrics
reports on a node, `namespace`, `pod`, `container`, `service`, `job` and `instance` are those of
kube-state-metrics (the unit test of KubeNodeNotReady in kubernetes-mixin shows it). Where it reports on a
namespaced object, `namespace` is that object's; when the scrape does not honour labels, it is
`exported_namespace` that is.
"""

import re
from collections.abc import Mapping

from agent.names import is_name

_FORMS = (
    "exported_{}", "{}", "{}_name", "label_{}", "k8s_{}", "k8s_{}_name",
    "kubernetes_{}", "kubernetes_{}_name", "kube_{}",
)  # fmt: skip
"""How a label is spelled by Prometheus, kube-state-metrics, OpenTelemetry, Helm charts and Datadog."""

_EXPORTER = re.compile("kube-?state-?metrics|node[-_]?exporter")
_HOST_JOB = re.compile(".*node[-_]?exporter.*|node|nodes|kubelet|.*cadvisor.*")
_KUBELET_JOB = re.compile("kubelet|cadvisor")
_ABOUT_NODES = re.compile(r"KubeNode|KubernetesNode|Kubelet|Node(?!\.?[jJ][sS])|Host[A-Z]")
_ABOUT_PODS = re.compile("Pod|Container|CPUThrottling|^KubeStateMetrics")


class Labels:
    """The labels of one alert. Every property is a valid name or empty: an invalid value counts as absent."""

    def __init__(self, alertname: str, labels: Mapping[str, str]) -> None:
        self.alertname = alertname
        self._labels = labels

    def get(self, label: str) -> str:
        """A label's value; if there is an exported one too, that is the object's own."""
        return self.exported(label) or self._labels.get(label, "").strip()

    def exported(self, label: str) -> str:
        """The object's own value, if the scraper's label of that name displaced it."""
        return self._labels.get("exported_" + label, "").strip()

    def name(self, kind: str, label: str) -> str:
        """The name of an object of that kind, from the label in any of its spellings."""
        values = (self._labels.get(form.format(label), "").strip() for form in _FORMS)
        return next((value for value in values if is_name(kind, value)), "")

    @property
    def about_node(self) -> bool:
        """Whether the alertname says node: then pod, container and namespace are the exporter's, always."""
        return _ABOUT_NODES.match(self.alertname) is not None

    @property
    def by_exporter(self) -> bool:
        """Whether kube-state-metrics or the node exporter reported this, so that some labels are its own."""
        if _KUBELET_JOB.search(self.get("job")):
            return False
        scraper = ["job", "service", "app_kubernetes_io_name"]
        if self.get("instance"):  # a series as it was scraped; without it the rule chose the labels
            scraper.append("container")
        return any(_EXPORTER.search(self._labels.get(label, "")) for label in scraper)

    @property
    def by_host_exporter(self) -> bool:
        """Whether the series come from an agent of each node, so that `instance` is the node."""
        return any(_HOST_JOB.fullmatch(self._labels.get(label, "")) for label in ("job", "service"))

    @property
    def pod(self) -> str:
        """The pod the alert is about; not the exporter's own pod if that only reported on something else."""
        pod = "" if self.about_node else self.name("Pod", "pod")
        if not _EXPORTER.search(pod) or _ABOUT_PODS.search(self.alertname):
            return pod
        of_the_mixin = self.alertname.startswith("Kube") and not self.get("job")
        return "" if self.by_exporter or of_the_mixin else pod

    @property
    def container(self) -> str:
        """The container the alert is about; an exporter's container only goes with its own pod."""
        container = "" if self.about_node else self.name("Container", "container")
        return container if not _EXPORTER.search(container) or _EXPORTER.search(self.pod) else ""

    @property
    def namespace(self) -> str:
        """The namespace; the object's own if labels are honoured."""
        return "" if self.about_node else self.name("Namespace", "namespace")

    @property
    def node(self) -> str:
        """The node that a label names; not the one where kube-state-metrics happens to run."""
        foreign = self.by_exporter and not self.by_host_exporter and not self.get("condition")
        trusted = self.about_node or "Node" in self.alertname or self.exported("node") or not foreign
        return (self.name("Node", "node") or self.name("Node", "nodename")) if trusted else ""
