"""Builders of objects as the API writes them, for tests of the analyzers."""

from typing import Any

from tests.diagnosis.world import NOW, ago

Data = dict[str, Any]


def owned(kind: str, name: str, uid: str = "") -> list[Data]:
    """ownerReferences with one controller."""
    return [{"apiVersion": "v1", "kind": kind, "name": name, "uid": uid or f"uid-{name}", "controller": True}]


def meta(name: str, namespace: str = "shop", *, minutes: float = 600, **more: Any) -> Data:
    """metadata of an object created so many minutes ago."""
    return {
        "name": name,
        "namespace": namespace,
        "creationTimestamp": ago(minutes),
        "uid": f"uid-{name}",
    } | more


def container(name: str = "web", image: str = "shop/web:1", **more: Any) -> Data:
    """A container of a pod template."""
    return {"name": name, "image": image} | more


def template(*containers: Data, app: str = "web", **spec: Any) -> Data:
    """A pod template labelled app."""
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": list(containers) or [container()]} | spec,
    }


def condition(type: str, status: str, reason: str = "", message: str = "", minutes: float = 60) -> Data:
    """One entry of status.conditions."""
    entry = {
        "type": type,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": ago(minutes),
    }
    return {key: value for key, value in entry.items() if value}


def pod(
    name: str,
    *statuses: Data,
    namespace: str = "shop",
    app: str = "web",
    ready: bool = True,
    phase: str = "Running",
    owner: list[Data] | None = None,
    minutes: float = 60,
    conditions: list[Data] | None = None,
    **spec: Any,
) -> Data:
    """A pod; its containers follow from `spec` or are one `web`, with the given containerStatuses."""
    known = {c["type"] for c in conditions or []}
    standard = [
        condition("PodScheduled", "True"),
        condition(
            "Ready", "True" if ready else "False", "" if ready else "ContainersNotReady", minutes=minutes
        ),
    ]
    return {
        "kind": "Pod",
        "metadata": meta(name, namespace, minutes=minutes, labels={"app": app}, ownerReferences=owner or []),
        "spec": {"containers": [container()], "nodeName": "n1"} | spec,
        "status": {
            "phase": phase,
            "conditions": [*(c for c in standard if c["type"] not in known), *(conditions or [])],
            "containerStatuses": list(statuses) or [running(ready=ready, minutes=minutes)],
        },
    }


def running(
    name: str = "web", *, ready: bool = True, restarts: int = 0, minutes: float = 60, **more: Any
) -> Data:
    """A containerStatus of a container that runs since so many minutes."""
    state = {"running": {"startedAt": ago(minutes)}}
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state} | more


def crashing(
    name: str = "web", *, code: int = 1, reason: str = "Error", restarts: int = 6, minutes: float = 2
) -> Data:
    """A containerStatus in CrashLoopBackOff that last ended so many minutes ago."""
    ended = {"exitCode": code, "reason": reason, "startedAt": ago(minutes + 0.1), "finishedAt": ago(minutes)}
    waiting = {"reason": "CrashLoopBackOff", "message": f"back-off 5m0s restarting failed container={name}"}
    return {
        "name": name, "ready": False, "restartCount": restarts,
        "state": {"waiting": waiting}, "lastState": {"terminated": ended},
    }  # fmt: skip


def deployment(
    name: str = "web",
    *,
    namespace: str = "shop",
    replicas: int = 3,
    ready: int | None = None,
    pod_template: Data | None = None,
    revision: int = 1,
    conditions: list[Data] | None = None,
    **status: Any,
) -> Data:
    """A Deployment whose pods are labelled app=name; `ready` of its replicas are available."""
    ready = replicas if ready is None else ready
    well = ready >= replicas
    done = f'ReplicaSet "{name}-a" has successfully progressed.'
    standard = [
        condition(
            "Available", str(well), "MinimumReplicasAvailable" if well else "MinimumReplicasUnavailable"
        ),
        condition("Progressing", "True", "NewReplicaSetAvailable", done),
    ]
    known = {c["type"] for c in conditions or []}
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    return {
        "kind": "Deployment",
        "metadata": meta(name, namespace, generation=1, annotations=annotations),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": pod_template or template(app=name),
        },
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "unavailableReplicas": replicas - ready,
            "conditions": [*(c for c in standard if c["type"] not in known), *(conditions or [])],
        }
        | status,
    }


def replica_set(
    name: str,
    *,
    deployment: str = "web",
    namespace: str = "shop",
    revision: int = 1,
    minutes: float = 600,
    replicas: int = 0,
    pod_template: Data | None = None,
    conditions: list[Data] | None = None,
    history: str = "",
) -> Data:
    """A ReplicaSet of a Deployment, created so many minutes ago."""
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    if history:
        annotations["deployment.kubernetes.io/revision-history"] = history
    about = {"labels": {"app": deployment}, "ownerReferences": owned("Deployment", deployment)}
    return {
        "kind": "ReplicaSet",
        "metadata": meta(name, namespace, minutes=minutes, annotations=annotations, **about),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": deployment}},
            "template": pod_template or template(app=deployment),
        },
        "status": {"replicas": replicas, "conditions": conditions or []},
    }


def deployed(
    status: Data, *own: Data, name: str = "web", namespace: str = "shop", ready: bool = False, **spec: Any
) -> list[Data]:
    """A Deployment of one pod, NAME-a-x1, with these containers and the status of the first; `spec` is the pod's."""
    runs = own or (container(name),)
    made = template(*runs, app=name, **spec)
    owner = owned("ReplicaSet", f"{name}-a")
    return [
        deployment(name, namespace=namespace, replicas=1, ready=int(ready), pod_template=made),
        replica_set(f"{name}-a", deployment=name, namespace=namespace, replicas=1, pod_template=made),
        pod(f"{name}-a-x1", status, namespace=namespace, app=name, ready=ready, owner=owner, **made["spec"]),
    ]


def rolled_out(minutes: float, before: Data, after: Data, *, replicas: int = 1) -> list[Data]:
    """Deployment web, whose pods web-b-0 and so on run the newer of two templates since so many minutes."""
    owner = owned("ReplicaSet", "web-b")
    return [
        deployment(revision=2, replicas=replicas, pod_template=after),
        replica_set("web-a", revision=1, minutes=9900, pod_template=before),
        replica_set("web-b", revision=2, minutes=minutes, pod_template=after),
        *(pod(f"web-b-{n}", owner=owner, minutes=minutes, **after["spec"]) for n in range(replicas)),
    ]


def hpa(*conditions: Data, current: int = 1, desired: int = 1) -> Data:
    """The autoscaler of Deployment web, from 1 to 3 replicas."""
    return {
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta("web"),
        "spec": {"maxReplicas": 3, "minReplicas": 1, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
        "status": {"currentReplicas": current, "desiredReplicas": desired, "conditions": list(conditions)},
    }


def node(
    name: str = "n1",
    *,
    labels: Data | None = None,
    taints: list[Data] | None = None,
    conditions: list[Data] | None = None,
    unschedulable: bool = False,
    **allocatable: str,
) -> Data:
    """A node with 4 CPUs and 16Gi, Ready unless `conditions` say otherwise."""
    known = {c["type"] for c in conditions or []}
    standard = [
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", minutes=9000),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", minutes=9000),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", minutes=9000),
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", minutes=9000),
    ]
    data = {
        "kind": "Node",
        "metadata": meta(name, "", minutes=10000, labels={"kubernetes.io/hostname": name} | (labels or {})),
        "spec": {"taints": taints or []} | ({"unschedulable": True} if unschedulable else {}),
        "status": {
            "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}
            | allocatable,
            "addresses": [
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "conditions": [*(c for c in standard if c["type"] not in known), *(conditions or [])],
        },
    }
    return data


def series(*parts: tuple[int, float], step: float = 60.0, end: float = 0.0) -> list[Data]:
    """One series: per (count, value) so many points of that value, the last at `end`, by default NOW."""
    values = [value for count, value in parts for _ in range(count)]
    last = end or NOW.timestamp()
    points = [[last - step * (len(values) - 1 - i), value] for i, value in enumerate(values)]
    return [{"labels": {}, "points": points}]
