"""References: the name of one object of a cluster."""

from dataclasses import dataclass
from typing import Any, Self

CLUSTER_SCOPED = frozenset(
    {
        "Node", "Namespace", "PersistentVolume", "StorageClass", "IngressClass", "PriorityClass",
        "ClusterRole", "ClusterRoleBinding", "CSIDriver", "CSINode", "VolumeAttachment", "RuntimeClass",
        "APIService", "CustomResourceDefinition", "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "NodeMetrics",
    }
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Ref:
    """One object: its kind, namespace (empty for cluster-scoped kinds) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`namespace/Kind/name`, or `Kind/name` for a cluster-scoped object."""
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference back from its text; raises ValueError."""
        parts = text.split("/")
        if len(parts) == 2:
            return cls(parts[0], "", parts[1])
        if len(parts) == 3:
            return cls(parts[1], parts[0], parts[2])
        raise ValueError(f"not a reference: {text!r}; expected namespace/Kind/name")

    @classmethod
    def of(cls, data: dict[str, Any], kind: str = "") -> Self:
        """The reference of an object as the API returns it."""
        meta = data.get("metadata") or {}
        return cls(
            str(data.get("kind") or kind), str(meta.get("namespace") or ""), str(meta.get("name") or "")
        )
