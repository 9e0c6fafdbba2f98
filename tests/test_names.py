"""Names: what may name an object, and what a name says about the owner."""

import pytest

from agent.names import is_deployment_pod, is_name, owner_name


@pytest.mark.parametrize(
    ("kind", "text", "valid"),
    [
        ("Pod", "desk-0", True),
        ("Node", "ip-10-0-0-5.eu-west-1.compute.internal", True),
        ("Pod", "a" * 253, True),
        ("Pod", "a" * 254, False),
        ("Namespace", "a" * 63, True),
        ("Namespace", "a" * 64, False),
        ("Namespace", "a.b", False),
        ("Pod", "a..b", False),
        ("Pod", "Desk", False),
        ("Pod", "desk\n", False),
        ("Pod", "-desk", False),
        ("Pod", "", False),
    ],
)
def test_names_follow_rfc_1123(kind, text, valid):
    assert is_name(kind, text) is valid


@pytest.mark.parametrize(
    ("kind", "name", "owner"),
    [
        ("Pod", "payment-service-7d4f8b6c9d-q2zxw", "payment-service"),
        ("Pod", "db-0", "db"),
        ("Pod", "node-exporter-x2x4z", "node-exporter"),
        ("Pod", "nightly-28391040-x2x4z", "nightly"),
        ("Pod", "payment-service", "payment-service"),
        ("Pod", "redis-cache", "redis-cache"),
        ("ReplicaSet", "desk-7d4f8b6c9d", "desk"),
        ("Job", "nightly-28391040", "nightly"),
        ("Job", "migrate", "migrate"),
        ("Deployment", "desk-0", "desk-0"),
    ],
)
def test_the_owner_is_read_from_the_name(kind, name, owner):
    assert owner_name(kind, name) == owner


def test_only_the_pod_of_a_replica_set_has_both_hash_and_suffix():
    assert is_deployment_pod("desk-7d4f8b6c9d-q2zxw")
    assert not is_deployment_pod("desk-x2x4z")
    assert not is_deployment_pod("payment-service-v2beta")
