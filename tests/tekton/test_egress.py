"""What the pods may reach: DNS, the API server, Prometheus, and what is named; nothing of the internet."""

import ipaddress
import json
from typing import Any

import pytest

from tekton import install
from tekton.egress import Egress
from tekton.install import secret
from tekton.manifests import ManifestError, kustomization
from tests.tekton.manifests import ROOT, TEKTON, documents

POLICIES = {
    path: document["spec"]
    for path in (
        "tekton/rbac/networkpolicy.yaml",
        "tekton/triggers/networkpolicy.yaml",
        "k8s/networkpolicy.yaml",
    )
    for document in documents(ROOT / path)
}


@pytest.mark.parametrize("path", POLICIES)
def test_every_rule_names_its_peers_and_ports_and_none_is_public(path: str) -> None:
    spec = POLICIES[path]
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
    for rule in spec["egress"]:
        assert rule["ports"] and rule["to"]
        for peer in rule["to"]:
            block = ipaddress.ip_network(peer["ipBlock"]["cidr"]) if "ipBlock" in peer else None
            assert peer.get("namespaceSelector", {}).get("matchLabels") or (block and block.is_private)


def test_the_pods_of_both_installations_reach_the_same() -> None:
    assert (
        POLICIES["tekton/rbac/networkpolicy.yaml"]["egress"] == POLICIES["k8s/networkpolicy.yaml"]["egress"]
    )


def patched(egress: Egress) -> dict[str, list[Any]]:
    """The rules of each policy after the patches, which replace or add a rule."""
    rules = {"incident-runs": list(POLICIES["tekton/rbac/networkpolicy.yaml"]["egress"]),
             "incident-listener": list(POLICIES["tekton/triggers/networkpolicy.yaml"]["egress"])}  # fmt: skip
    for patch in egress.patches():
        found = rules[patch["target"]["name"]]
        for operation in json.loads(patch["patch"]):
            place = operation["path"].removeprefix("/spec/egress/")
            if operation["op"] == "add":
                found.append(operation["value"])
            else:
                found[int(place)] = operation["value"]
    return rules


def test_the_api_server_is_the_one_of_the_cluster_for_runs_and_listener() -> None:
    for rules in patched(Egress(("10.96.0.1:443", "[fd00::1]:6443"))).values():
        assert rules[1] == {
            "to": [{"ipBlock": {"cidr": "10.96.0.1/32"}}, {"ipBlock": {"cidr": "fd00::1/128"}}],
            "ports": [{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 6443}],
        }
        assert {port["port"] for port in rules[0]["ports"]} == {53}


def test_prometheus_and_other_servers_are_for_runs_only() -> None:
    before = POLICIES["tekton/triggers/networkpolicy.yaml"]["egress"]
    rules = patched(Egress((), "observability:80", ("203.0.113.0/24:443",)))
    assert rules["incident-listener"] == before
    assert rules["incident-runs"][2]["ports"] == [{"protocol": "TCP", "port": 80}]
    assert rules["incident-runs"][3]["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}]


def test_the_sweep_may_ask_alertmanagers_and_they_are_for_the_sweep_only() -> None:
    (policy,) = documents(TEKTON / "sweep" / "networkpolicy.yaml")
    (rule,) = policy["spec"]["egress"]
    assert [port["port"] for port in rule["ports"]] == [9093]
    (patch,) = Egress((), alertmanagers=("shop:80", "monitoring:9093")).patches()
    assert patch["target"]["name"] == policy["metadata"]["name"]
    (operation,) = json.loads(patch["patch"])
    assert [each["ports"][0]["port"] for each in operation["value"]] == [80, 9093]


def test_without_options_nothing_is_patched() -> None:
    assert Egress(()).patches() == []


@pytest.mark.parametrize(
    "place", ["", "10.0.0.1", ":443", "10.0.0.1:0", "10.0.0.1:99999", "evil.example:443", "10.0.0.1:x"]
)
def test_what_is_no_peer_is_refused_in_words(place: str) -> None:
    with pytest.raises(ManifestError, match="expected"):
        Egress((), others=(place,)).patches()
    with pytest.raises(ManifestError, match="expected"):
        Egress((), prometheus="Mon itoring:80").patches()


def test_patches_are_part_of_the_overlay() -> None:
    written = kustomization("../tekton", "sre", "", Egress(("10.0.0.1:6443",)).patches())
    assert (
        json.loads(written.splitlines()[-1].removeprefix("patches: "))[0]["target"]["kind"] == "NetworkPolicy"
    )


def test_every_container_has_limits_of_cpu_memory_and_disk() -> None:
    def containers(node: Any) -> Any:
        if isinstance(node, dict):
            if "image" in node and "name" in node:
                yield node
            for key, value in node.items():
                if key not in ("params", "metadata"):
                    yield from containers(value)
        elif isinstance(node, list):
            for value in node:
                yield from containers(value)

    found = [c for path in [*TEKTON.rglob("*.yaml"), *(ROOT / "k8s").glob("*.yaml")]
             for d in documents(path)
             if d.get("kind") in ("Task", "CronJob", "Deployment", "Job") for c in containers(d)]  # fmt: skip
    assert len(found) >= 6
    for each in found:
        limits = (each.get("computeResources") or each.get("resources") or {})["limits"]
        assert set(limits) == {"cpu", "memory", "ephemeral-storage"}, each["name"]


def test_the_token_is_given_to_kubectl_in_a_manifest_and_not_as_an_argument() -> None:
    made = secret()
    assert made["metadata"] == {"name": "alertmanager-webhook"}
    assert str(made["stringData"]["token"]).startswith("Bearer ")  # type: ignore[index]
    assert secret() != made


@pytest.mark.parametrize(("failures", "tried"), [(1, 2), (2, 3), (9, 3)])
def test_an_installation_waits_for_a_webhook_of_tekton_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, failures: int, tried: int
) -> None:
    calls: list[str] = []

    def kubectl(*_: str, given: str = "") -> str:
        calls.append(given)
        if len(calls) <= failures:
            raise ManifestError('kubectl apply -n: failed calling webhook "x": context deadline exceeded')
        return "applied"

    monkeypatch.setattr(install, "kubectl", kubectl)
    monkeypatch.setattr(install, "PAUSE", 0)
    if failures < tried:
        assert install.applied("sre", "kind: List") == "applied"
    else:
        with pytest.raises(ManifestError):
            install.applied("sre", "kind: List")
    assert calls == ["kind: List"] * tried


def test_what_is_refused_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def kubectl(*_: str, given: str = "") -> str:
        calls.append(given)
        raise ManifestError("kubectl apply -n: forbidden")

    monkeypatch.setattr(install, "kubectl", kubectl)
    with pytest.raises(ManifestError):
        install.applied("sre", "kind: List")
    assert len(calls) == 1
