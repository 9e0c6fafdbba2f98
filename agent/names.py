"""Names: which text may name a Kubernetes object, and which owner a pod's name gives away."""

import re

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*")
_ONE_LABEL_KINDS = frozenset({"Namespace", "Service", "Container"})
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._@-]*")
_ROLE_KINDS = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})

# The hash of a pod template is a decimal number written with ten letters; a generated suffix is five
# characters of an alphabet without vowels (k8s.io/apimachinery/pkg/util/rand: SafeEncodeString, String).
_HASH = r"-[4-9bcdf]{6,10}"
_SUFFIX = r"-[bcdfghjklmnpqrstvwxz2456789]{5}"
_DEPLOYMENT_POD = re.compile(rf"(.+){_HASH}-[a-z0-9]{{5}}")
_REPLICA_SET = re.compile(rf"(.+){_HASH}")
_OWNED_POD = re.compile(
    rf"(.+?)(?:-\d{{8}})?{_SUFFIX}"
)  # DaemonSet or Job; the digits are a CronJob's minute
_ORDINAL = re.compile(r"(.+)-\d{1,4}")
_CRON_RUN = re.compile(r"(.+)-\d{8}")


def is_name(kind: str, text: str) -> bool:
    """Whether `text` is a name an object (or container) of that kind can have, by RFC 1123.

    The API server takes nearly any text as the name of a role or a binding; here it is one of the usual letters.
    """
    if kind in _ROLE_KINDS:
        return len(text) <= 253 and _ROLE.fullmatch(text) is not None
    if kind in _ONE_LABEL_KINDS:
        return len(text) <= 63 and _LABEL.fullmatch(text) is not None
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def is_deployment_pod(name: str) -> bool:
    """Whether the name is one that only the pod of a ReplicaSet bears: NAME-HASH-SUFFIX."""
    return _DEPLOYMENT_POD.fullmatch(name) is not None


def owner_name(kind: str, name: str) -> str:
    """The name of the workload that an object belongs to; the object's own name when that says nothing.

    Read from the name alone, so it is good for grouping alerts, not for a claim about ownership.
    """
    patterns = {
        "Pod": (_DEPLOYMENT_POD, _OWNED_POD, _ORDINAL),
        "ReplicaSet": (_REPLICA_SET,),
        "Job": (_CRON_RUN,),
    }.get(kind, ())
    for pattern in patterns:
        if match := pattern.fullmatch(name):
            return match[1]
    return name
