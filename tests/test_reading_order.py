"""A log is read after its own pod, whose environment tells what is secret in it."""

import asyncio

import pytest

from agent.evidence.query import listing, logs
from tests.samples import Answers, investigation


def pod(name: str, namespace: str = "bank") -> dict[str, object]:
    return {"kind": "Pod", "metadata": {"namespace": namespace, "name": name}}


@pytest.mark.parametrize(
    ("listed", "asked_for"),
    [([pod("desk-10")], True), ([pod("desk-1", "shop")], True), ([pod("desk-10"), pod("desk-1")], False)],
    ids=["a longer name", "another namespace", "the pod itself"],
)
def test_the_pod_of_a_log_is_read_unless_it_was_read(listed: list[object], asked_for: bool) -> None:
    source = Answers(
        {"list Pod *": listed, "get Pod bank/desk-1": pod("desk-1"), "logs bank/desk-1 main": "x"}
    )
    found = investigation(source)
    asyncio.run(found.collect([listing("Pod", "")]))
    asyncio.run(found.collect([logs("bank", "desk-1", "main")]))
    assert ("get Pod bank/desk-1" in source.asked) is asked_for
