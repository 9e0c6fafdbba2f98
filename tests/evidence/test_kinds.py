"""Kinds: where the API keeps each of them."""

import pytest

from agent.evidence.kinds import RESOURCES
from agent.ref import CLUSTER_SCOPED


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "path"),
    [
        ("Pod", "shop", "web", "/api/v1/namespaces/shop/pods/web"),
        ("Pod", "shop", "", "/api/v1/namespaces/shop/pods"),
        ("Pod", "*", "", "/api/v1/pods"),
        ("Deployment", "shop", "web", "/apis/apps/v1/namespaces/shop/deployments/web"),
        ("EndpointSlice", "shop", "", "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"),
        ("Node", "", "n1", "/api/v1/nodes/n1"),
        ("Node", "*", "", "/api/v1/nodes"),
        ("StorageClass", "ignored", "fast", "/apis/storage.k8s.io/v1/storageclasses/fast"),
        ("Namespace", "", "shop", "/api/v1/namespaces/shop"),
        ("PodMetrics", "shop", "", "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"),
    ],
)
def test_a_kind_has_a_path(kind: str, namespace: str, name: str, path: str) -> None:
    assert RESOURCES[kind].path(namespace, name) == path


def test_a_name_cannot_leave_its_place_in_the_path() -> None:
    assert RESOURCES["Pod"].path("a/b", "c?d") == "/api/v1/namespaces/a%2Fb/pods/c%3Fd"


def test_secrets_have_no_path() -> None:
    assert not any("secret" in resource.plural for resource in RESOURCES.values())


def test_every_cluster_scoped_kind_is_known() -> None:
    assert set(RESOURCES) >= CLUSTER_SCOPED
