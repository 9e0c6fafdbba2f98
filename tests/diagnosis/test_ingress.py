"""Ingresses whose references do not exist."""

from typing import Any

from agent.diagnosis.ranking import Verdict
from tests.diagnosis.objects import deployment, pod, template
from tests.diagnosis.world import World

ALERT = {"labels": {"alertname": "IngressErrors", "namespace": "shop", "ingress": "front"}}


def world(*, backend: str = "web", port: int = 80, cls: str = "public", tls: str = "") -> World:
    paths = [{"path": "/", "backend": {"service": {"name": backend, "port": {"number": port}}}}]
    spec: dict[str, Any] = {"rules": [{"host": "shop.example.com", "http": {"paths": paths}}]}
    spec |= {"ingressClassName": cls} if cls else {}
    spec |= {"tls": [{"hosts": ["shop.example.com"], "secretName": tls}]} if tls else {}
    service = {
        "selector": {"app": "web"},
        "ports": [{"port": 80, "targetPort": 80}],
        "clusterIP": "10.96.0.5",
    }
    return World().add(
        {"kind": "Ingress", "metadata": {"name": "front", "namespace": "shop"}, "spec": spec},
        {"kind": "IngressClass", "metadata": {"name": "public"}, "spec": {"controller": "example.com/x"}},
        {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": service},
        deployment(replicas=1, pod_template=template()),
        pod("web-a-x1"),
    )


def verdict(put: World) -> Verdict:
    return put.investigate(ALERT)[0]


def root(put: World) -> str:
    return put.root(ALERT).id


def test_a_backend_that_does_not_exist() -> None:
    assert root(world(backend="web-app")) == "ingress-service-missing@shop/Ingress/front"


def test_a_port_the_backend_does_not_offer() -> None:
    assert root(world(port=8080)) == "ingress-wrong-port@shop/Ingress/front"


def test_a_class_that_does_not_exist() -> None:
    assert root(world(cls="internal")) == "ingress-class-missing@shop/Ingress/front"


def test_no_class_and_no_default_class() -> None:
    assert root(world(cls="")) == "ingress-without-class@shop/Ingress/front"


def test_a_missing_certificate_is_told_by_the_controllers_event() -> None:
    put = world(tls="shop-cert")
    put.event("Ingress", "shop", "front", "CertNotFound", 'secret "shop-cert" not found')
    assert root(put) == "ingress-tls-secret-missing@shop/Ingress/front"


def test_a_certificate_nobody_complains_of_is_not_accused() -> None:
    put = world(tls="shop-cert")
    put.event("Ingress", "shop", "front", "Sync", "shop-cert is loaded", type="Normal")
    put.event("Ingress", "shop", "front", "Sync", 'secret "other-cert" not found')
    assert verdict(put).outcome != "diagnosed"


def test_a_backend_without_a_ready_pod_is_followed() -> None:
    put = world()
    del put.objects["Pod", "shop", "web-a-x1"]
    put.add(deployment(replicas=0, pod_template=template()))
    assert root(put) == "scaled-to-zero@shop/Deployment/web"


def test_an_ingress_whose_references_exist_is_not_accused() -> None:
    assert verdict(world()).outcome != "diagnosed"
