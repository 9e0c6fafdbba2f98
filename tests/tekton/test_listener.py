from typing import Any

import pytest

from tekton.triggers import listener
from tests.tekton.manifests import TEKTON, documents

LISTENERS = {
    name: listener.listener(name, alone=alone) for name, alone in (("alerts", True), ("groups", False))
}


def bound(trigger: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters that the binding of a Trigger gives."""
    bindings = {d["metadata"]["name"]: d["spec"] for d in documents(TEKTON / "triggers" / "bindings.yaml")}
    (named,) = trigger["spec"]["bindings"]
    return bindings[named["ref"]]["params"]


def test_the_written_files_are_current():
    stale = [path.name for path, content in listener.files().items() if path.read_text() != content]
    assert stale == [], "run python -m tekton.triggers.listener"


@pytest.mark.parametrize("name", LISTENERS)
def test_a_post_costs_three_calls_of_the_interceptor_and_is_read_by_two_triggers(name: str):
    listening, *triggers = LISTENERS[name]
    groups = listening["spec"]["triggerGroups"]
    calls = sum(len(group["interceptors"]) for group in groups)
    calls += sum(len(trigger["spec"].get("interceptors", [])) for trigger in triggers)
    assert calls == 3
    assert len(triggers) == 2
    for group, trigger in zip(groups, triggers, strict=True):
        selected = group["triggerSelector"]["labelSelector"]["matchLabels"].items()
        assert [selected <= each["metadata"]["labels"].items() for each in triggers].count(True) == 1
        assert selected <= trigger["metadata"]["labels"].items()


def test_no_trigger_of_a_version_with_one_for_each_alert_is_selected():
    old = {"incident-agent/listener": "alerts-16"}, {"incident-agent/listener": "alerts-refused"}
    for group in LISTENERS["alerts"][0]["spec"]["triggerGroups"]:
        assert group["triggerSelector"]["labelSelector"]["matchLabels"] not in old


@pytest.mark.parametrize("name", LISTENERS)
def test_the_token_is_compared_before_anything_of_the_body_is_read(name: str):
    for group in LISTENERS[name][0]["spec"]["triggerGroups"]:
        (filter_,) = [p["value"] for p in group["interceptors"][0]["params"] if p["name"] == "filter"]
        assert filter_.removeprefix("!").startswith("header.canonical('Authorization').compareSecret(")


@pytest.mark.parametrize("name", LISTENERS)
def test_a_wrong_token_is_an_error_in_the_log_and_can_create_nothing(name: str):
    listening, _, others = LISTENERS[name]
    (cel,) = listening["spec"]["triggerGroups"][1]["interceptors"]
    filter_, overlays = (each["value"] for each in cel["params"])
    assert filter_.startswith(f"!{listener.AUTHENTIC} || (")
    (overlay,) = overlays
    assert overlay["key"] == "unless_wrong_token"
    assert overlay["expression"].startswith(f"{listener.AUTHENTIC} ? {{'alerts': ")
    assert overlay["expression"].endswith(" : {}")
    assert {"name": "alerts", "value": "$(extensions.unless_wrong_token.alerts)"} in bound(others)


@pytest.mark.parametrize("name", LISTENERS)
def test_every_binding_and_template_that_a_trigger_names_exists_and_they_fit(name: str):
    templates = {d["metadata"]["name"]: d for d in documents(TEKTON / "triggers" / "templates.yaml")}
    for trigger in LISTENERS[name][1:]:
        template = templates[trigger["spec"]["template"]["ref"]]["spec"]
        assert {param["name"] for param in bound(trigger)} == {param["name"] for param in template["params"]}


@pytest.mark.parametrize("name", LISTENERS)
def test_a_run_alone_and_a_batch_give_the_binding_all_it_takes(name: str):
    listening, trigger, _ = LISTENERS[name]
    (expression,) = [
        overlay["expression"]
        for param in listening["spec"]["triggerGroups"][0]["interceptors"][1]["params"]
        if param["name"] == "overlays"
        for overlay in param["value"]
    ]
    parts = [listener.SINGLE, listener.batch()] if name == "alerts" else [listener.batch()]
    assert expression.endswith(" : ".join(parts))
    for part in parts:
        assert [each["name"] for each in bound(trigger) if f"'{each['name']}':" not in part] == []


def test_two_of_each_listener_and_a_drained_node_takes_one():
    budgets = {d["spec"]["selector"]["matchLabels"]["eventlistener"]: d["spec"]
               for d in documents(TEKTON / "triggers" / "disruption.yaml")}  # fmt: skip
    for listening, *_ in LISTENERS.values():
        assert listening["spec"]["resources"]["kubernetesResource"]["replicas"] == 2
        assert budgets[listening["metadata"]["name"]]["maxUnavailable"] == 1


def test_names_of_runs_are_never_generated_and_fit_into_a_label():
    for template in documents(TEKTON / "triggers" / "templates.yaml"):
        for resource in template["spec"]["resourcetemplates"]:
            assert resource["metadata"]["name"] == "$(tt.params.name)"
            assert "generateName" not in resource["metadata"]
    assert len("incident-batch-" + "f" * 16 + "-" + "9" * 10 + "-1000") <= 63
    assert len("incident-batch-00000000-0000-0000-0000-000000000000") <= 63
