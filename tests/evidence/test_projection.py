"""Projection: what is cut from objects, and what must stay."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.projection import changed_fields, project

OWNED = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "controller": True}]}
MANAGED = {
    "manager": "kubectl-scale",
    "operation": "Update",
    "apiVersion": "apps/v1",
    "fieldsType": "FieldsV1",
    "time": "2026-03-01T12:00:00Z",
    "subresource": "scale",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
}


def test_managed_fields_say_who_changed_what_when() -> None:
    cut = project({"kind": "Deployment", "metadata": {"name": "web", "managedFields": [MANAGED]}})
    assert cut["metadata"]["managedFields"] == [
        {
            "manager": "kubectl-scale",
            "operation": "Update",
            "time": "2026-03-01T12:00:00Z",
            "subresource": "scale",
            "fields": ["spec.replicas"],
        }
    ]


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"f:data": {".": {}, "f:LEVEL": {}, "f:app.conf": {}}}, ["data.LEVEL", "data.app.conf"]),
        ({"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}, ["spec.template"]),
        ({"f:metadata": {"f:labels": {"f:app": {}}}, "f:type": {}}, ["metadata.labels", "type"]),
        ({"f:subjects": {}}, ["subjects"]),
        ({".": {}}, []),
        (None, []),
        ("text", []),
    ],
)
def test_changed_fields_are_paths_two_levels_deep(fields: Any, paths: list[str]) -> None:
    assert changed_fields(fields) == paths


def test_a_list_leaves_out_what_a_controller_wrote_about_its_children() -> None:
    child = {"kind": "Pod", "metadata": {"name": "web", "managedFields": [MANAGED], **OWNED}}
    assert "managedFields" not in project(child, listed=True)["metadata"]
    assert "managedFields" in project(child)["metadata"]
    free = {"kind": "ConfigMap", "metadata": {"name": "web", "managedFields": [MANAGED]}}
    assert "managedFields" in project(free, listed=True)["metadata"]


def test_the_last_applied_annotation_goes_and_the_others_stay() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "payments"}
    cut = project({"kind": "Pod", "metadata": {"annotations": annotations}})
    assert cut["metadata"]["annotations"] == {"team": "payments"}


def test_nulls_go_and_emptiness_that_means_something_stays() -> None:
    policy: dict[str, Any] = {
        "kind": "NetworkPolicy",
        "spec": {"podSelector": {}, "ingress": [], "egress": None},
        "status": None,
    }
    assert project(policy) == {"kind": "NetworkPolicy", "spec": {"podSelector": {}, "ingress": []}}


def test_zero_false_and_empty_text_stay() -> None:
    item = {"kind": "Deployment", "spec": {"replicas": 0, "paused": False, "storageClassName": ""}}
    assert project(item) == item


@pytest.mark.parametrize("key", ["data", "binaryData"])
def test_long_values_of_a_configmap_are_cut(key: str) -> None:
    cut = project({"kind": "ConfigMap", key: {"long": "x" * 5000, "short": "y"}})
    assert cut[key] == {"long": "x" * 2048 + "... (2952 characters cut)", "short": "y"}


def test_images_of_a_node_go_and_its_conditions_stay() -> None:
    status: dict[str, Any] = {"images": [{"names": ["a"]}], "conditions": [{"type": "Ready"}]}
    assert project({"kind": "Node", "status": status})["status"] == {"conditions": [{"type": "Ready"}]}


def test_schemas_of_a_custom_resource_go() -> None:
    versions = [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": {"huge": True}}}]
    cut = project({"kind": "CustomResourceDefinition", "spec": {"versions": versions}})
    assert cut["spec"]["versions"] == [{"name": "v1", "served": True}]


def test_of_a_certificate_bundle_only_its_presence_stays() -> None:
    hook = {"name": "w", "clientConfig": {"caBundle": "LS0t", "service": {"name": "svc"}}}
    cut = project({"kind": "ValidatingWebhookConfiguration", "webhooks": [hook]})
    assert cut["webhooks"][0]["clientConfig"] == {"caBundle": "(present)", "service": {"name": "svc"}}


def test_a_listed_pod_loses_the_token_volume_every_pod_has() -> None:
    mounts = [{"name": "kube-api-access-x1"}, {"name": "config"}]
    spec = {"volumes": mounts, "containers": [{"name": "web", "volumeMounts": mounts}]}
    cut = project({"kind": "Pod", "spec": spec}, listed=True)["spec"]
    assert cut["volumes"] == cut["containers"][0]["volumeMounts"] == [{"name": "config"}]


def test_a_list_item_is_told_its_kind() -> None:
    assert project({"apiVersion": "v1", "metadata": {"name": "a"}}, "Pod", listed=True) == {
        "kind": "Pod",
        "metadata": {"name": "a"},
    }


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=12,
)
KEYS = ["metadata", "spec", "status", "data", "webhooks", "kind"]


@given(
    st.dictionaries(st.sampled_from(KEYS), json_data),
    st.sampled_from(["Pod", "ConfigMap", "Node", "CustomResourceDefinition", "MutatingWebhookConfiguration"]),
    st.booleans(),
)
def test_any_data_is_survived_unchanged_in_place_and_projected_only_once(
    item: dict[str, Any], kind: str, listed: bool
) -> None:
    before = copy.deepcopy(item)
    once = project({**item, "kind": kind}, listed=listed)
    assert item == before
    assert project(once, listed=listed) == once
