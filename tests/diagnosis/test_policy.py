"""Which network policies keep one pod from another."""

from typing import Any

from agent.diagnosis.facts.policy import Direction, End, in_the_way
from agent.diagnosis.read.thing import Obj
from agent.ref import Ref

WEB = End("shop", {"app": "web"}, {"team": "front"}, "10.1.0.1")
DB = End("core", {"app": "db"}, {"team": "data"}, "10.1.0.2")


def policy(namespace: str = "core", **spec: Any) -> Obj:
    data = {"metadata": {"name": "p", "namespace": namespace}, "spec": spec}
    return Obj(Ref("NetworkPolicy", namespace, "p"), data, evidence=None)  # type: ignore[arg-type]


def blocked(found: Obj, direction: Direction = "Ingress", port: int | str = 5432) -> bool:
    own, other = (DB, WEB) if direction == "Ingress" else (WEB, DB)
    return bool(in_the_way([found], direction, own, other, port))


def test_a_policy_without_types_restricts_ingress() -> None:
    assert blocked(policy(podSelector={}))


def test_a_policy_of_another_namespace_selects_nothing_here() -> None:
    assert not blocked(policy("shop", podSelector={}))


def test_a_policy_that_selects_other_pods_restricts_nothing_here() -> None:
    assert not blocked(policy(podSelector={"matchLabels": {"app": "cache"}}))


def test_an_ingress_policy_does_not_restrict_egress() -> None:
    assert not blocked(policy("shop", podSelector={}, policyTypes=["Ingress"]), "Egress")


def test_egress_rules_imply_the_type_egress() -> None:
    rules: list[dict[str, Any]] = [{"to": [{"podSelector": {}}]}]  # its own namespace only
    assert blocked(policy("shop", podSelector={}, egress=rules), "Egress")


def test_a_pod_selector_alone_means_the_policys_own_namespace() -> None:
    assert blocked(
        policy(podSelector={}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])
    )


def test_selectors_in_one_item_must_both_fit() -> None:
    item = {
        "namespaceSelector": {"matchLabels": {"team": "front"}},
        "podSelector": {"matchLabels": {"app": "job"}},
    }
    assert blocked(policy(podSelector={}, ingress=[{"from": [item]}]))


def test_of_several_items_one_is_enough() -> None:
    items = [{"podSelector": {}}, {"namespaceSelector": {"matchLabels": {"team": "front"}}}]
    assert not blocked(policy(podSelector={}, ingress=[{"from": items}]))


def test_a_port_that_is_not_listed_is_blocked() -> None:
    assert blocked(policy(podSelector={}, ingress=[{"ports": [{"port": 80}]}]))


def test_a_port_within_a_range_passes() -> None:
    assert not blocked(policy(podSelector={}, ingress=[{"ports": [{"port": 5000, "endPort": 6000}]}]))


def test_another_protocol_is_not_the_same_port() -> None:
    assert blocked(policy(podSelector={}, ingress=[{"ports": [{"port": 5432, "protocol": "UDP"}]}]))


def test_an_address_block_less_its_exceptions() -> None:
    block = {"cidr": "10.1.0.0/16", "except": ["10.1.0.0/24"]}
    assert blocked(policy(podSelector={}, ingress=[{"from": [{"ipBlock": block}]}]))
    assert not blocked(policy(podSelector={}, ingress=[{"from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}]))


def test_a_policy_is_not_accused_where_the_labels_of_the_namespace_are_unknown() -> None:
    rule = [{"from": [{"namespaceSelector": {"matchLabels": {"team": "front"}}}]}]
    unknown = End("shop", {"app": "web"}, None, "10.1.0.1")
    assert not in_the_way([policy(podSelector={}, ingress=rule)], "Ingress", DB, unknown, 5432)
