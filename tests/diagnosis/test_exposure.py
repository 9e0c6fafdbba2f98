"""Services of type LoadBalancer."""

import pytest

from agent.evidence.answer import Answer
from tests.diagnosis import objects as o
from tests.diagnosis.world import World

TEXT = "Service shop/web has no external IP, customers cannot reach it"


def gateway(minutes: float = 20, **status: object) -> World:
    spec = {
        "type": "LoadBalancer",
        "selector": {"app": "web"},
        "ports": [{"port": 80}],
        "clusterIP": "10.96.0.7",
    }
    service = {"kind": "Service", "metadata": o.meta("web", minutes=minutes), "spec": spec, "status": status}
    return World().add(
        service, o.deployment(replicas=1), o.replica_set("web-a", replicas=1), o.pod("web-a-1")
    )


@pytest.mark.parametrize(
    "alert", [TEXT, {"labels": {"alertname": "LoadBalancerPending", "namespace": "shop", "service": "web"}}]
)
def test_a_service_that_nobody_gives_an_address_is_the_cause(alert: o.Data | str) -> None:
    verdict, _ = gateway(loadBalancer={}).investigate(alert)
    assert verdict.root and verdict.root.cause.id == "load-balancer-pending"
    assert str(verdict.root.entity) == "shop/Service/web"


def test_what_the_cloud_says_is_quoted() -> None:
    world = gateway(loadBalancer={})
    world.event("Service", "shop", "web", "SyncLoadBalancerFailed", "quota of addresses exceeded")
    verdict, _ = world.investigate(TEXT)
    assert verdict.root and "quota of addresses exceeded" in verdict.root.headline


def test_a_service_with_an_address_is_healthy() -> None:
    verdict, _ = gateway(loadBalancer={"ingress": [{"ip": "192.0.2.1"}]}).investigate(TEXT)
    assert verdict.root is None


def test_the_missing_address_is_no_cause_of_anything_else() -> None:
    labels = {"alertname": "HighErrorRate", "namespace": "shop", "service": "web"}
    verdict, _ = gateway(loadBalancer={}).investigate({"labels": labels})
    assert verdict.root is None


def test_a_service_with_an_address_and_no_pod_does_not_wait_for_the_address() -> None:
    """Nobody may list the workloads: that no pod is there is all that can be said."""
    world = gateway(loadBalancer={"ingress": [{"ip": "192.0.2.1"}]})
    del world.objects["Pod", "shop", "web-a-1"]
    world.refuse = {"list Deployment": Answer("forbidden", message="deployments is forbidden")}
    verdict, _ = world.investigate(TEXT)
    assert verdict.outcome == "inconclusive"
    assert verdict.root and verdict.root.cause.id == "service-no-ready-endpoints"
