"""An alert is routed to the object it is about, never to the exporter that reported it, never to a guess."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alert import Alert, parse_alerts
from agent.names import is_name
from agent.ref import Ref
from agent.subject import Subject, route

# What a ServiceMonitor adds when kube-state-metrics or the node exporter is scraped.
STATE_EXPORTER = {
    "container": "kube-state-metrics",
    "endpoint": "http",
    "instance": "10.42.1.7:8080",
    "job": "kube-state-metrics",
    "namespace": "monitoring",
    "pod": "kps-kube-state-metrics-7d4f8b6c9d-q2zxw",
    "prometheus": "monitoring/k8s",
    "service": "kps-kube-state-metrics",
}
HOST_EXPORTER = {
    "container": "node-exporter",
    "endpoint": "http-metrics",
    "instance": "10.0.0.5:9100",
    "job": "node-exporter",
    "namespace": "monitoring",
    "pod": "kps-prometheus-node-exporter-x2x4z",
    "service": "kps-prometheus-node-exporter",
}
KUBELET = {
    "endpoint": "https-metrics",
    "instance": "10.0.0.5:10250",
    "job": "kubelet",
    "metrics_path": "/metrics",
    "service": "kube-prometheus-stack-kubelet",
}


def alert(name: str, labels: dict[str, str] | None = None, **annotations: str) -> Alert:
    return Alert(
        name=name,
        status="firing",
        labels={"alertname": name, "severity": "warning"} | (labels or {}),
        annotations=annotations,
        starts_at=None,
        ends_at=None,
        fingerprint="0" * 16,
        generator_url="",
        title=name,
    )


def routed(name: str, labels: dict[str, str] | None = None, **annotations: str) -> Subject:
    return route(alert(name, labels, **annotations))


def ref(text: str) -> Ref:
    return Ref.parse(text)


BANK = {"namespace": "bank"}


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
    ("name", "words"),
    [
        ("KubeAPIDown", "KubeAPI has disappeared from Prometheus target discovery."),
        ("KubeSchedulerDown", "KubeScheduler has disappeared from Prometheus target discovery."),
        ("KubeControllerManagerDown", "Target disappeared from Prometheus target discovery."),
        ("KubeletDown", "Kubelet has disappeared from Prometheus target discovery."),
        ("KubeAPIErrorBudgetBurn", "The API server is burning too much error budget."),
        (
            "KubeClientCertificateExpiration",
            "A client certificate used to authenticate is expiring in less than 7.0 days.",
        ),
        ("KubeVersionMismatch", "There are 2 different semantic versions of Kubernetes components running."),
    ],
)
def test_an_alert_on_the_control_plane_has_no_object(name, words):
    subject = routed(name, {"severity": "critical"}, description=words, summary=words)
    assert (subject.ref, subject.service, subject.node) == (None, "", "")


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


@pytest.mark.parametrize(
    "name",
    ["NodeFilesystemAlmostOutOfSpace", "NodeMemoryHighUtilization", "NodeCPUHighUsage",
     "NodeClockSkewDetected", "HostOutOfMemory", "CustomDiskFull"],
)  # fmt: skip
def test_an_alert_on_a_host_leads_to_its_node_not_to_the_exporter(name):
    assert routed(name, HOST_EXPORTER | {"instance": "worker-1:9100"}).ref == ref("Node/worker-1")
    assert routed(name, HOST_EXPORTER | {"nodename": "worker-2"}).ref == ref("Node/worker-2")


@pytest.mark.parametrize(
    ("instance", "address"),
    [
        ("10.0.0.5:9100", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.5"),
        ("[fd00::5]:9100", "fd00::5"),
        ("fd00::5", "fd00::5"),
    ],
)
def test_an_address_is_a_node_to_be_found_not_the_name_of_one(instance, address):
    subject = routed("NodeClockSkewDetected", HOST_EXPORTER | {"instance": instance})
    assert (subject.ref, subject.node, subject.namespace) == (None, address, "")


def test_a_node_alert_that_names_no_node_does_not_lead_to_the_exporter():
    labels = {key: STATE_EXPORTER[key] for key in ("namespace", "pod", "service")}
    subject = routed("KubeNodeNotReady", labels)
    assert (subject.ref, subject.service, subject.namespace) == (None, "", "")


def test_a_node_alert_may_name_its_node_in_words():
    assert routed("KubeNodeNotReady", description="Node worker-1 is not ready.").ref == ref("Node/worker-1")


@pytest.mark.parametrize("name", ["NodeJSEventLoopLag", "NodejsHeapFull", "Node.jsDown"])
def test_node_js_is_no_node(name):
    assert routed(name, BANK | {"pod": "desk-0"}).ref == ref("bank/Pod/desk-0")


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


def test_an_aggregated_api_is_named_by_the_label_name():
    labels = {"name": "v1beta1.metrics.k8s.io", "namespace": "default"}
    assert routed("KubeAggregatedAPIDown", labels).ref == ref("APIService/v1beta1.metrics.k8s.io")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"kubernetes_namespace": "bank", "kubernetes_pod_name": "desk-0"}, "bank/Pod/desk-0"),
        ({"k8s_namespace_name": "bank", "k8s_pod_name": "desk-0"}, "bank/Pod/desk-0"),
        ({"k8s_namespace_name": "bank", "k8s_deployment_name": "desk"}, "bank/Deployment/desk"),
        ({"kube_namespace": "bank", "kube_deployment": "desk"}, "bank/Deployment/desk"),
        (BANK | {"workload": "desk", "workload_type": "deployment"}, "bank/Deployment/desk"),
        (BANK | {"owner_name": "db", "owner_kind": "StatefulSet"}, "bank/StatefulSet/db"),
        (BANK | {"deployment": "desk", "pod": "desk-0"}, "bank/Deployment/desk"),
        (BANK | {"service": "desk", "endpoint": "web", "job": "desk"}, "bank/Service/desk"),
        (
            {"instance": "http://desk.bank.svc.cluster.local:8080/healthz", "job": "blackbox"},
            "bank/Service/desk",
        ),
        ({"instance": "desk.bank.svc:8080"}, "bank/Service/desk"),
        ({"destination_service": "desk.bank.svc.cluster.local"}, "bank/Service/desk"),
        ({"node": "worker-1"}, "Node/worker-1"),
        (BANK, "Namespace/bank"),
    ],
)
def test_labels_of_custom_alerts_lead_to_their_object(labels, expected):
    assert routed("ErrorRateHigh", labels).ref == ref(expected)


@pytest.mark.parametrize(
    "label",
    ["app", "app_kubernetes_io_name", "application", "service", "service_name", "workload", "microservice",
     "destination_service_name", "label_app", "exported_service"],
)  # fmt: skip
def test_a_label_for_an_application_is_a_name_to_be_searched_for(label):
    subject = routed("ErrorRateHigh", BANK | {label: "payment-service"})
    assert (subject.ref, subject.service, subject.namespace) == (None, "payment-service", "bank")
    assert subject.why


def test_an_object_whose_namespace_is_unknown_is_a_name_with_a_kind():
    subject = routed("ErrorRateHigh", {"deployment": "desk"})
    assert (subject.ref, subject.service, subject.hints["kind"]) == (None, "desk", "Deployment")


def test_the_scrape_job_is_the_last_resort():
    assert routed("InstanceDown", {"job": "desk", "instance": "10.0.0.9:8080"}).service == "desk"
    assert routed("InstanceDown", {"job": "bank/desk"}).service == "desk"
    assert routed("InstanceDown", {"job": "kubernetes-pods"}).service == ""


def test_the_scrape_job_yields_to_words():
    subject = routed("HighCPU", {"job": "apps"}, summary="High CPU alert on payment-service")
    assert subject.service == "payment-service"


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ('Pod bank/desk-5f (main) is in waiting state (reason: "CrashLoopBackOff").', "bank/Pod/desk-5f"),
        ("Deployment generation for bank/desk does not match.", "bank/Deployment/desk"),
        (
            "HPA bank/desk has been running at max replicas for longer than 15 minutes.",
            "bank/HorizontalPodAutoscaler/desk",
        ),
        ("Namespace bank is using 95% of its requests.cpu quota.", "Namespace/bank"),
    ],
)
def test_the_description_counts_where_labels_say_nothing(description, expected):
    subject = routed("Custom", description=description)
    assert subject.ref == ref(expected)


def test_labels_count_more_than_words():
    subject = routed("Custom", BANK | {"pod": "desk-0"}, description="Pod shop/cart-0 is not ready.")
    assert subject.ref == ref("bank/Pod/desk-0")


def test_words_may_say_what_and_a_label_where():
    subject = routed("HighCPU", BANK, summary="The deployment desk is unavailable")
    assert subject.ref == ref("bank/Deployment/desk")


def test_a_place_in_prose_is_perhaps_the_namespace():
    subject = routed("HighErrorRate", summary="Deployment checkout returns errors in prod")
    assert (subject.ref, subject.service, subject.namespace) == (None, "checkout", "prod")
    assert subject.hints == {"kind": "Deployment", "place": "prod"}


def test_a_namespace_that_a_label_states_beats_a_place_in_prose():
    subject = routed("HighErrorRate", BANK, summary="Deployment checkout returns errors in prod")
    assert subject.ref == ref("bank/Deployment/checkout")
    assert "place" not in subject.hints


def test_the_hints_of_a_node_known_by_address_are_kept():
    subject = routed("NodeFilesystemAlmostOutOfSpace", HOST_EXPORTER | {"mountpoint": "/var"})
    assert subject.hints == {"mountpoint": "/var"}


def test_plain_text_leads_to_a_name_to_be_searched_for():
    (plain,) = parse_alerts(b"High CPU alert on payment-service").alerts
    subject = route(plain)
    assert (subject.ref, subject.service, subject.namespace) == (None, "payment-service", "")
    assert "payment-service" in subject.why


def test_other_labels_are_kept_as_hints():
    labels = {"node": "worker-1", "condition": "DiskPressure", "status": "true", "severity": "warning"}
    assert routed("KubeNodePressure", STATE_EXPORTER | labels).hints == {
        "condition": "DiskPressure",
        "status": "true",
    }
    volume = BANK | {"persistentvolumeclaim": "data-db-0", "pod": "db-0"}
    hints = routed("KubePersistentVolumeFillingUp", volume).hints
    assert hints == {"persistentvolumeclaim": "data-db-0", "pod": "db-0"}


@pytest.mark.parametrize(
    "value",
    ["", " ", "../../etc/passwd", "desk-0 --all", "desk\n0", "Desk", "-desk", "desk-", "a" * 254, "$(id)",
     "desk;ls", "{{pod}}", "дeск", "desk/../x", "*", "desk..0"],
)  # fmt: skip
@pytest.mark.parametrize(
    "label", ["pod", "deployment", "job_name", "node", "service", "instance", "persistentvolume"]
)
def test_a_label_that_is_no_name_is_no_subject(label, value):
    subject = routed("Custom", BANK | {label: value})
    assert subject.ref in (None, ref("Namespace/bank"))
    assert (subject.service, subject.node) == ("", "")


def test_a_namespace_that_is_none_is_no_namespace():
    subject = routed("KubePodNotReady", {"namespace": "bank/../kube-system", "pod": "desk-0"})
    assert (subject.ref, subject.namespace, subject.service) == (None, "", "desk-0")


NAMES = [
    "Custom",
    "KubeNodeNotReady",
    "NodeClockSkewDetected",
    "TargetDown",
    "KubePodNotReady",
    "KubeAggregatedAPIDown",
]
LABELS = [
    *(
        "namespace",
        "pod",
        "container",
        "node",
        "instance",
        "service",
        "job",
        "deployment",
        "job_name",
        "name",
        "url",
    ),
    *(
        "persistentvolume",
        "app",
        "workload",
        "workload_type",
        "exported_namespace",
        "exported_pod",
        "endpoint",
    ),
]
HOSTILE = (
    st.text(max_size=20)
    | st.from_regex(r"[a-zA-Z0-9./:;$ -]{1,20}", fullmatch=True)
    | st.sampled_from(
        [
            "a" * 64,
            "a.b",
            "Deployment",
            "x.y.svc",
            "kube-state-metrics",
            "node-exporter",
            "a:1",
            "::",
            "[::1]:9",
            "-n",
        ]
    )
)


def names_of(subject: Subject) -> list[tuple[str, str]]:
    """Every name in a subject, with the kind whose rules it must keep."""
    named: list[tuple[str, Any]] = [("Container", subject.container), ("Namespace", subject.namespace)]
    if subject.ref:
        named += [(subject.ref.kind, subject.ref.name), ("Namespace", subject.ref.namespace)]
        named.append(("Node", subject.node))
    named.append(("Pod", subject.service))
    return [(kind, name) for kind, name in named if name]


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(LABELS), HOSTILE, max_size=6), HOSTILE)
def test_hostile_labels_never_become_a_name(name, labels, words):
    subject = routed(
        name, labels, description=f"Pod {words} in namespace {words} on node {words} of {words}/{words}"
    )
    assert all(is_name(kind, value) for kind, value in names_of(subject))
    assert subject.why.isprintable()


@given(st.text(max_size=300))
def test_hostile_text_never_becomes_a_name(text):
    subject = routed("Custom", description=text)
    assert all(is_name(kind, value) for kind, value in names_of(subject))
