"""What an alert names only by a word is searched for, by name, by label, by address."""

import copy

from tests.diagnosis.objects import Data, deployment, meta, node
from tests.diagnosis.world import World


def subjects(world: World, alert: Data | str) -> list[str]:
    """What the investigation of an alert starts from."""
    _, diagnosis = world.investigate(alert)
    return [str(ref) for ref in diagnosis.subjects]


def labelled(name: str, label: str, value: str) -> Data:
    data = copy.deepcopy(deployment(name))
    data["metadata"]["labels"] = {label: value}
    return data


def ingress(name: str) -> Data:
    return {"kind": "Ingress", "metadata": meta(name), "spec": {}}


def test_a_bare_name_is_found_in_any_namespace() -> None:
    world = World().add(deployment("checkout"), deployment("cart"))
    assert subjects(world, "High CPU alert on checkout") == ["shop/Deployment/checkout"]


def test_a_name_that_no_object_bears_is_looked_for_among_labels() -> None:
    world = World().add(labelled("co-v2", "app.kubernetes.io/name", "checkout"), deployment("cart"))
    assert subjects(world, "High CPU alert on checkout") == ["shop/Deployment/co-v2"]


def test_the_kind_that_the_alert_states_comes_first() -> None:
    world = World().add(deployment("checkout"), ingress("checkout"))
    assert subjects(world, "ingress checkout answers 404") == ["shop/Ingress/checkout"]


def test_a_place_that_is_no_namespace_does_not_hide_the_name() -> None:
    world = World().add(deployment("checkout"))
    assert subjects(world, "checkout is returning 500s in prod") == ["shop/Deployment/checkout"]


def test_a_place_that_is_a_namespace_tells_which_is_meant() -> None:
    world = World().add(deployment("checkout"), deployment("checkout", namespace="prod"))
    assert subjects(world, "checkout is returning 500s in prod") == ["prod/Deployment/checkout"]


def test_a_namespace_that_the_alert_states_is_not_left() -> None:
    world = World().add(deployment("checkout"))
    assert subjects(world, "checkout is returning 500s in namespace prod") == []


def test_the_address_of_a_host_leads_to_its_node() -> None:
    labels = {"alertname": "NodeCPUHighUsage", "job": "node-exporter", "instance": "10.0.0.1:9100"}
    other = node("n2")
    other["status"]["addresses"] = [{"type": "InternalIP", "address": "10.0.0.10"}]
    assert subjects(World().add(node("n1"), other), {"labels": labels}) == ["Node/n1"]


def test_a_word_before_in_and_the_namespace_is_found_as_the_object_it_names() -> None:
    world = World().add({"kind": "Namespace", "metadata": meta("shop", "")}, deployment("gateway"))
    assert subjects(world, "gateway in shop: p99 above 2 seconds") == ["shop/Deployment/gateway"]
    assert subjects(world, "gateway in namespace shop loses messages") == ["shop/Deployment/gateway"]


def test_where_only_the_namespace_is_sure_an_object_that_the_words_name_is_the_subject() -> None:
    world = World().add(
        {"kind": "Namespace", "metadata": meta("shop", "")}, deployment("pdf"), deployment("cart")
    )
    assert subjects(world, "pdf rendering does not work, no pods in namespace shop") == [
        "shop/Deployment/pdf"
    ]
    labels = {"alertname": "RenderErrors", "namespace": "shop"}
    alert = {"labels": labels, "annotations": {"summary": "the pdf worker loses documents"}}
    assert subjects(world, alert) == ["shop/Deployment/pdf"]


def test_where_the_words_name_no_object_the_namespace_is_the_subject() -> None:
    world = World().add({"kind": "Namespace", "metadata": meta("shop", "")}, deployment("cart"))
    assert subjects(world, "many restarts in namespace shop") == ["Namespace/shop"]


def test_words_that_an_object_joins_by_a_hyphen_name_it() -> None:
    world = World().add({"kind": "Namespace", "metadata": meta("shop", "")}, deployment("order-service"))
    assert subjects(world, "the order service is down") == ["shop/Deployment/order-service"]
    assert subjects(world, "order service loses messages in namespace shop") == [
        "shop/Deployment/order-service"
    ]


def test_the_one_workload_of_the_namespace_that_holds_the_name_is_meant() -> None:
    world = World().add(deployment("payments-api"), deployment("cart"))
    assert subjects(world, "payments is down in namespace shop") == ["shop/Deployment/payments-api"]


def test_of_several_that_hold_the_name_none_is_guessed() -> None:
    world = World().add(deployment("payments-api"), deployment("payments-worker"))
    assert subjects(world, "payments is down in namespace shop") == []


def test_the_service_of_the_same_name_is_looked_at_beside_the_workload() -> None:
    service = {"kind": "Service", "metadata": meta("checkout"), "spec": {"selector": {"app": "chekout"}}}
    space = {"kind": "Namespace", "metadata": meta("shop", "")}
    world = World().add(space, deployment("checkout"), service)
    both = ["shop/Deployment/checkout", "shop/Service/checkout"]
    assert sorted(subjects(world, "checkout is down for all callers")) == both
    assert sorted(subjects(world, "users of checkout get errors in namespace shop")) == both


def test_a_pod_of_prose_that_is_gone_leads_to_the_workload_its_name_points_to() -> None:
    world = World().add({"kind": "Namespace", "metadata": meta("shop", "")}, deployment("checkout"))
    found = subjects(world, "Pod checkout-7d9c6b5f4-x2x2x in namespace shop is crash looping")
    assert found == ["shop/Pod/checkout-7d9c6b5f4-x2x2x", "shop/Deployment/checkout"]


def test_a_probed_service_that_is_gone_does_not_end_the_alert() -> None:
    verdict, _ = World().investigate("http://checkout.shop.svc:8080/healthz does not answer, the probe fails")
    assert verdict.outcome == "inconclusive" and "shop/Service/checkout no longer exists" in verdict.sentence


def test_where_the_first_name_of_the_prose_is_nobodys_another_that_exists_is_meant() -> None:
    space = {"kind": "Namespace", "metadata": meta("shop", "")}
    world = World().add(space, deployment("basket"), deployment("batch"))
    assert subjects(world, "checkout failing: basket in shop down") == ["shop/Deployment/basket"]
    assert subjects(world, "checkout failing in shop") == []
