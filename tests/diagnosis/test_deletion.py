"""Deletions that do not end, and what holds them."""

import pytest

from tests.diagnosis.objects import Data, condition, deployment, meta, pod
from tests.diagnosis.test_scheduling import said, told
from tests.diagnosis.test_storage import MOUNTS, claim
from tests.diagnosis.world import World, ago, quoted

ALERT = {"labels": {"alertname": "NamespaceStuckTerminating", "namespace": "old"}}
CLAIM_ALERT = {
    "labels": {"alertname": "PVCTerminating", "namespace": "shop", "persistentvolumeclaim": "data"}
}


def deleted(data: Data, *finalizers: str, minutes: float = 10) -> Data:
    data["metadata"] |= {"deletionTimestamp": ago(minutes), "finalizers": list(finalizers)}
    return data


def ending(*conditions: Data, minutes: float = 10) -> Data:
    status = {"phase": "Terminating", "conditions": list(conditions)}
    return {
        "kind": "Namespace",
        "metadata": meta("old", "") | {"deletionTimestamp": ago(minutes)},
        "status": status,
    }


def remaining(finalizer: str, content: str) -> tuple[Data, Data]:
    words = f"Some content in the namespace has finalizers remaining: {finalizer} in 1 resource instances"
    left = f"Some resources are remaining: {content} has 1 resource instances"
    return (
        condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", words),
        condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", left),
    )


def test_a_finalizer_that_nobody_removes_holds_its_object() -> None:
    config = deleted({"kind": "ConfigMap", "metadata": meta("ledger", "old")}, "ledger.example/archive")
    world = World().add(ending(*remaining("ledger.example/archive", "configmaps.")), config)
    verdict, _ = world.investigate(ALERT)
    assert said(verdict) == ("finalizer-stuck", "old/ConfigMap/ledger")
    assert [link.cause.id for link in verdict.chain] == ["namespace-stuck", "finalizer-stuck"]
    assert "metadata.finalizers[0]: ledger.example/archive" in told(verdict)


def test_content_of_a_kind_nobody_knows_leaves_the_namespace_as_the_root() -> None:
    verdict, _ = World().add(ending(*remaining("acme.example/x", "ledgers.acme.example"))).investigate(ALERT)
    assert said(verdict) == ("namespace-stuck", "Namespace/old")
    assert "acme.example/x" in told(verdict)


def test_a_dead_api_that_keeps_a_namespace_is_the_root() -> None:
    words = (
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        "stats.acme.example/v1: stale GroupVersion discovery: stats.acme.example/v1"
    )
    api = {
        "kind": "APIService",
        "metadata": meta("v1.stats.acme.example", ""),
        "spec": {"service": {"namespace": "acme", "name": "stats"}},
        "status": {
            "conditions": [
                condition("Available", "False", "ServiceNotFound", 'service/stats in "acme" is not present')
            ]
        },
    }
    failed = condition("NamespaceDeletionDiscoveryFailure", "True", "DiscoveryFailed", words)
    verdict, _ = World().add(ending(failed), api).investigate(ALERT)
    assert verdict.chain[1].cause.id == "apiservice-unavailable"
    assert "is not present" in quoted(verdict.chain[1])


def test_a_namespace_that_was_just_deleted_is_on_its_way() -> None:
    _, diagnosis = World().add(ending(minutes=0.2)).investigate(ALERT)
    assert [state.kind for state in diagnosis.states] == ["progressing"]


def test_a_claim_in_use_waits_for_its_pod() -> None:
    held = deleted(claim(phase="Bound"), "kubernetes.io/pvc-protection")
    world = World().add(held, pod("web-1", volumes=MOUNTS))
    verdict, _ = world.investigate(CLAIM_ALERT)
    assert said(verdict) == ("deletion-waits-for-use", "shop/PersistentVolumeClaim/data")
    assert "claimName: data" in told(verdict)


def test_a_deployment_with_a_finalizer_of_an_operator_that_is_gone() -> None:
    alert = {"labels": {"alertname": "DeploymentTerminating", "namespace": "shop", "deployment": "web"}}
    verdict, _ = World().add(deleted(deployment(ready=3), "operator.example/cleanup")).investigate(alert)
    assert said(verdict) == ("finalizer-stuck", "shop/Deployment/web")
    assert verdict.root and verdict.root.recommendations[1].risk == "high"


@pytest.mark.parametrize("finalizer", ["foregroundDeletion", "orphan"])
def test_what_the_garbage_collector_does_is_its_own_business_however_long_it_takes(finalizer: str) -> None:
    alert = {"labels": {"alertname": "DeploymentTerminating", "namespace": "shop", "deployment": "web"}}
    _, diagnosis = World().add(deleted(deployment(), finalizer)).investigate(alert)
    assert not [finding for finding in diagnosis.findings if finding.cause.family == "deletion"]


def test_an_aggregated_api_that_answers_again_has_recovered() -> None:
    alert = {
        "startsAt": ago(20),
        "labels": {"alertname": "KubeAggregatedAPIDown", "name": "v1beta1.metrics.k8s.io"},
    }
    api = {
        "kind": "APIService",
        "metadata": meta("v1beta1.metrics.k8s.io", ""),
        "spec": {"service": {"namespace": "kube-system", "name": "metrics-server"}},
        "status": {"conditions": [condition("Available", "True", "Passed", minutes=5)]},
    }
    verdict, _ = World().add(api).investigate(alert)
    assert verdict.outcome == "self-resolved"


def test_a_namespace_alone_leads_to_the_pod_in_it_that_is_not_well() -> None:
    alert = {"labels": {"alertname": "TooManyErrors", "namespace": "shop"}}
    space = {"kind": "Namespace", "metadata": meta("shop", ""), "status": {"phase": "Active"}}
    waiting = {"reason": "InvalidImageName", "message": "couldn't parse image name"}
    broken = pod("web-1", {"name": "web", "state": {"waiting": waiting}}, ready=False, phase="Pending")
    verdict, _ = World().add(space, broken, pod("fine-1")).investigate(alert)
    assert said(verdict) == ("image-name-invalid", "shop/Pod/web-1")
