"""An alert is never routed to the exporter that reported it, unless that is what fails."""

import pytest

from agent.intake.subject import Subject
from agent.ref import Ref
from tests.intake.alerts import BANK, KUBELET, STATE_EXPORTER, ref, routed


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("KubePodCrashLooping", BANK | {"pod": "desk-0", "container": "main", "uid": "u"}, "bank/Pod/desk-0"),
        ("KubePodNotReady", BANK | {"pod": "desk-0"}, "bank/Pod/desk-0"),
        ("KubeContainerWaiting", BANK | {"pod": "desk-0", "container": "main"}, "bank/Pod/desk-0"),
        ("KubeDeploymentReplicasMismatch", BANK | {"deployment": "desk"}, "bank/Deployment/desk"),
        (
            "KubeDeploymentRolloutStuck",
            BANK | {"deployment": "desk", "condition": "Progressing"},
            "bank/Deployment/desk",
        ),
        ("KubeDeploymentGenerationMismatch", BANK | {"deployment": "desk"}, "bank/Deployment/desk"),
        ("KubeStatefulSetReplicasMismatch", BANK | {"statefulset": "db"}, "bank/StatefulSet/db"),
        ("KubeStatefulSetUpdateNotRolledOut", BANK | {"statefulset": "db"}, "bank/StatefulSet/db"),
        ("KubeDaemonSetRolloutStuck", BANK | {"daemonset": "log"}, "bank/DaemonSet/log"),
        ("KubeDaemonSetNotScheduled", BANK | {"daemonset": "log"}, "bank/DaemonSet/log"),
        ("KubeDaemonSetMisScheduled", BANK | {"daemonset": "log"}, "bank/DaemonSet/log"),
        ("KubeJobFailed", BANK | {"job_name": "nightly"}, "bank/Job/nightly"),
        ("KubeJobNotCompleted", BANK | {"job_name": "nightly"}, "bank/Job/nightly"),
        ("CronJobSuspended", BANK | {"cronjob": "nightly"}, "bank/CronJob/nightly"),
        ("KubeHpaMaxedOut", BANK | {"horizontalpodautoscaler": "desk"}, "bank/HorizontalPodAutoscaler/desk"),
        (
            "KubeHpaReplicasMismatch",
            BANK | {"horizontalpodautoscaler": "desk"},
            "bank/HorizontalPodAutoscaler/desk",
        ),
        (
            "KubePdbNotEnoughHealthyPods",
            BANK | {"poddisruptionbudget": "desk"},
            "bank/PodDisruptionBudget/desk",
        ),
        (
            "KubeQuotaExceeded",
            BANK | {"resourcequota": "limits", "resource": "pods"},
            "bank/ResourceQuota/limits",
        ),
        ("KubeQuotaAlmostFull", BANK | {"resource": "requests.cpu"}, "Namespace/bank"),
        ("IngressCertificateExpiry", BANK | {"ingress": "shop"}, "bank/Ingress/shop"),
        (
            "KubePersistentVolumeErrors",
            {"persistentvolume": "pv-1", "phase": "Failed"},
            "PersistentVolume/pv-1",
        ),
        ("KubeNodeNotReady", {"node": "worker-1", "condition": "Ready", "status": "true"}, "Node/worker-1"),
        ("KubeNodePressure", {"node": "worker-1", "condition": "DiskPressure"}, "Node/worker-1"),
        (
            "KubeNodeUnreachable",
            {"node": "worker-1", "key": "node.kubernetes.io/unreachable"},
            "Node/worker-1",
        ),
        ("KubeNodeReadinessFlapping", {"node": "worker-1"}, "Node/worker-1"),
        ("KubeNodeEviction", {"node": "worker-1"}, "Node/worker-1"),
        ("CustomNodeDiskPressure", {"node": "worker-1", "condition": "DiskPressure"}, "Node/worker-1"),
    ],
)
@pytest.mark.parametrize(
    "scraper", [{}, STATE_EXPORTER], ids=["bare", "with the labels of kube-state-metrics"]
)
def test_an_alert_on_the_state_of_an_object_leads_to_that_object(name, labels, expected, scraper):
    assert routed(name, scraper | labels).ref == ref(expected)


@pytest.mark.parametrize("name", ["KubeCPUOvercommit", "KubeMemoryOvercommit", "KubeCPUQuotaOvercommit"])
@pytest.mark.parametrize(
    "scraper", [{}, STATE_EXPORTER], ids=["bare", "with the labels of kube-state-metrics"]
)
def test_an_alert_on_the_capacity_of_the_cluster_has_no_object(name, scraper):
    summary = "Cluster has overcommitted CPU resource requests."
    subject = routed(name, scraper, summary=summary, description=summary)
    assert (subject.ref, subject.service) == (None, "")
    assert "whole cluster" in subject.why


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("KubeletTooManyPods", {"node": "worker-1"}, "Node/worker-1"),
        ("KubeletPlegDurationHigh", {"node": "worker-1", "quantile": "0.99"}, "Node/worker-1"),
        ("KubeletClientCertificateExpiration", {"node": "worker-1"}, "Node/worker-1"),
        ("KubePersistentVolumeFillingUp", BANK | {"persistentvolumeclaim": "data-db-0", "node": "worker-1"},
         "bank/PersistentVolumeClaim/data-db-0"),
        ("KubePersistentVolumeInodesFillingUp", BANK | {"persistentvolumeclaim": "data-db-0"},
         "bank/PersistentVolumeClaim/data-db-0"),
        ("CPUThrottlingHigh", BANK | {"pod": "desk-0", "container": "main"}, "bank/Pod/desk-0"),
        ("ContainerMemoryHigh", BANK | {"pod": "desk-0", "node": "worker-1"}, "bank/Pod/desk-0"),
    ],
)  # fmt: skip
def test_an_alert_from_the_kubelet_leads_to_what_it_measures(name, labels, expected):
    assert routed(name, KUBELET | labels).ref == ref(expected)


@pytest.mark.parametrize("name", ["KubePodCrashLooping", "KubePodNotReady", "KubeContainerWaiting"])
def test_the_exporters_own_pod_is_the_subject_when_it_is_the_pod_that_fails(name):
    assert routed(name, STATE_EXPORTER).ref == Ref("Pod", "monitoring", STATE_EXPORTER["pod"])


def test_the_exporters_own_pod_is_the_subject_of_what_is_measured_in_it():
    labels = KUBELET | {key: STATE_EXPORTER[key] for key in ("namespace", "pod", "container")}
    subject = routed("HighMemory", labels)
    assert subject.ref == Ref("Pod", "monitoring", STATE_EXPORTER["pod"])
    assert subject.container == "kube-state-metrics"


def test_the_exporters_own_pod_is_the_subject_of_an_alert_on_the_exporter():
    assert routed("KubeStateMetricsListErrors", STATE_EXPORTER).ref == Ref(
        "Pod", "monitoring", STATE_EXPORTER["pod"]
    )


def test_the_exporters_container_is_not_taken_for_one_of_the_pod():
    subject = routed("KubePodNotReady", STATE_EXPORTER | BANK | {"pod": "desk-0"})
    assert (subject.ref, subject.container) == (ref("bank/Pod/desk-0"), "")


def test_where_labels_are_not_honoured_the_exported_ones_are_those_of_the_object():
    exported = {"exported_namespace": "bank", "exported_pod": "desk-0", "exported_container": "main"}
    subject = routed("KubePodCrashLooping", STATE_EXPORTER | exported)
    assert (subject.ref, subject.container, subject.namespace) == (ref("bank/Pod/desk-0"), "main", "bank")
    deployment = {"exported_namespace": "bank", "deployment": "desk"}
    assert routed("KubeDeploymentReplicasMismatch", STATE_EXPORTER | deployment).ref == ref(
        "bank/Deployment/desk"
    )


def test_the_node_on_which_the_exporter_runs_is_not_the_subjects_node():
    # Without the Prometheus operator: one scrape job for all Services, which adds the node of the target.
    scraper = {
        "app_kubernetes_io_name": "kube-state-metrics",
        "instance": "10.42.1.7:8080",
        "job": "kubernetes-service-endpoints",
        "namespace": "monitoring",
        "node": "worker-9",
        "service": "prometheus-kube-state-metrics",
    }
    assert routed("KubeDeploymentReplicasMismatch", scraper | BANK | {"deployment": "desk"}).node == ""
    assert routed("KubernetesTooManyObjects", scraper) == Subject(why=routed("KubeCPUOvercommit").why)
    assert routed("KubernetesNodeNotReady", scraper | {"exported_node": "worker-1"}).ref == ref(
        "Node/worker-1"
    )


def test_the_label_job_is_never_a_job():
    assert routed("KubeJobFailed", STATE_EXPORTER | BANK | {"job": "kube-state-metrics"}).ref is None
    assert routed("BatchFailed", {"job": "nightly", "namespace": "bank"}).ref == ref("Namespace/bank")


def test_a_scrape_target_is_a_service_even_when_it_is_an_exporter():
    labels = {"job": "desk", "namespace": "bank", "service": "desk"}
    assert routed("TargetDown", labels).ref == ref("bank/Service/desk")
    exporter = {key: STATE_EXPORTER[key] for key in ("job", "namespace", "service")}
    assert routed("TargetDown", exporter).ref == ref("monitoring/Service/kps-kube-state-metrics")
