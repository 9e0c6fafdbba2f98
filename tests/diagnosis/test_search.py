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
