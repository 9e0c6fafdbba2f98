"""The scheduler's sentence, read word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.diagnosis.read.unschedulable import read_refusal


def kinds(message: str) -> list[tuple[str, str, int]]:
    return [(reason.kind, reason.what, reason.nodes) for reason in read_refusal(message).reasons]


@pytest.mark.parametrize(
    ("words", "kind", "what"),
    [
        ("Insufficient cpu", "resource", "cpu"),
        ("Insufficient ephemeral-storage", "resource", "ephemeral-storage"),
        ("Insufficient example.com/gpu", "resource", "example.com/gpu"),
        ("Too many pods", "too-many-pods", ""),
        ("node(s) had untolerated taint(s)", "taint", ""),
        ("node(s) had untolerated taint {dedicated: batch}", "taint", "dedicated=batch"),
        ("node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }", "taint",
         "node-role.kubernetes.io/control-plane"),
        ("node(s) had taint {dedicated: batch}, that the pod didn't tolerate", "taint", "dedicated=batch"),
        ("node(s) were unschedulable", "cordoned", ""),
        ("node(s) didn't match Pod's node affinity/selector", "node-affinity", ""),
        ("node(s) didn't match pod affinity rules", "pod-affinity", ""),
        ("node(s) didn't match pod anti-affinity rules", "pod-anti-affinity", ""),
        ("node(s) didn't satisfy existing pods anti-affinity rules", "existing-anti-affinity", ""),
        ("node(s) didn't match pod topology spread constraints", "topology-spread", ""),
        ("node(s) didn't match pod topology spread constraints (missing required label)",
         "topology-label", ""),
        ("node(s) didn't have free ports for the requested pod ports", "host-port", ""),
        ("node(s) didn't match PersistentVolume's node affinity", "volume-affinity", ""),
        ("node(s) had volume node affinity conflict", "volume-affinity", ""),
        ("node(s) had no available volume zone", "volume-zone", ""),
        ("node(s) didn't find available persistent volumes to bind", "volume-unavailable", ""),
        ("node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use "
         "by another pod", "volume-in-use", ""),
        ("node(s) exceed max volume count", "volume-limit", ""),
        ("node(s) didn't satisfy plugin(s) [NodeAffinity]", "plugin", ""),
        ("node(s) said something new", "other", ""),
    ],
)  # fmt: skip
def test_each_reason_is_told_from_the_others(words: str, kind: str, what: str) -> None:
    assert kinds(f"0/3 nodes are available: 3 {words}.") == [(kind, what, 3)]


def test_a_mix_of_reasons_keeps_the_nodes_of_each() -> None:
    message = (
        "0/5 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, "
        "1 node(s) were unschedulable, 2 Insufficient cpu, 2 Insufficient memory, 1 node(s) didn't "
        "match Pod's node affinity/selector. "
        "preemption: 0/5 nodes are available: 2 No preemption victims found for incoming pod, "
        "3 Preemption is not helpful for scheduling."
    )
    assert kinds(message) == [
        ("taint", "dedicated=gpu", 1), ("cordoned", "", 1), ("resource", "cpu", 2), ("resource", "memory", 2),
        ("node-affinity", "", 1),
    ]  # fmt: skip


def test_a_comma_inside_a_reason_does_not_split_it() -> None:
    taint = "node(s) had taint {a: b}, that the pod didn't tolerate"
    message = f"0/2 nodes are available: 1 {taint}, 1 Too many pods."
    assert kinds(message) == [("taint", "a=b", 1), ("too-many-pods", "", 1)]


def test_the_words_that_minor_34_adds_mean_nothing() -> None:
    message = (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are "
        "available: 1 Preemption is not helpful for scheduling."
    )
    assert kinds(message) == [("resource", "cpu", 1)]


@pytest.mark.parametrize(
    ("sentence", "kind", "what"),
    [
        ("pod has unbound immediate PersistentVolumeClaims. not found", "claim-unbound", ""),
        ('persistentvolumeclaim "ledger-data" not found', "claim-missing", "ledger-data"),
        ('persistentvolumeclaim "ledger-data" not found. not found', "claim-missing", "ledger-data"),
        ('persistentvolumeclaim "data" bound to non-existent persistentvolume "pv-7"', "claim-lost", "pv-7"),
        ('persistentvolumeclaim "data" is being deleted', "claim-deleting", "data"),
    ],
)
def test_a_sentence_in_place_of_the_counts_holds_for_every_node(sentence: str, kind: str, what: str) -> None:
    assert kinds(f"0/4 nodes are available: {sentence}") == [(kind, what, 4)]
    assert kinds(sentence) == [(kind, what, 0)]


def test_a_cluster_without_nodes_says_so() -> None:
    assert kinds("no nodes available to schedule pods") == [("no-nodes", "", 0)]


@given(st.text())
def test_any_text_is_read_without_an_error(message: str) -> None:
    read_refusal(message)
    read_refusal(f"0/2 nodes are available: 1 {message}, 2 Insufficient cpu. preemption: {message}")
