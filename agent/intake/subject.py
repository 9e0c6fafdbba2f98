"""Subjects: which object of the cluster an alert is about, decided by its labels, then by its words."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.intake.labels import Labels
from agent.intake.mention import Mention, find_host, find_mention
from agent.kinds import WORKLOADS
from agent.names import is_name
from agent.ref import CLUSTER_SCOPED, Ref

if TYPE_CHECKING:
    from agent.intake.alert import Alert

# Label -> kind, the more specific first. Pods come later: a label for their owner was put there on purpose.
_OBJECTS = {
    "job_name": "Job",
    "cronjob": "CronJob",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "deployment": "Deployment",
    "replicaset": "ReplicaSet",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "hpa": "HorizontalPodAutoscaler",
    "poddisruptionbudget": "PodDisruptionBudget",
    "resourcequota": "ResourceQuota",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "persistentvolume": "PersistentVolume",
    "networkpolicy": "NetworkPolicy",
    "ingress": "Ingress",
}
_TYPED = (("workload", "workload_type"), ("owner_name", "owner_kind"), ("created_by_name", "created_by_kind"))
_WORKLOADS = {kind.lower(): kind for kind in WORKLOADS}
_APPLICATION = (
    "workload", "destination_workload", "app", "app_kubernetes_io_name", "application", "service",
    "destination_service", "microservice", "component",
)  # fmt: skip
_HOSTS = ("instance", "target", "url", "host", "destination_service")
_HINTS = (
    "reason", "condition", "status", "phase", "resource", "resourcequota", "persistentvolumeclaim", "device",
    "mountpoint", "fstype", "code", "exitcode", "verb", "uid", "image", "key", "effect", "app",
)  # fmt: skip

_TARGET_ALERT = re.compile("TargetDown|TargetMissing|TargetDisappeared")
_NAMESPACE_ALERT = re.compile("Namespace|Quota(?!Overcommit)")
_AGGREGATED_API = re.compile("KubeAggregatedAPI")
_PORT = re.compile(r"(?<=[^:]):\d{1,5}$|(?<=\]):\d{1,5}$")
_ADDRESS = re.compile(r"[0-9.]+|\[[0-9a-fA-F:.]+\]|[0-9a-fA-F]*:[0-9a-fA-F:.]+")
_NO_APPLICATION = re.compile(  # jobs and services that scrape many things, or the control plane
    r".*kube-?state-?metrics|.*node[-_]?exporter|node|nodes|kubelet|.*cadvisor|api-?servers?|kubernetes(?:-.*)?|kube-.*"
    r"|.*blackbox.*|.*probe.*|integrations/.*|pushgateway|federate|https?|default|prometheus"
)


@dataclass(frozen=True)
class Subject:
    """What an alert is about. Every name in it is a valid Kubernetes name, whatever the alert said."""

    ref: Ref | None = None
    """The object; None when the alert is about the whole cluster, or names no object for sure."""
    container: str = ""
    service: str = ""
    """A bare name of a service or workload, to be searched for (in `namespace`, when that is set)."""
    namespace: str = ""
    node: str = ""
    """The node's name; without a `ref` perhaps its address, to be matched against the nodes' addresses."""
    why: str = ""
    """One sentence: the labels or words that decided."""
    hints: dict[str, str] = field(default_factory=dict)
    """What else was said, untrusted text: labels (reason, condition, mountpoint...), and beside a `service`
    its `kind`, and the `place` that prose gives ("in prod"): then `namespace` is that word, and not sure."""


def route(alert: "Alert") -> Subject:
    """Find the subject of an alert. Never raises and never guesses: if nothing fits, `why` says so."""
    labels = Labels(alert.name, alert.labels)
    for rule in _RULES:
        if subject := rule(labels, alert):
            return subject
    return _subject(labels, "No label and no words name an object; it may be about the whole cluster.")


def _node_alert(labels: Labels, alert: "Alert") -> Subject | None:
    """Alerts about nodes, by their names: no other label counts."""
    if not labels.about_node:
        return None
    return (
        _on_node(labels)
        or _words(labels, alert)
        or _subject(labels, "It is about a node, but nothing names it.")
    )


def _target_alert(labels: Labels, alert: "Alert") -> Subject | None:
    """Scrape targets: job, namespace and service are those of the target."""
    service = labels.name("Service", "service")
    if not (service and labels.namespace and _TARGET_ALERT.match(labels.alertname)):
        return None
    return _object(labels, "Service", service, "The labels namespace and service name the scrape target.")


def _object_label(labels: Labels, alert: "Alert") -> Subject | None:
    """A label named after a kind."""
    for label, kind in _OBJECTS.items():
        if name := labels.name(kind, label):
            return _object(labels, kind, name, f"The label {label} names the {kind}.")
    for label, type_label in _TYPED:
        kind = _WORKLOADS.get(labels.get(type_label).lower(), "")
        if kind and (name := labels.name(kind, label)):
            return _object(labels, kind, name, f"The labels {label} and {type_label} name the {kind}.")
    if _AGGREGATED_API.match(labels.alertname) and (name := labels.name("APIService", "name")):
        return _object(labels, "APIService", name, "The label name names the aggregated API.")
    return None


def _pod_label(labels: Labels, alert: "Alert") -> Subject | None:
    if not labels.pod:
        return None
    return _object(labels, "Pod", labels.pod, "The label pod names the Pod.")


def _node_label(labels: Labels, alert: "Alert") -> Subject | None:
    return _on_node(labels) if labels.node or labels.by_host_exporter else None


def _host_label(labels: Labels, alert: "Alert") -> Subject | None:
    """A probed address within the cluster: NAME.NAMESPACE.svc."""
    for label in _HOSTS:
        if host := find_host(labels.get(label)):
            why = f"The label {label} contains the host name of the Service."
            return _subject(labels, why, Ref("Service", host.namespace, host.name), service=host.name)
    return None


def _application_label(labels: Labels, alert: "Alert") -> Subject | None:
    """A label for an application; certainly a Service only if a ServiceMonitor put it there."""
    for label in _APPLICATION:
        name = labels.name("Service", label)
        scraper = label == "service" and labels.by_exporter and name != labels.exported("service")
        if not name or scraper or _NO_APPLICATION.fullmatch(name):
            continue
        if label == "service" and labels.namespace and labels.get("endpoint") and labels.get("job"):
            return _object(labels, "Service", name, "The labels namespace and service name the Service.")
        return _subject(labels, f"The label {label} names the application.", service=name)
    return None


def _words(labels: Labels, alert: "Alert") -> Subject | None:
    """Prose, the weakest source: the description of a structured alert, or the plain text."""
    annotations = [(key, alert.annotations.get(key, "")) for key in ("description", "message", "summary")]
    for key, text in [*annotations, ("text", alert.plain_text)]:
        said = find_mention(text)
        if said.name:
            return _named_in_words(labels, said, f'The words "{said.words}" of the {key} name it.')
        if said.node:
            return _subject(labels, f"The {key} names the node.", Ref("Node", "", said.node))
        if said.namespace:
            return _subject(labels, f"The {key} names the namespace.", Ref("Namespace", "", said.namespace))
    return None


def _named_in_words(labels: Labels, said: Mention, why: str) -> Subject:
    """What prose names: an object if it gives kind and namespace, otherwise a name to search for."""
    namespace = said.namespace or _trusted_namespace(labels)
    ref = None
    if said.kind in CLUSTER_SCOPED:
        ref = Ref(said.kind, "", said.name)
    elif said.kind and namespace:
        ref = Ref(said.kind, namespace, said.name)
    service = "" if ref and ref.kind != "Service" else said.name
    found = _subject(labels, why, ref, service=service, kind=said.kind)
    return replace(
        found,
        namespace=found.namespace if ref else namespace or said.place,
        container=found.container or said.container,
        node=found.node or said.node,
        hints=found.hints | ({"place": said.place} if said.place and not namespace else {}),
    )


def _namespace_label(labels: Labels, alert: "Alert") -> Subject | None:
    if namespace := _trusted_namespace(labels):
        return _subject(labels, "Only the label namespace names anything.", Ref("Namespace", "", namespace))
    return None


def _job_label(labels: Labels, alert: "Alert") -> Subject | None:
    """The scrape job: often the application's name, sometimes as namespace/name."""
    job = labels.get("job")
    name = job.rpartition("/")[2]
    if labels.by_exporter or not is_name("Service", name) or any(map(_NO_APPLICATION.fullmatch, (job, name))):
        return None
    return _subject(labels, "Only the scrape job names anything.", service=name)


_RULES: tuple[Callable[[Labels, "Alert"], Subject | None], ...] = (
    _node_alert, _target_alert, _object_label, _pod_label, _node_label, _host_label, _application_label,
    _words, _namespace_label, _job_label,
)  # fmt: skip


def _on_node(labels: Labels) -> Subject | None:
    """The node that a label names, or else the one in `instance`; an address names no Node object."""
    if labels.node:
        return _subject(labels, "The label node names the Node.", Ref("Node", "", labels.node))
    instance = _PORT.sub("", labels.get("instance"))
    if _ADDRESS.fullmatch(instance) and len(instance) <= 48:
        by_address = _subject(labels, "The label instance is the address of the node.")
        return replace(by_address, namespace="", node=instance.strip("[]"))
    if instance and is_name("Node", instance):
        return _subject(labels, "The label instance names the Node.", Ref("Node", "", instance))
    return None


def _object(labels: Labels, kind: str, name: str, why: str) -> Subject:
    """An object by kind and name; without its namespace only a name to search for."""
    service = name if kind == "Service" else ""
    if kind in CLUSTER_SCOPED:
        return _subject(labels, why, Ref(kind, "", name))
    if labels.namespace:
        return _subject(labels, why, Ref(kind, labels.namespace, name), service=service)
    return _subject(labels, f"{why} Its namespace is not known.", service=name, kind=kind)


def _subject(
    labels: Labels, why: str, ref: Ref | None = None, *, service: str = "", kind: str = ""
) -> Subject:
    """A subject, with what else the labels say; `kind` is that of a service without a `ref`."""
    hints = {label: value[:253] for label in _HINTS if (value := labels.get(label))}
    hints |= {"pod": labels.pod} if labels.pod else {}
    hints |= {"kind": kind} if kind and ref is None else {}
    if ref is None:
        return Subject(None, labels.container, service, _trusted_namespace(labels), labels.node, why, hints)
    if ref.kind == "Node":
        return Subject(ref, node=ref.name, why=why, hints=hints)
    if ref.kind in CLUSTER_SCOPED:
        return Subject(ref, namespace=ref.name if ref.kind == "Namespace" else "", why=why, hints=hints)
    return Subject(ref, labels.container, service, ref.namespace, labels.node, why, hints)


def _trusted_namespace(labels: Labels) -> str:
    """The namespace, unless an exporter's series without an object leaves open whose it is."""
    ours = not labels.by_exporter or labels.pod or labels.exported("namespace")
    return labels.namespace if ours or _NAMESPACE_ALERT.search(labels.alertname) else ""
