"""Workloads: followed to the pods that stand for their trouble; what they state themselves."""

import json
from typing import Any

import pytest

from tests.diagnosis import objects as o
from tests.diagnosis.world import World, ago

ALERT = {"labels": {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "shop", "deployment": "web"}}


def about(kind: str, name: str = "web", alert: str = "") -> o.Data:
    names = {"StatefulSet": "KubeStatefulSetReplicasMismatch", "DaemonSet": "KubeDaemonSetRolloutStuck"}
    alert = alert or names.get(kind, "KubeDeploymentReplicasMismatch")
    return {"labels": {"alertname": alert, "namespace": "shop", kind.lower(): name}}


def shop(*, ready: bool = True, **deployment: Any) -> World:
    """A Deployment web with one ReplicaSet and two pods."""
    data = o.deployment(replicas=2, ready=2 if ready else 0, **deployment)
    world = World().add(data, o.replica_set("web-a", replicas=2))
    for name in ("web-a-1", "web-a-2"):
        world.add(o.pod(name, owner=o.owned("ReplicaSet", "web-a"), ready=ready, minutes=30))
    return world


def test_a_deployment_whose_replicas_are_available_is_not_actionable():
    verdict, _ = shop().investigate(ALERT)
    assert verdict.outcome == "not-actionable"
    assert "2 of 2 replicas are available" in verdict.sentence


def test_a_deployment_that_turned_well_after_the_alert_has_resolved_itself():
    again = o.condition("Available", "True", "MinimumReplicasAvailable", minutes=3)
    verdict, _ = shop(conditions=[again]).investigate(ALERT)
    assert verdict.outcome == "self-resolved"


def test_pods_that_crashed_within_the_hour_and_run_again_mean_recovered():
    world = shop()
    ended = {"exitCode": 1, "reason": "Error", "startedAt": ago(32), "finishedAt": ago(31)}
    status = o.running(minutes=30, restarts=2, lastState={"terminated": ended})
    world.add(o.pod("web-a-1", status, owner=o.owned("ReplicaSet", "web-a"), minutes=300))
    verdict, _ = world.investigate(ALERT)
    assert verdict.outcome == "self-resolved" and "web-a-1 last failed" in verdict.sentence


def test_a_crashing_pod_is_followed_from_its_deployment_to_its_log():
    world = World().add(*o.deployed(o.crashing()))
    world.log("shop", "web-a-x1", "web", "KeyError: 'LEDGER_URL'\n", previous=True)
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "missing-variable"
    assert str(verdict.root.entity) == "shop/Deployment/web"


def test_of_many_pods_in_the_same_trouble_one_is_read():
    world = World().add(o.deployment(replicas=9, ready=0), o.replica_set("web-a", replicas=9))
    for number in range(9):
        owner = o.owned("ReplicaSet", "web-a")
        world.add(o.pod(f"web-a-{number}", o.crashing(restarts=number + 2), owner=owner, ready=False))
    _, diagnosis = world.investigate(ALERT)
    followed = [ref for ref in diagnosis.case.followed if ref.kind == "Pod"]
    assert len(followed) == 1


def test_pods_of_the_current_revision_are_read_before_those_of_the_former():
    world = World().add(
        o.deployment(replicas=2, ready=1, revision=2),
        o.replica_set("web-a", revision=1, replicas=1),
        o.replica_set("web-b", revision=2, replicas=1),
        o.pod("web-a-1", o.crashing(), owner=o.owned("ReplicaSet", "web-a"), ready=False),
        o.pod("web-b-1", o.crashing(), owner=o.owned("ReplicaSet", "web-b"), ready=False),
    )
    _, diagnosis = world.investigate(ALERT)
    assert [ref.name for ref in diagnosis.case.followed if ref.kind == "Pod"] == ["web-b-1"]


def test_a_deployment_scaled_to_zero_is_intended():
    verdict, _ = World().add(o.deployment(replicas=0)).investigate(ALERT)
    assert verdict.outcome == "not-actionable" and "scaled to zero" in verdict.sentence


def test_a_rollout_within_its_deadline_is_on_its_way():
    running = o.condition(
        "Progressing", "True", "ReplicaSetUpdated", 'ReplicaSet "web-b" is progressing.', minutes=1
    )
    world = World().add(
        o.deployment(replicas=2, revision=2, conditions=[running], updatedReplicas=1),
        o.replica_set("web-a", revision=1, replicas=2),
        o.replica_set("web-b", revision=2, replicas=1, minutes=0.3),
        o.pod(
            "web-b-1",
            o.running(ready=False, minutes=0.2),
            owner=o.owned("ReplicaSet", "web-b"),
            ready=False,
            minutes=0.3,
        ),
    )
    verdict, _ = world.investigate(ALERT)
    assert verdict.outcome == "not-actionable"
    assert [state.kind for state in verdict.states if state.entity.kind == "Deployment"] == ["progressing"]


def test_a_rollout_beyond_its_deadline_without_a_deeper_cause_is_inconclusive_and_named():
    stuck = o.condition("Progressing", "False", "ProgressDeadlineExceeded", "has timed out progressing.")
    verdict, _ = shop(ready=False, conditions=[stuck]).investigate(ALERT)
    assert verdict.outcome == "inconclusive" and "rollout of web is stuck" in verdict.sentence


def test_a_paused_rollout_with_a_change_behind_it_is_the_cause():
    world = shop(conditions=[o.condition("Progressing", "Unknown", "DeploymentPaused")])
    web = world.objects["Deployment", "shop", "web"]
    web["spec"] |= {"paused": True, "template": o.template(o.container(image="shop/web:2"))}
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "rollout-paused"
    assert str(verdict.root.recommendations[0].command) == "kubectl -n shop rollout resume deployment/web"


def test_a_paused_deployment_without_a_change_is_intended():
    world = shop(conditions=[o.condition("Progressing", "Unknown", "DeploymentPaused")])
    world.objects["Deployment", "shop", "web"]["spec"]["paused"] = True
    verdict, _ = world.investigate(ALERT)
    assert verdict.outcome == "not-actionable"


def test_a_change_that_the_controller_has_not_seen_for_minutes_is_the_cause():
    world = shop()
    meta = world.objects["Deployment", "shop", "web"]["metadata"]
    meta |= {
        "generation": 4,
        "managedFields": [{"manager": "kubectl", "time": ago(11), "fields": ["spec.replicas"]}],
    }
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "generation-not-observed"
    meta["managedFields"][0]["time"] = ago(0.1)
    verdict, _ = world.investigate(ALERT)
    assert verdict.root is None


def stateful(**status: Any) -> o.Data:
    data = o.deployment(replicas=3) | {"kind": "StatefulSet"}
    data["status"] = {"observedGeneration": 1, "replicas": 3, "readyReplicas": 3} | status
    return data


def test_a_stateful_set_is_followed_to_the_first_pod_that_is_not_ready():
    owner = o.owned("StatefulSet", "web")
    world = World().add(
        stateful(readyReplicas=1),
        o.pod("web-0", owner=owner),
        o.pod("web-1", o.crashing(), owner=owner, ready=False),
        o.pod("web-2", o.crashing(code=2), owner=owner, ready=False),
    )
    _, diagnosis = world.investigate(about("StatefulSet"))
    assert [ref.name for ref in diagnosis.case.followed if ref.kind == "Pod"] == ["web-1"]


def test_a_corrected_stateful_set_that_waits_for_its_broken_pod_says_so():
    broken = o.pod("web-1", o.crashing(), owner=o.owned("StatefulSet", "web"), ready=False)
    broken["metadata"]["labels"]["controller-revision-hash"] = "web-6d"
    world = World().add(stateful(readyReplicas=0, updateRevision="web-7f", currentRevision="web-6d"), broken)
    world.objects["StatefulSet", "shop", "web"]["spec"]["template"] = o.template(
        o.container(image="shop/web:2")
    )
    world.log("shop", "web-1", "web", "KeyError: 'ROLE'\n", previous=True)
    verdict, _ = world.investigate(about("StatefulSet"))
    assert verdict.root and verdict.root.cause.id == "statefulset-waits-for-old-pod"
    assert str(verdict.root.recommendations[0].command) == "kubectl -n shop delete pod/web-1"


def test_an_update_on_delete_waits_for_somebody():
    world = World().add(stateful(updateRevision="web-7f", currentRevision="web-6d"))
    world.objects["StatefulSet", "shop", "web"]["spec"]["updateStrategy"] = {"type": "OnDelete"}
    verdict, _ = world.investigate(about("StatefulSet", alert="KubeStatefulSetUpdateNotRolledOut"))
    assert verdict.root and verdict.root.cause.id == "update-on-delete"


def daemon(selector: o.Data | None = None, **status: int) -> o.Data:
    data = o.deployment() | {"kind": "DaemonSet"}
    data["spec"] = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": o.template(nodeSelector=selector or {}),
    }
    data["status"] = {"observedGeneration": 1} | status
    return data


def node(name: str, labels: o.Data | None = None, taints: list[o.Data] | None = None) -> o.Data:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": taints or []},
        "status": {"conditions": [o.condition("Ready", "True", "KubeletReady")]},
    }


@pytest.mark.parametrize(
    ("selector", "nodes", "words"),
    [
        ({"disk": "ssd"}, [node("n1"), node("n2", {"disk": "hdd"})], "none has the label disk=ssd"),
        (None, [node("n1", taints=[{"key": "dedicated", "effect": "NoSchedule"}])], "dedicated"),
    ],
)
def test_a_daemon_set_that_fits_no_node_says_why(selector: o.Data, nodes: list[o.Data], words: str):
    verdict, _ = (
        World().add(daemon(selector, desiredNumberScheduled=0), *nodes).investigate(about("DaemonSet"))
    )
    assert verdict.root and verdict.root.cause.id == "daemonset-no-node" and words in verdict.root.headline


def test_daemon_pods_left_on_a_tainted_node_are_misplaced():
    tainted = node("n1", taints=[{"key": "dedicated", "effect": "NoSchedule"}])
    world = World().add(
        daemon(desiredNumberScheduled=1, numberReady=1, numberMisscheduled=1), tainted, node("n2")
    )
    owner = o.owned("DaemonSet", "web")
    world.add(o.pod("web-1", owner=owner, nodeName="n1"), o.pod("web-2", owner=owner, nodeName="n2"))
    verdict, _ = world.investigate(about("DaemonSet", alert="KubeDaemonSetMisScheduled"))
    assert verdict.root and verdict.root.cause.id == "daemonset-misscheduled"
    assert "n1" in verdict.root.headline and "dedicated" in verdict.root.headline


def test_a_daemon_set_with_a_pod_on_every_node_is_healthy():
    world = World().add(daemon(desiredNumberScheduled=1, numberReady=1, currentNumberScheduled=1), node("n1"))
    world.add(o.pod("web-1", owner=o.owned("DaemonSet", "web")))
    verdict, _ = world.investigate(about("DaemonSet"))
    assert verdict.outcome == "not-actionable"


def test_a_replica_set_of_a_deployment_is_judged_with_the_deployment():
    world = shop()
    world.objects["ReplicaSet", "shop", "web-a"]["status"]["readyReplicas"] = 2
    labels = {"alertname": "KubeReplicaSetMismatch", "namespace": "shop", "replicaset": "web-a"}
    verdict, _ = world.investigate({"labels": labels})
    assert verdict.outcome == "not-actionable" and "Deployment/web" in verdict.sentence


def lingering(*, ready: int) -> World:
    """A Deployment whose pod of the version before was told to end 20 minutes ago, with an hour for it."""
    old = o.pod("web-a-1", owner=o.owned("ReplicaSet", "web-a"), minutes=90)
    old["metadata"] |= {"deletionTimestamp": ago(-40), "deletionGracePeriodSeconds": 3600}
    conditions = [o.condition("Progressing", "True", "NewReplicaSetAvailable")]
    data = o.deployment(replicas=1, ready=ready, revision=2, conditions=conditions)
    sets = [o.replica_set("web-b", replicas=1, revision=2), o.replica_set("web-a", replicas=0)]
    return World().add(data, *sets, old)


def test_a_rollout_waits_for_an_old_pod_that_takes_its_time_to_end():
    verdict, _ = lingering(ready=0).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "termination-slow"
    assert str(verdict.root.entity) == "shop/Deployment/web" and "3600 s" in verdict.root.headline


def test_an_old_pod_that_takes_its_time_is_no_fault_where_nothing_is_short():
    verdict, _ = lingering(ready=1).investigate(ALERT)
    assert verdict.root is None


@pytest.mark.parametrize("words", ["times out calling the ledger", "is down"])
def test_where_the_state_settles_nothing_the_logs_of_pods_that_are_well_are_read(words: str):
    world = shop()
    who, what = (
        'User "system:serviceaccount:shop:web"',
        'resource "pods" in API group "" in the namespace "shop"',
    )
    said = {
        "severity": "ERROR",
        "message": "no answer",
        "body": f"pods is forbidden: {who} cannot list {what}",
    }
    world.log("shop", "web-a-1", "web", f"{json.dumps(said)}\n" * 3)
    verdict, _ = world.investigate(f"web in namespace shop {words}")
    assert verdict.root and verdict.root.cause.id == "rbac-forbidden"


def two_faults() -> World:
    """A new version whose image does not exist, beside two pods of the old one that fail their callers."""
    data = o.deployment(replicas=2, ready=2, revision=2)
    data["status"] |= {"updatedReplicas": 1, "replicas": 3}
    data["status"]["conditions"] = [o.condition("Progressing", "False", "ProgressDeadlineExceeded")]
    world = World().add(
        data, o.replica_set("web-b", replicas=1, revision=2), o.replica_set("web-a", replicas=2)
    )
    pull = {"reason": "ErrImagePull", "message": "failed to resolve image: docker.io/shop/web:9: not found"}
    waiting = {"name": "web", "ready": False, "restartCount": 0, "state": {"waiting": pull}}
    world.add(o.pod("web-b-1", waiting, owner=o.owned("ReplicaSet", "web-b"), ready=False, phase="Pending"))
    for name in ("web-a-1", "web-a-2"):
        world.add(o.pod(name, owner=o.owned("ReplicaSet", "web-a"), minutes=90))
        error = "ERROR POST /orders 500: stock lookup failed: dial tcp: lookup stock: no such host\n"
        world.log("shop", name, "web", error * 3)
    return world


def test_errors_that_callers_see_come_from_pods_that_serve_not_from_those_that_never_started():
    labels = {"alertname": "HighErrorRate", "namespace": "shop", "deployment": "web"}
    verdict, _ = two_faults().investigate({"labels": labels})
    assert verdict.root and verdict.root.cause.family == "dependency"


def test_a_rollout_that_hangs_hangs_for_the_pods_that_do_not_start():
    labels = {"alertname": "KubeDeploymentRolloutStuck", "namespace": "shop", "deployment": "web"}
    verdict, _ = two_faults().investigate({"labels": labels})
    assert verdict.root and verdict.root.cause.id == "image-not-found"
