"""Pods refused before they exist, in the words of the API server."""

import pytest

from tests.diagnosis import objects as o
from tests.diagnosis.world import World

ALERT = {"labels": {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "bank", "deployment": "desk"}}
FORBIDDEN = 'pods "desk-5f7c-" is forbidden: '

REFUSALS = [
    (
        'Pod "desk-5f7c-x" is invalid: spec.containers[0].ports[1].name: Duplicate value: "http"',
        "pod-invalid",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN + "exceeded quota: team-quota, requested: pods=1, used: pods=2, limited: pods=2",
        "quota-exceeded",
        "bank/ResourceQuota/team-quota",
    ),
    (
        FORBIDDEN + "failed quota: team-quota: must specify limits.memory for: main; requests.cpu for: main",
        "quota-needs-values",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN + "maximum memory usage per Container is 256Mi, but limit is 1Gi",
        "limit-range-violated",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN + "minimum cpu usage per Container is 100m, but request is 10m",
        "limit-range-violated",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN + "cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000",
        "limit-range-violated",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN
        + 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "main"'
        " must set securityContext.allowPrivilegeEscalation=false)",
        "pod-security-violation",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN + 'error looking up service account bank/runner: serviceaccount "runner" not found',
        "service-account-missing",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN + "no PriorityClass with name gold was found",
        "priority-class-missing",
        "bank/Deployment/desk",
    ),
    (
        FORBIDDEN + 'pod rejected: RuntimeClass "gvisor" not found',
        "runtime-class-missing",
        "bank/Deployment/desk",
    ),
    (
        'admission webhook "images.policy.example" denied the request: tag latest is not allowed',
        "admission-denied",
        "bank/Deployment/desk",
    ),
    (
        "pods \"desk-5f7c-\" is forbidden: ValidatingAdmissionPolicy 'limits' with binding 'limits' denied request:"
        " every container needs limits",
        "admission-denied",
        "bank/Deployment/desk",
    ),
    (
        'Pod "desk-5f7c-x" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than'
        " or equal to cpu limit of 1",
        "limit-range-violated",
        "bank/Deployment/desk",
    ),
]


def refused_deployment(message: str) -> World:
    failure = o.condition("ReplicaFailure", "True", "FailedCreate", message)
    return World().add(
        o.deployment("desk", namespace="bank", ready=1, conditions=[failure]),
        o.replica_set("desk-5f7c", deployment="desk", namespace="bank"),
    )


@pytest.mark.parametrize(("message", "cause", "entity"), REFUSALS)
def test_a_refusal_is_named_by_what_refuses(message: str, cause: str, entity: str):
    verdict, _ = refused_deployment(message).investigate(ALERT)
    assert verdict.root and (verdict.root.cause.id, str(verdict.root.entity)) == (cause, entity)
    assert message[:60] in verdict.root.claims[0].quotes[1].text


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Job"])
def test_controllers_without_a_condition_say_it_as_an_event(kind: str):
    data = o.deployment("desk", namespace="bank") | {"kind": kind}
    data["status"] = {"observedGeneration": 1, "desiredNumberScheduled": 1}
    text = (
        "create Pod desk-0 in StatefulSet desk failed error: "
        if kind == "StatefulSet"
        else "Error creating: "
    )
    world = World().add(data).event(kind, "bank", "desk", "FailedCreate", text + REFUSALS[7][0])
    label = {"Job": "job_name"}.get(kind, kind.lower())
    verdict, _ = world.investigate(
        {"labels": {"alertname": f"Kube{kind}Failed", "namespace": "bank", label: "desk"}}
    )
    assert verdict.root and verdict.root.cause.id == "service-account-missing"


@pytest.mark.parametrize(
    ("named", "command"),
    [
        ("runner", "kubectl -n bank create serviceaccount runner"),
        ("walker", "kubectl -n bank edit statefulset/desk"),
        (None, "kubectl -n bank edit statefulset/desk"),
    ],
)
def test_only_the_account_that_the_template_names_is_to_be_created(named: str | None, command: str):
    data = o.deployment("desk", namespace="bank") | {"kind": "StatefulSet"}
    data["spec"]["template"]["spec"]["serviceAccountName"] = named
    data["status"] = {"observedGeneration": 1}
    words = FORBIDDEN + 'error looking up service account bank/runner: serviceaccount "runner" not found'
    world = World().add(data).event("StatefulSet", "bank", "desk", "FailedCreate", f"Error creating: {words}")
    labels = {"alertname": "KubeStatefulSetFailed", "namespace": "bank", "statefulset": "desk"}
    verdict, _ = world.investigate({"labels": labels})
    assert verdict.root and str(verdict.root.recommendations[0].command) == command


def test_refusals_of_a_time_when_pods_were_missing_are_history():
    data = o.deployment("desk", namespace="bank", replicas=1) | {"kind": "StatefulSet"}
    data["status"] = {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1}
    world = World().add(data).event("StatefulSet", "bank", "desk", "FailedCreate", REFUSALS[1][0])
    labels = {"alertname": "KubeStatefulSetReplicasMismatch", "namespace": "bank", "statefulset": "desk"}
    verdict, _ = world.investigate({"labels": labels})
    assert verdict.root is None and verdict.outcome in ("not-actionable", "self-resolved")


def test_the_quota_in_the_way_is_quoted_with_its_use():
    quota = {
        "kind": "ResourceQuota",
        "metadata": o.meta("team-quota", "bank"),
        "status": {"hard": {"pods": "2"}, "used": {"pods": "2"}},
    }
    verdict, _ = refused_deployment(REFUSALS[1][0]).add(quota).investigate(ALERT)
    assert verdict.root and "status.used.pods: 2" in [quote.text for quote in verdict.root.claims[0].quotes]


WEBHOOK = (
    'Internal error occurred: failed calling webhook "images.policy.example": failed to call webhook: Post '
    '"https://image-policy.tools.svc:443/review?timeout=2s": '
)


def configuration() -> o.Data:
    service = {"namespace": "tools", "name": "image-policy", "path": "/review"}
    webhook = {"name": "images.policy.example", "failurePolicy": "Fail", "clientConfig": {"service": service}}
    return {
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "image-policy"}, "webhooks": [webhook],
    }  # fmt: skip


def test_a_webhook_whose_service_is_gone_is_the_cause():
    world = refused_deployment(WEBHOOK + 'service "image-policy" not found').add(configuration())
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "webhook-unavailable"
    assert str(verdict.root.entity) == "ValidatingWebhookConfiguration/image-policy"
    assert any("does not exist" in claim.text for claim in verdict.root.claims)


def test_a_webhook_that_refuses_connections_leads_to_what_is_behind_its_service():
    world = refused_deployment(WEBHOOK + "dial tcp 10.96.3.4:443: connect: connection refused").add(
        configuration()
    )
    service = {"selector": {"app": "image-policy"}, "ports": [{"port": 443, "targetPort": 8443}]}
    world.add(
        {"kind": "Service", "metadata": o.meta("image-policy", "tools"), "spec": service},
        o.deployment("image-policy", namespace="tools", replicas=0),
    )
    verdict, diagnosis = world.investigate(ALERT)
    assert verdict.chain[0].cause.id == "webhook-unavailable"
    assert "tools/Service/image-policy" in [str(ref) for ref in diagnosis.case.followed]


def test_a_sentence_that_is_no_known_refusal_names_no_cause():
    verdict, _ = refused_deployment("etcdserver: request timed out").investigate(ALERT)
    assert verdict.outcome == "inconclusive"


def test_what_is_wrong_in_the_template_of_a_cron_jobs_job_is_the_cron_jobs():
    cron = {
        "kind": "CronJob",
        "metadata": o.meta("close", "bank"),
        "spec": {"schedule": "0 3 * * *"},
        "status": {},
    }
    meta = o.meta("close-1", "bank", ownerReferences=o.owned("CronJob", "close"))
    world = World().add(cron, {"kind": "Job", "metadata": meta, "spec": {}, "status": {}})
    looked_up = 'error looking up service account bank/w: serviceaccount "w" not found'
    message = f'Error creating: pods "close-1-" is forbidden: {looked_up}'
    world.event("Job", "bank", "close-1", "FailedCreate", message)
    labels = {"alertname": "KubeCronJobRunning", "namespace": "bank", "cronjob": "close"}
    verdict, _ = world.investigate({"labels": labels})
    assert verdict.root and str(verdict.root.entity) == "bank/CronJob/close"
