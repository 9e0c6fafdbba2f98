"""An alert is routed to the object it is about, never to a guess."""

import pytest

from agent.intake.alert import parse_alerts
from agent.intake.subject import route
from tests.intake.alerts import BANK, STATE_EXPORTER, ref, routed


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
