from tekton.triggers import listener
from tests.tekton.manifests import TEKTON, documents


def test_the_written_files_are_current():
    stale = [path.name for path, content in listener.files().items() if path.read_text() != content]
    assert stale == [], "run python -m tekton.triggers.listener"


def test_there_is_one_trigger_for_each_place_one_for_the_rest_and_one_for_the_unidentified():
    _, *triggers = listener.listener("alerts", 4)
    names = [trigger["metadata"]["name"] for trigger in triggers]
    assert names == [*(f"incident-alerts-{place:02}" for place in range(4)), "incident-alerts-batch",
                     "incident-alerts-unidentified", "incident-alerts-refused"]  # fmt: skip


def test_the_listener_for_groups_has_no_trigger_for_single_alerts():
    _, *triggers = listener.listener("groups", 0)
    assert {trigger["spec"]["template"]["ref"] for trigger in triggers} == {
        "incident-batch",
        "incident-refused",
    }


def test_a_listener_of_another_width_selects_none_of_the_old_triggers():
    wide, narrow = listener.listener("alerts", 32), listener.listener("alerts", 16)
    group, _ = narrow[0]["spec"]["triggerGroups"]
    selected = group["triggerSelector"]["labelSelector"]["matchLabels"].items()
    assert all(selected <= trigger["metadata"]["labels"].items() for trigger in narrow[1:-1])
    assert not any(selected <= trigger["metadata"]["labels"].items() for trigger in wide[1:])


def test_the_token_is_compared_before_anything_of_the_body_is_read():
    for document in [*listener.listener("alerts", 1), *listener.listener("groups", 0)]:
        for group in document["spec"].get("triggerGroups", []):
            (filter_,) = [p["value"] for p in group["interceptors"][0]["params"] if p["name"] == "filter"]
            assert filter_.removeprefix("!").startswith("header.canonical('Authorization').compareSecret(")


def test_a_wrong_token_is_an_error_in_the_log_and_can_create_nothing():
    for name, width in (("alerts", 2), ("groups", 0)):
        listener_, *triggers = listener.listener(name, width)
        _, refused = listener_["spec"]["triggerGroups"]
        (cel,) = refused["interceptors"]
        assert cel["params"] == [{"name": "filter", "value": f"!{listener.AUTHENTIC}"}]
        selected = refused["triggerSelector"]["labelSelector"]["matchLabels"].items()
        (trigger,) = [each for each in triggers if selected <= each["metadata"]["labels"].items()]
        (bound,) = trigger["spec"]["bindings"]
        bindings = {
            d["metadata"]["name"]: d["spec"] for d in documents(TEKTON / "triggers" / "bindings.yaml")
        }
        assert bindings[bound["ref"]]["params"] == [{"name": "name", "value": "$(extensions.wrong_token)"}]
        assert "wrong_token" not in str(listener_["spec"]) + str(triggers)  # no interceptor makes it


def test_every_binding_and_template_that_a_trigger_names_exists_and_they_fit():
    bindings = {d["metadata"]["name"]: d for d in documents(TEKTON / "triggers" / "bindings.yaml")}
    templates = {d["metadata"]["name"]: d for d in documents(TEKTON / "triggers" / "templates.yaml")}
    for trigger in listener.listener("alerts", 1)[1:] + listener.listener("groups", 0)[1:]:
        (bound,) = trigger["spec"]["bindings"]
        given = {param["name"] for param in bindings[bound["ref"]]["spec"]["params"]}
        template = templates[trigger["spec"]["template"]["ref"]]["spec"]
        assert given == {param["name"] for param in template["params"]}


def test_names_of_runs_are_never_generated_and_fit_into_a_label():
    for template in documents(TEKTON / "triggers" / "templates.yaml"):
        for resource in template["spec"]["resourcetemplates"]:
            assert resource["metadata"]["name"] == "$(tt.params.name)"
            assert "generateName" not in resource["metadata"]
    assert len("incident-batch-" + "f" * 16 + "-" + "9" * 10 + "-1000") <= 63
    assert len("incident-batch-00000000-0000-0000-0000-000000000000") <= 63
