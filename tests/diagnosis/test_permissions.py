"""What a workload's own ServiceAccount may not do."""

from agent.diagnosis.ranking import Verdict
from tests.diagnosis.objects import container, crashing, deployment, owned, pod, replica_set, template
from tests.diagnosis.world import World

ALERT = {
    "labels": {
        "alertname": "KubePodCrashLooping",
        "namespace": "bank",
        "pod": "desk-a-x1",
        "container": "desk",
    }
}
REFUSED = (
    'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:bank:desk" cannot list '
    'resource "pods" in API group "" in the namespace "bank"'
)


def world() -> World:
    made = template(container("desk"), app="desk")
    return World().add(
        deployment("desk", namespace="bank", replicas=1, ready=0, pod_template=made),
        replica_set("desk-a", deployment="desk", namespace="bank", replicas=1, pod_template=made),
        pod("desk-a-x1", crashing("desk"), namespace="bank", app="desk", ready=False,
            owner=owned("ReplicaSet", "desk-a"), containers=[container("desk")]),
    ).log("bank", "desk-a-x1", "desk", f"{REFUSED}\n", previous=True)  # fmt: skip


def binding(role: str, *, account: str = "desk", namespace: str = "bank") -> dict:
    return {
        "kind": "RoleBinding",
        "metadata": {"name": "desk", "namespace": "bank"},
        "roleRef": {"kind": "Role", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }


def role(name: str, *verbs: str) -> dict:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}]
    return {"kind": "Role", "metadata": {"name": name, "namespace": "bank"}, "rules": rules}


def verdict(put: World) -> Verdict:
    return put.investigate(ALERT)[0]


def test_without_a_binding_the_verb_the_resource_and_the_account_are_named() -> None:
    found = verdict(world())
    assert found.root and found.root.id == "rbac-forbidden@bank/Deployment/desk"
    assert "ServiceAccount desk may not list pods in namespace bank: no role is bound to it" in found.sentence
    command = found.root.recommendations[0].command
    assert "create role desk-pods --verb=list --resource=pods" in command
    assert "--serviceaccount=bank:desk" in command


def test_a_role_that_lacks_the_verb_is_named() -> None:
    found = verdict(world().add(binding("reader"), role("reader", "get")))
    assert found.root and found.root.cause.id == "rbac-forbidden"
    assert "Role reader does not allow it" in found.sentence


def test_a_binding_to_a_role_that_does_not_exist_is_the_cause() -> None:
    found = verdict(world().add(binding("reader")))
    assert found.root and found.root.cause.id == "rbac-role-missing"
    assert "grants Role reader, which does not exist" in found.sentence


def test_a_binding_for_the_account_of_another_namespace_is_shown() -> None:
    found = verdict(world().add(binding("reader", namespace="shop"), role("reader", "list")))
    assert found.root and found.root.cause.id == "rbac-forbidden"
    assert any(
        "is for ServiceAccount shop/desk, not for bank/desk" in claim.text for claim in found.root.claims
    )
