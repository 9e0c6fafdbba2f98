"""Whatever labels and words say, what comes of them is a valid name or none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.subject import Subject
from agent.names import is_name
from tests.intake.alerts import BANK, ref, routed


@pytest.mark.parametrize(
    "value",
    ["", " ", "../../etc/passwd", "desk-0 --all", "desk\n0", "Desk", "-desk", "desk-", "a" * 254, "$(id)",
     "desk;ls", "{{pod}}", "дeск", "desk/../x", "*", "desk..0"],
)  # fmt: skip
@pytest.mark.parametrize(
    "label", ["pod", "deployment", "job_name", "node", "service", "instance", "persistentvolume"]
)
def test_a_label_that_is_no_name_is_no_subject(label, value):
    subject = routed("Custom", BANK | {label: value})
    assert subject.ref in (None, ref("Namespace/bank"))
    assert (subject.service, subject.node) == ("", "")


def test_a_namespace_that_is_none_is_no_namespace():
    subject = routed("KubePodNotReady", {"namespace": "bank/../kube-system", "pod": "desk-0"})
    assert (subject.ref, subject.namespace, subject.service) == (None, "", "desk-0")


NAMES = [
    "Custom",
    "KubeNodeNotReady",
    "NodeClockSkewDetected",
    "TargetDown",
    "KubePodNotReady",
    "KubeAggregatedAPIDown",
]
LABELS = [
    *(
        "namespace",
        "pod",
        "container",
        "node",
        "instance",
        "service",
        "job",
        "deployment",
        "job_name",
        "name",
        "url",
    ),
    *(
        "persistentvolume",
        "app",
        "workload",
        "workload_type",
        "exported_namespace",
        "exported_pod",
        "endpoint",
    ),
]
HOSTILE = (
    st.text(max_size=20)
    | st.from_regex(r"[a-zA-Z0-9./:;$ -]{1,20}", fullmatch=True)
    | st.sampled_from(
        [
            "a" * 64,
            "a.b",
            "Deployment",
            "x.y.svc",
            "kube-state-metrics",
            "node-exporter",
            "a:1",
            "::",
            "[::1]:9",
            "-n",
        ]
    )
)


def names_of(subject: Subject) -> list[tuple[str, str]]:
    """Every name in a subject, with the kind whose rules it must keep."""
    named: list[tuple[str, Any]] = [("Container", subject.container), ("Namespace", subject.namespace)]
    if subject.ref:
        named += [(subject.ref.kind, subject.ref.name), ("Namespace", subject.ref.namespace)]
        named.append(("Node", subject.node))
    named.append(("Pod", subject.service))
    return [(kind, name) for kind, name in named if name]


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(LABELS), HOSTILE, max_size=6), HOSTILE)
def test_hostile_labels_never_become_a_name(name, labels, words):
    subject = routed(
        name, labels, description=f"Pod {words} in namespace {words} on node {words} of {words}/{words}"
    )
    assert all(is_name(kind, value) for kind, value in names_of(subject))
    assert subject.why.isprintable()


@given(st.text(max_size=300))
def test_hostile_text_never_becomes_a_name(text):
    subject = routed("Custom", description=text)
    assert all(is_name(kind, value) for kind, value in names_of(subject))
