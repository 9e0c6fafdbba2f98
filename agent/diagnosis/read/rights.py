"""Rights: the permissions that this program may recommend granting; a log cannot widen the list."""

from dataclasses import dataclass

from agent.diagnosis.logs.finding import Forbidden

NEVER = "No command grants this: it allows more than reading ordinary objects, so a person must decide."
_READING = frozenset({"get", "list", "watch"})
_WRITING = frozenset({"create", "update", "patch", "delete"})
_READABLE = {  # what the built-in ClusterRole `view` reads, without logs, and what describes the cluster itself
    "": "pods services endpoints configmaps persistentvolumeclaims replicationcontrollers serviceaccounts events "
    "limitranges resourcequotas namespaces nodes persistentvolumes",
    "apps": "deployments replicasets statefulsets daemonsets controllerrevisions",
    "batch": "jobs cronjobs",
    "autoscaling": "horizontalpodautoscalers",
    "policy": "poddisruptionbudgets",
    "networking.k8s.io": "ingresses ingressclasses networkpolicies",
    "discovery.k8s.io": "endpointslices",
    "storage.k8s.io": "storageclasses",
    "coordination.k8s.io": "leases",
    "events.k8s.io": "events",
    "metrics.k8s.io": "pods nodes",
}
_WRITABLE = {"": "events", "events.k8s.io": "events", "coordination.k8s.io": "leases"}  # what nothing runs by


@dataclass(frozen=True)
class Right:
    """One verb on one resource as kubectl names it (`pods`, `deployments.apps`); namespace empty: everywhere."""

    verb: str
    resource: str
    namespace: str


def right_to_grant(refused: Forbidden, home: str, *, wide: bool) -> Right | None:
    """The right that was refused, if it may be recommended for a ServiceAccount of namespace `home`.

    Reading ordinary objects may be; writing only what nothing runs by, and only at home; never Secrets,
    subresources, wildcards, roles and bindings, and no other verb. `wide`: it would hold in all namespaces.
    """
    group, resource = refused.group, refused.resource
    reads = refused.verb in _READING and resource in _READABLE.get(group, "").split()
    writes = refused.verb in _WRITING and resource in _WRITABLE.get(group, "").split()
    if not reads and not (writes and refused.namespace == home and not wide):
        return None
    named = f"{resource}.{group}" if group else resource
    return Right(refused.verb, named, "" if wide else refused.namespace)
