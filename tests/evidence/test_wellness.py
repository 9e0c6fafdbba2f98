"""Wellness: only what is certainly well counts as well."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.evidence.wellness import READY, RESTARTED, condition
from tests.diagnosis.objects import condition as stated
from tests.diagnosis.objects import crashing, deployment, node, pod, running

NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["metadata", "status", "spec", "conditions", "phase", "type", "containerStatuses", "taints",
                         "replicas", "ownerReferences", "state", "waiting", "reason"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip
KINDS = ("Pod", "Node", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "PersistentVolumeClaim",
         "PersistentVolume", "Namespace", "PodDisruptionBudget", "Event", "Service")  # fmt: skip
WELL = {
    "Pod": pod("web-1"),
    "Node": node(),
    "Deployment": deployment(),
    "Job": {"status": {"conditions": [stated("Complete", "True")]}},
    "PersistentVolumeClaim": {"status": {"phase": "Bound"}},
    "Namespace": {"status": {"phase": "Active"}},
    "PodDisruptionBudget": {"status": {"disruptionsAllowed": 1}},
    "ReplicaSet": {"spec": {"replicas": 2}, "status": {"replicas": 2, "readyReplicas": 2}},
    "StatefulSet": {"spec": {"replicas": 2}, "status": {"readyReplicas": 2, "replicas": 2}},
    "DaemonSet": {
        "status": {
            "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 2,
        }
    },
    "Event": {"type": "Normal", "reason": "Pulled"},
}  # fmt: skip


@pytest.mark.parametrize("kind", WELL)
def test_what_is_well_is_known_to_be(kind: str) -> None:
    assert condition(kind, WELL[kind]).well


@pytest.mark.parametrize("kind", WELL)
def test_what_is_on_its_way_out_is_not_well(kind: str) -> None:
    going = WELL[kind] | {"metadata": {"deletionTimestamp": "2026-11-22T12:00:00Z"}}
    assert (condition(kind, going).well, condition(kind, going).state) == (False, "being deleted")


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (pod("a", crashing(), ready=False), "CrashLoopBackOff"),
        (pod("a", crashing(), ready=True), RESTARTED),
        (pod("a", running(restarts=1)), RESTARTED),
        (pod("a", ready=False), "not ready"),
        (pod("a", ready=False, phase="Pending", conditions=[stated("PodScheduled", "False", "Unschedulable")]),
         "Unschedulable"),
        (pod("a", ready=False, phase="Failed"), "Failed"),
        ({}, "of unknown state"),
    ],
)  # fmt: skip
def test_a_pod_is_counted_by_what_ails_it(item: dict[str, Any], state: str) -> None:
    found = condition("Pod", item)
    assert (found.state, found.well) == (state, False)


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (node(conditions=[stated("Ready", "Unknown")]), "not ready"),
        (node(unschedulable=True), "cordoned"),
        (node(conditions=[stated("DiskPressure", "True")]), "DiskPressure"),
        (node(conditions=[stated("KernelDeadlock", "True")]), "KernelDeadlock"),
    ],
)
def test_a_node_is_well_only_without_any_trouble(item: dict[str, Any], state: str) -> None:
    found = condition("Node", item)
    assert (found.state, found.well) == (state, False)


@pytest.mark.parametrize(
    "item",
    [
        deployment(ready=2),
        deployment(conditions=[stated("Progressing", "False")]),
        deployment(conditions=[stated("ReplicaFailure", "True")]),
        deployment(observedGeneration=0),
        deployment(updatedReplicas=1),
        deployment(replicas=0),
    ],
)
def test_a_deployment_is_well_only_when_every_count_is_full(item: dict[str, Any]) -> None:
    assert not condition("Deployment", item).well


def test_a_kind_that_nothing_is_known_of_is_not_well() -> None:
    assert condition("Service", WELL["Pod"]).well is False


def test_words_of_the_cluster_are_no_states_unless_they_are_words() -> None:
    told = pod(
        "a", running(ready=False, state={"waiting": {"reason": "password=hunter2 and\nmore"}}), ready=False
    )
    assert condition("Pod", told).state == "not ready"


@example(kind="Pod", item=WELL["Pod"])
@example(kind="Pod", item={"status": {"phase": "Succeeded"}})
@given(
    kind=st.sampled_from(KINDS), item=st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), NESTED)
)
def test_any_shape_is_judged(kind: str, item: dict[str, Any]) -> None:
    found = condition(kind, item)
    assert found.state and len(found.state) <= 50
    if kind == "Pod" and found.well:
        assert found.state in (READY, "finished")
