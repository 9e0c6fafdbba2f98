"""Kinds: where the Kubernetes API keeps the objects of each kind this program may read."""

from dataclasses import dataclass
from urllib.parse import quote

from agent.ref import CLUSTER_SCOPED

_PLURALS = {
    "v1": {
        "Pod": "pods", "Service": "services", "Endpoints": "endpoints", "ConfigMap": "configmaps",
        "PersistentVolumeClaim": "persistentvolumeclaims", "PersistentVolume": "persistentvolumes",
        "Node": "nodes", "Namespace": "namespaces", "Event": "events", "ServiceAccount": "serviceaccounts",
        "ResourceQuota": "resourcequotas", "LimitRange": "limitranges",
        "ReplicationController": "replicationcontrollers",
    },
    "apps/v1": {
        "Deployment": "deployments", "ReplicaSet": "replicasets", "StatefulSet": "statefulsets",
        "DaemonSet": "daemonsets", "ControllerRevision": "controllerrevisions",
    },
    "batch/v1": {"Job": "jobs", "CronJob": "cronjobs"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "discovery.k8s.io/v1": {"EndpointSlice": "endpointslices"},
    "networking.k8s.io/v1": {
        "Ingress": "ingresses", "IngressClass": "ingressclasses", "NetworkPolicy": "networkpolicies",
    },
    "rbac.authorization.k8s.io/v1": {
        "Role": "roles", "RoleBinding": "rolebindings",
        "ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings",
    },
    "storage.k8s.io/v1": {
        "StorageClass": "storageclasses", "VolumeAttachment": "volumeattachments",
        "CSIDriver": "csidrivers", "CSINode": "csinodes",
    },
    "scheduling.k8s.io/v1": {"PriorityClass": "priorityclasses"},
    "node.k8s.io/v1": {"RuntimeClass": "runtimeclasses"},
    "coordination.k8s.io/v1": {"Lease": "leases"},
    "apiregistration.k8s.io/v1": {"APIService": "apiservices"},
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": "customresourcedefinitions"},
    "admissionregistration.k8s.io/v1": {
        "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
        "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
        "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
        "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    },
    "metrics.k8s.io/v1beta1": {"PodMetrics": "pods", "NodeMetrics": "nodes"},
    "tekton.dev/v1": {"PipelineRun": "pipelineruns", "TaskRun": "taskruns"},
}  # fmt: skip


@dataclass(frozen=True)
class Resource:
    """Where a kind lives: its API (`v1`, `apps/v1`), its plural, and whether it has namespaces."""

    kind: str
    api: str
    plural: str

    @property
    def group(self) -> str:
        """The group of its API, empty for the core."""
        return self.api.rpartition("/")[0]

    @property
    def list_kind(self) -> str:
        """The kind of a list of them."""
        return f"{self.kind}List"

    @property
    def namespaced(self) -> bool:
        """Whether objects of this kind live in a namespace."""
        return self.kind not in CLUSTER_SCOPED

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of an object, or without a name of a collection; no namespace (or `*`) means all."""
        parts = ["/apis" if "/" in self.api else "/api", self.api]
        if self.namespaced and namespace not in ("", "*"):
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        return "/".join(parts)


RESOURCES = {
    kind: Resource(kind, api, plural) for api, plurals in _PLURALS.items() for kind, plural in plurals.items()
}
KIND_OF = {(resource.plural, resource.group): kind for kind, resource in RESOURCES.items()}
"""The kind of a plural in a group, as messages of the API server name it."""
