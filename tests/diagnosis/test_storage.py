"""Claims and volumes: who is missing when storage does not come."""

from typing import Any

import pytest

from tests.diagnosis.objects import (
    Data,
    condition,
    container,
    crashing,
    deployment,
    meta,
    node,
    owned,
    pod,
    replica_set,
)
from tests.diagnosis.test_scheduling import ALERT, said, told, waiting
from tests.diagnosis.test_scheduling import world as unplaced
from tests.diagnosis.world import World, quoted

CLAIM_ALERT = {
    "labels": {
        "alertname": "KubePersistentVolumeClaimPending",
        "namespace": "shop",
        "persistentvolumeclaim": "data",
    }
}
UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
MOUNTS = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]


def claim(name: str = "data", phase: str = "Pending", **spec: Any) -> Data:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}} | spec
    about = meta(name, minutes=15)
    return {"kind": "PersistentVolumeClaim", "metadata": about, "spec": wanted, "status": {"phase": phase}}


def storage_class(
    name: str, provisioner: str = "rancher.io/local-path", mode: str = "Immediate", **more: Any
) -> Data:
    about = meta(name, "", **more)
    return {"kind": "StorageClass", "metadata": about, "provisioner": provisioner, "volumeBindingMode": mode}


def volume(name: str, phase: str = "Available", **spec: Any) -> Data:
    has = {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"]} | spec
    return {"kind": "PersistentVolume", "metadata": meta(name, ""), "spec": has, "status": {"phase": phase}}


def creating(*volumes: Data) -> Data:
    """A pod on its node whose container cannot be made yet."""
    status = {
        "name": "web",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "ContainerCreating"}},
    }
    return pod(
        "web-1",
        status,
        phase="Pending",
        ready=False,
        owner=owned("ReplicaSet", "web-a"),
        volumes=list(volumes),
    )


def placed(*volumes: Data) -> World:
    return World().add(creating(*volumes), node("n1"), replica_set("web-a"), deployment(ready=0))


def test_a_class_that_does_not_exist_is_named_with_those_that_do() -> None:
    missing = World().add(claim(storageClassName="fast-ssd"), storage_class("standard"))
    words = 'storageclass.storage.k8s.io "fast-ssd" not found'
    missing.event("PersistentVolumeClaim", "shop", "data", "ProvisioningFailed", words)
    verdict, _ = missing.investigate(CLAIM_ALERT)
    assert said(verdict) == ("storage-class-missing", "shop/PersistentVolumeClaim/data")
    assert "fast-ssd" in told(verdict)
    assert "standard" in verdict.root.recommendations[0].sentence  # type: ignore[union-attr]


def test_a_pending_pod_leads_to_its_claim() -> None:
    waits = unplaced(waiting(UNBOUND, volumes=MOUNTS), node("n1"))
    verdict, _ = waits.add(claim(storageClassName="fast-ssd"), storage_class("standard")).investigate(ALERT)
    assert said(verdict) == ("storage-class-missing", "shop/PersistentVolumeClaim/data")


def test_a_claim_that_does_not_exist_is_the_workloads_fault() -> None:
    message = '0/1 nodes are available: persistentvolumeclaim "data" not found. not found'
    verdict, _ = unplaced(waiting(message, volumes=MOUNTS), node("n1")).investigate(ALERT)
    assert said(verdict) == ("claim-missing", "shop/Deployment/web")
    assert "persistentVolumeClaim.claimName: data" in told(verdict)


def test_no_class_and_no_default_one() -> None:
    verdict, _ = World().add(claim(), storage_class("slow")).investigate(CLAIM_ALERT)
    assert said(verdict)[0] == "no-default-storage-class"


def test_an_empty_class_waits_for_a_volume_made_by_hand() -> None:
    small = volume("pv-small", capacity={"storage": "1Gi"})
    verdict, _ = World().add(claim(storageClassName=""), small).investigate(CLAIM_ALERT)
    assert said(verdict)[0] == "no-matching-volume"
    assert "capacity.storage: 1Gi" in told(verdict)


def test_an_access_mode_that_no_volume_has_is_told_from_other_differences() -> None:
    wants = claim(storageClassName="", accessModes=["ReadWriteMany"])
    verdict, _ = World().add(wants, volume("pv-1")).investigate(CLAIM_ALERT)
    assert said(verdict)[0] == "access-mode-unsupported"
    assert "accessModes[0]: ReadWriteOnce" in told(verdict)


def test_of_a_class_without_provisioner_no_provisioning_can_have_failed() -> None:
    """An event says so where the claim was there before its class, or where a class was renamed."""
    wants = claim(storageClassName="manual", resources={"requests": {"storage": "20Gi"}})
    static = storage_class("manual", "kubernetes.io/no-provisioner")
    small = World().add(wants, static, volume("pv-1", storageClassName="manual"))
    words = 'error getting class "manual" from the cache'
    small.event("PersistentVolumeClaim", "shop", "data", "ProvisioningFailed", words)
    assert said(small.investigate(CLAIM_ALERT)[0])[0] == "no-matching-volume"


def test_an_access_mode_that_the_provisioner_refuses() -> None:
    wants = World().add(
        claim(storageClassName="standard", accessModes=["ReadWriteMany"]), storage_class("standard")
    )
    words = (
        'failed to provision volume with StorageClass "standard": NodePath only supports '
        "ReadWriteOnce access mode"
    )
    wants.event("PersistentVolumeClaim", "shop", "data", "ProvisioningFailed", words)
    verdict, _ = wants.investigate(CLAIM_ALERT)
    assert said(verdict) == ("access-mode-unsupported", "shop/PersistentVolumeClaim/data")


def test_a_provisioner_scaled_to_zero_is_the_cause() -> None:
    down = deployment("local-path-provisioner", namespace="storage", replicas=0)
    waits = World().add(claim(storageClassName="standard"), storage_class("standard"), down)
    words = (
        "Waiting for a volume to be created either by the external provisioner "
        "'rancher.io/local-path' or manually"
    )
    waits.event("PersistentVolumeClaim", "shop", "data", "ExternalProvisioning", words, type="Normal")
    verdict, _ = waits.investigate(CLAIM_ALERT)
    assert verdict.root and verdict.root.entity.name == "local-path-provisioner"
    assert verdict.chain[0].cause.id == "provisioner-down"
    assert "spec.replicas: 0" in quoted(verdict.chain[0])


def test_a_provisioner_that_runs_is_given_time() -> None:
    up = deployment("local-path-provisioner", namespace="storage", replicas=1)
    verdict, diagnosis = (
        World()
        .add(claim(storageClassName="standard"), storage_class("standard"), up)
        .investigate(CLAIM_ALERT)
    )
    assert verdict.root is None
    assert [state.kind for state in diagnosis.states] == ["progressing"]


def test_waiting_for_the_first_consumer_is_no_fault() -> None:
    waits = World().add(claim(storageClassName="lazy"), storage_class("lazy", mode="WaitForFirstConsumer"))
    words = "waiting for first consumer to be created before binding"
    waits.event("PersistentVolumeClaim", "shop", "data", "WaitForFirstConsumer", words, type="Normal")
    verdict, _ = waits.investigate(CLAIM_ALERT)
    assert verdict.outcome == "not-actionable"


def test_a_claim_that_waits_for_its_pod_leads_to_what_keeps_the_pod() -> None:
    message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    waits = unplaced(waiting(message, volumes=MOUNTS, nodeSelector={"disk": "ssd"}), node("n1"))
    waits.add(claim(storageClassName="lazy"), storage_class("lazy", mode="WaitForFirstConsumer"))
    verdict, _ = waits.investigate(CLAIM_ALERT)
    assert said(verdict) == ("node-selector-unmatched", "shop/Deployment/web")


def test_a_lost_claim_names_the_volume_that_was_deleted() -> None:
    lost = World().add(claim(phase="Lost", volumeName="pv-7"))
    words = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    lost.event("PersistentVolumeClaim", "shop", "data", "ClaimLost", words)
    verdict, _ = lost.investigate(CLAIM_ALERT)
    assert said(verdict) == ("claim-lost", "shop/PersistentVolumeClaim/data")
    assert "pv-7" in told(verdict)


def test_a_volume_that_another_claim_holds() -> None:
    taken = volume("pv-7", "Bound", claimRef={"namespace": "bank", "name": "ledger"})
    verdict, _ = World().add(claim(storageClassName="", volumeName="pv-7"), taken).investigate(CLAIM_ALERT)
    assert said(verdict)[0] == "volume-taken"
    assert "claimRef.name: ledger" in told(verdict)


def test_a_bound_claim_is_not_accused() -> None:
    bound = World().add(claim(phase="Bound", volumeName="pv-1"), volume("pv-1", "Bound"))
    bound.event("PersistentVolumeClaim", "shop", "data", "ProvisioningFailed", "timed out", minutes=40)
    verdict, _ = bound.investigate(CLAIM_ALERT)
    assert verdict.root is None
    assert verdict.outcome == "not-actionable"


def test_a_failed_volume_says_why_it_could_not_be_reclaimed() -> None:
    failed = volume("pv-7", "Failed")
    failed["status"]["message"] = "error deleting volume: device busy"
    alert = {
        "labels": {"alertname": "KubePersistentVolumeErrors", "persistentvolume": "pv-7", "phase": "Failed"}
    }
    verdict, _ = World().add(failed).investigate(alert)
    assert said(verdict) == ("volume-reclaim-failed", "PersistentVolume/pv-7")


def test_a_volume_tied_to_another_node_leads_to_that_node() -> None:
    message = (
        "0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) had "
        "untolerated taint(s)."
    )
    rule = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n2"]}
    tied = volume(
        "pv-1", "Bound", nodeAffinity={"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    )
    silent = condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    taint = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}
    waits = unplaced(
        waiting(message, volumes=MOUNTS), node("n1"), node("n2", taints=[taint], conditions=[silent])
    )
    verdict, _ = waits.add(claim(phase="Bound", volumeName="pv-1"), tied).investigate(ALERT)
    assert said(verdict) == ("kubelet-down", "Node/n2")


def test_a_volume_tied_to_a_node_that_is_gone() -> None:
    message = "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity."
    rule = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n9"]}
    tied = volume(
        "pv-1", "Bound", nodeAffinity={"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    )
    waits = unplaced(waiting(message, volumes=MOUNTS), node("n1"))
    verdict, _ = waits.add(claim(phase="Bound", volumeName="pv-1"), tied).investigate(ALERT)
    assert said(verdict) == ("volume-node-affinity", "shop/Deployment/web")
    assert "n9" in told(verdict)


@pytest.mark.parametrize(
    ("reason", "message", "cause"),
    [
        ("FailedAttachVolume", 'Multi-Attach error for volume "pv-1" Volume is already used by pod(s) web-0',
         "volume-in-use"),
        ("FailedAttachVolume", 'AttachVolume.Attach failed for volume "pv-1" : timed out waiting '
        'for external-attacher '
         "of ebs.csi.example.com CSI driver to attach volume v1", "volume-attach-failed"),
        ("FailedMount", 'MountVolume.SetUp failed for volume "data" : hostPath type check failed: '
        '/srv/data is not a '
         "directory", "host-path-wrong"),
        ("FailedMount", 'MountVolume.MountDevice failed for volume "pv-1" : kubernetes.io/csi: '
        'attacher.MountDevice '
         "failed to create newCsiDriverClient: driver name ebs.csi.example.com not found in the "
         "list of registered CSI "
         "drivers", "csi-driver-missing"),
        ("FailedMount", 'MountVolume.SetUp failed for volume "data" : mount failed: exit status '
        '32\nMounting command: '
         "mount\nOutput: mount.nfs: Connection refused for 10.0.0.9:/export\n", "volume-mount-failed"),
    ],
)  # fmt: skip
def test_the_words_of_attach_and_mount_decide(reason: str, message: str, cause: str) -> None:
    stuck = placed({"name": "data", "hostPath": {"path": "/srv/data", "type": "Directory"}})
    stuck.event("Pod", "shop", "web-1", reason, message)
    verdict, _ = stuck.investigate(ALERT)
    assert said(verdict) == (cause, "shop/Deployment/web")
    if "Output" in message:
        assert "mount.nfs: Connection refused" in told(verdict)


def test_an_old_mount_failure_of_a_pod_that_runs_is_history() -> None:
    well = World().add(pod("web-1", owner=owned("ReplicaSet", "web-a")), replica_set("web-a"), deployment())
    well.event(
        "Pod",
        "shop",
        "web-1",
        "FailedMount",
        'MountVolume.SetUp failed for volume "d" : timed out',
        minutes=50,
    )
    verdict, _ = well.investigate(ALERT)
    assert verdict.root is None


def test_a_claim_is_not_asked_for_when_the_pod_has_none() -> None:
    def claims_asked(**spec: Any) -> list[str]:
        put = unplaced(waiting(UNBOUND, **spec), node("n1"))
        put.investigate(ALERT)
        return [query for query in put.asked if "PersistentVolumeClaim" in query]

    assert claims_asked(volumes=MOUNTS) == ["get PersistentVolumeClaim shop/data"]
    assert claims_asked() == []


def test_words_about_a_class_from_before_it_was_made_are_history() -> None:
    waits = World().add(claim(storageClassName="lazy"), storage_class("lazy", mode="WaitForFirstConsumer"))
    waits.event("PersistentVolumeClaim", "shop", "data", "ProvisioningFailed",
                'storageclass.storage.k8s.io "lazy" not found')  # fmt: skip
    verdict, _ = waits.investigate(CLAIM_ALERT)
    assert verdict.root is None


def test_a_token_that_does_not_fit_the_memory_limit_names_the_limit() -> None:
    words = (
        'MountVolume.SetUp failed for volume "kube-api-access-dx" : write /var/lib/kubelet/pods/1/volumes/'
        "kubernetes.io~projected/kube-api-access-dx/ca.crt: no space left on device"
    )
    stuck = placed()
    stuck.objects["Pod", "shop", "web-1"]["spec"]["containers"] = [
        container(resources={"limits": {"memory": "64m"}})
    ]
    verdict, _ = stuck.event("Pod", "shop", "web-1", "FailedMount", words).investigate(ALERT)
    assert said(verdict) == ("memory-limit-too-small-to-start", "shop/Deployment/web")
    assert "limits.memory: 64m" in told(verdict)


def test_a_volume_that_cannot_be_written_otherwise_is_the_nodes_full_disk() -> None:
    words = 'MountVolume.SetUp failed for volume "data" : write /var/lib/kubelet/pods/1/x: no space left on device'
    verdict, _ = placed().event("Pod", "shop", "web-1", "FailedMount", words).investigate(ALERT)
    assert said(verdict) == ("node-disk-full", "Node/n1")


def mounting(key: str, **data: str) -> World:
    """A crashing pod that mounts one key of the ConfigMap settings as a file."""
    mount = {"name": "settings", "mountPath": "/etc/app.yaml", "subPath": key}
    volumes = [{"name": "settings", "configMap": {"name": "settings"}}]
    broken = pod("web-1", crashing(), ready=False, owner=owned("ReplicaSet", "web-a"), volumes=volumes,
                 containers=[container(volumeMounts=[mount])])  # fmt: skip
    config = {"kind": "ConfigMap", "metadata": meta("settings"), "data": data}
    return World().add(broken, config, node(), replica_set("web-a"), deployment(ready=0))


def test_a_sub_path_without_its_key_is_an_empty_directory() -> None:
    world = mounting("app.yaml", **{"app.yml": "level: info"})
    world.log(
        "shop", "web-1", "web", "IsADirectoryError: [Errno 21] Is a directory: '/etc/app.yaml'", previous=True
    )
    verdict, _ = world.investigate(ALERT)
    assert said(verdict) == ("subpath-key-missing", "shop/Deployment/web")
    assert "subPath: app.yaml" in told(verdict)
    assert "data.app.yml" in told(verdict)


def test_a_sub_path_whose_key_exists_is_not_accused() -> None:
    _, diagnosis = mounting("app.yaml", **{"app.yaml": "level: info"}).investigate(ALERT)
    assert "subpath-key-missing" not in {finding.cause.id for finding in diagnosis.findings}


def test_a_released_volume_is_not_free_for_a_claim_of_the_same_name() -> None:
    kept = volume("pv-1", "Released", claimRef={"namespace": "shop", "name": "data", "uid": "old"})
    verdict, _ = World().add(claim(storageClassName=""), kept).investigate(CLAIM_ALERT)
    assert said(verdict)[0] == "no-matching-volume"
    assert verdict.root and "still reserved for the deleted claim data" in verdict.root.headline


def test_a_class_that_only_volumes_made_by_hand_carry_is_not_missing() -> None:
    asked = claim(storageClassName="byhand", selector={"matchLabels": {"tier": "warm"}})
    world = World().add(asked, volume("disk-1", storageClassName="byhand"))
    verdict, _ = world.investigate(CLAIM_ALERT)
    assert verdict.root and verdict.root.cause.id == "no-matching-volume"
    assert "different labels" in verdict.root.headline


def provisioning(reason: str, words: str, type: str = "Warning") -> World:
    """A claim of the class standard, with this event."""
    put = World().add(claim(storageClassName="standard"), storage_class("standard"))
    return put.event("PersistentVolumeClaim", "shop", "data", reason, words, type=type)


def test_a_provisioner_that_runs_nowhere_is_down() -> None:
    words = (
        "Waiting for a volume to be created either by the external provisioner "
        "'rancher.io/local-path' or manually"
    )
    verdict, _ = provisioning("ExternalProvisioning", words, "Normal").investigate(CLAIM_ALERT)
    assert said(verdict) == ("provisioner-down", "shop/PersistentVolumeClaim/data")
    assert words in told(verdict)


def test_a_provisioner_that_answers_with_an_error_is_not_down() -> None:
    words = (
        'failed to provision volume with StorageClass "standard": rpc error: '
        "code = ResourceExhausted desc = not enough free space"
    )
    verdict, _ = provisioning("ProvisioningFailed", words).investigate(CLAIM_ALERT)
    assert said(verdict) == ("provisioning-failed", "shop/PersistentVolumeClaim/data")
    assert words in told(verdict)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", "sandbox-failed"),
        (
            'rpc error: code = Unknown desc = failed to setup network for sandbox "1f": plugin type="calico" '
            "failed (add): error getting ClusterInformation: connection is unauthorized",
            "pod-network-failed",
        ),
    ],
    ids=["unknown", "network"],
)
def test_a_sandbox_that_cannot_be_made_is_the_nodes_fault(words: str, cause: str) -> None:
    put = placed().event(
        "Pod", "shop", "web-1", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {words}"
    )
    verdict, _ = put.investigate(ALERT)
    assert said(verdict) == (cause, "Node/n1")
    assert words in told(verdict)
