"""The admission policies, evaluated: what may run as the agent's account, and what may not."""

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from cel_expr_python import cel

from tests.tekton.manifests import TEKTON, documents

POLICIES = {
    document["metadata"]["name"].split(".")[0]: document["spec"]
    for document in documents(TEKTON / "admission.yaml")
    if document["kind"] == "ValidatingAdmissionPolicy"
}
ENV = cel.NewEnv(variables=dict.fromkeys(("object", "oldObject", "request", "variables"), cel.Type.DYN))
SHIPPED = [
    resource
    for template in documents(TEKTON / "triggers" / "templates.yaml")
    for resource in template["spec"]["resourcetemplates"]
] + documents(TEKTON / "pipeline" / "incident-response" / "samples" / "pipelinerun.yaml")
(RUN,) = documents(TEKTON / "pipeline" / "incident-response" / "samples" / "pipelinerun.yaml")
TASK_RUN = {
    "spec": {
        "serviceAccountName": "incident-agent",
        "taskRef": {"kind": "Task", "name": "incident-investigate"},
        "params": [{"name": "alert", "value": "eA=="}],
    }
}
POD = {"spec": {"serviceAccountName": "incident-agent", "containers": [{"name": "a", "image": "agent:1"}]}}


@cache
def compiled(expression: str) -> Any:
    return ENV.compile(expression)


def refusal(policy: str, resource: str, object_: Any, *, old: Any = None, **request: Any) -> str:
    """The message of the first validation that does not hold; empty when all do."""
    spec = POLICIES[f"incident-agent-{policy}"]
    asked = {
        "resource": {"resource": resource},
        "operation": "CREATE",
        "name": "",
        "userInfo": {"groups": []},
    }
    data: dict[str, Any] = {"object": object_, "oldObject": old, "request": asked | request, "variables": {}}
    for variable in spec.get("variables", []):
        data["variables"][variable["name"]] = evaluated(variable["expression"], data)
    for validation in spec["validations"]:
        held = evaluated(validation["expression"], data)
        assert isinstance(held, bool), held
        if not held:
            return str(validation["message"])
    return ""


def evaluated(expression: str, data: dict[str, Any]) -> Any:
    return compiled(expression).eval(data=data).plain_value()


def changed(document: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A copy with keys of its spec added or replaced."""
    return deepcopy(document) | {"spec": deepcopy(document["spec"]) | spec}


def templated(**template: Any) -> dict[str, Any]:
    return changed(RUN, taskRunTemplate=RUN["spec"]["taskRunTemplate"] | template)


@pytest.mark.parametrize("run", SHIPPED, ids=lambda run: str(run["metadata"].get("name", "sample")))
def test_what_the_listeners_and_the_sample_start_is_admitted(run: dict[str, Any]) -> None:
    assert refusal("runs", "pipelineruns", run) == ""


def test_a_task_of_the_installation_is_admitted_alone() -> None:
    assert refusal("runs", "taskruns", TASK_RUN) == ""


def test_runs_of_another_account_are_nobodys_business() -> None:
    own = {"pipelineSpec": {"tasks": []}, "taskRunTemplate": {"serviceAccountName": "default"}}
    assert refusal("runs", "pipelineruns", {"spec": own}) == ""
    assert refusal("runs", "pipelineruns", {"spec": {"pipelineSpec": {}}}) == ""
    assert refusal("runs", "taskruns", {"spec": {"taskSpec": {"steps": []}}}) == ""


INLINE = {"steps": [{"image": "evil", "script": "cat /var/run/secrets/kubernetes.io/serviceaccount/token"}]}
HOSTILE_RUNS: dict[str, dict[str, Any]] = {
    "an inline pipeline": {
        "spec": {"pipelineSpec": {"tasks": []}, "taskRunTemplate": {"serviceAccountName": "incident-agent"}}
    },
    "an inline pipeline beside the reference": changed(RUN, pipelineSpec={"tasks": []}),
    "another pipeline": changed(RUN, pipelineRef={"name": "mine"}),
    "no pipeline": changed(RUN, pipelineRef={}),
    "a bundle": changed(RUN, pipelineRef={"resolver": "bundles", "params": []}),
    "a bundle with the name of ours": changed(RUN, pipelineRef={"name": "incident-response", "resolver": "git"}),
    "an account for one task": {
        "spec": {"pipelineSpec": {}, "taskRunSpecs": [{"serviceAccountName": "incident-agent"}]}
    },
    "sidecars for one task": changed(RUN, taskRunSpecs=[{"pipelineTaskName": "investigate", "sidecarSpecs": []}]),
    "another image": changed(RUN, params=[{"name": "image", "value": "evil"}]),
    "another image of the report": changed(RUN, params=[{"name": "report-image", "value": "evil"}]),
    "a model of one's own": changed(RUN, params=[{"name": "model-url", "value": "http://evil"}]),
    "variables": templated(podTemplate={"env": [{"name": "LD_PRELOAD", "value": "/x"}]}),
    "volumes": templated(podTemplate={"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}),
    "the network of the node": templated(podTemplate={"hostNetwork": True}),
}  # fmt: skip
HOSTILE_TASK_RUNS: dict[str, dict[str, Any]] = {
    "an inline task": {"spec": {"serviceAccountName": "incident-agent", "taskSpec": INLINE}},
    "an inline task beside the reference": changed(TASK_RUN, taskSpec=INLINE),
    "another task": changed(TASK_RUN, taskRef={"name": "mine"}),
    "the pipeline as a task": changed(TASK_RUN, taskRef={"name": "incident-response"}),
    "steps changed": changed(TASK_RUN, stepSpecs=[{"name": "investigate"}]),
    "a debugger": changed(TASK_RUN, debug={"breakpoints": {}}),
    "another image": changed(TASK_RUN, params=[{"name": "image", "value": "evil"}]),
    "variables": changed(TASK_RUN, podTemplate={"env": []}),
}


@pytest.mark.parametrize("case", HOSTILE_RUNS)
def test_a_pipeline_run_that_would_lend_the_account_is_refused(case: str) -> None:
    assert "incident-agent" in refusal("runs", "pipelineruns", HOSTILE_RUNS[case])


@pytest.mark.parametrize("case", HOSTILE_TASK_RUNS)
def test_a_task_run_that_would_lend_the_account_is_refused(case: str) -> None:
    assert "incident-agent" in refusal("runs", "taskruns", HOSTILE_TASK_RUNS[case])


def test_a_run_may_be_marked_by_who_may_not_make_it_and_not_be_changed() -> None:
    foreign = changed(RUN, params=[{"name": "image", "value": "evil"}])
    marked = foreign | {"metadata": {"annotations": {"incident-agent/told": "killed"}}}
    assert refusal("runs", "pipelineruns", marked, old=foreign, operation="UPDATE") == ""
    assert refusal("runs", "pipelineruns", foreign, old=RUN, operation="UPDATE")


def test_a_pod_may_not_take_the_account_whoever_makes_it() -> None:
    assert refusal("pods", "pods", POD)
    assert refusal("pods", "pods", {"spec": {"containers": []}}) == ""


def test_a_pod_of_a_run_may_be_labelled_and_not_be_changed() -> None:
    labelled = deepcopy(POD) | {"metadata": {"labels": {"a": "b"}}}
    image = changed(POD, containers=[{"name": "a", "image": "evil"}])
    debugged = changed(POD, ephemeralContainers=[{"name": "d", "image": "evil"}])
    assert refusal("pods", "pods", labelled, old=POD, operation="UPDATE") == ""
    assert refusal("pods", "pods", image, old=POD, operation="UPDATE")
    assert refusal("pods", "pods", debugged, old=POD, operation="UPDATE")


def test_tokens_go_to_kubelets_only() -> None:
    given = {"name": "incident-agent", "subResource": "token"}
    node = {"groups": ["system:nodes", "system:authenticated"]}
    assert refusal("access", "serviceaccounts", {}, **given)
    assert refusal("access", "serviceaccounts", {}, **given, userInfo=node) == ""
    assert refusal("access", "serviceaccounts", {}, name="default", subResource="token") == ""


def test_no_secret_may_become_a_token() -> None:
    def secret(account: str) -> dict[str, Any]:
        return {"metadata": {"annotations": {"kubernetes.io/service-account.name": account}}}

    assert refusal("access", "secrets", secret("incident-agent"))
    assert refusal("access", "secrets", secret("default")) == ""
    assert refusal("access", "secrets", {"metadata": {}}) == ""


def test_nobody_enters_a_pod_or_changes_what_runs_as_the_account() -> None:
    assert refusal("access", "pods", {"command": ["sh"]}, operation="CONNECT", subResource="exec")
    assert refusal("access", "tasks", {}, name="incident-investigate", operation="UPDATE")
    assert refusal("access", "pipelines", {}, name="incident-response")
    assert refusal("access", "tasks", {}, name="mine") == ""


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_fails_closed_and_lets_only_tekton_and_who_may_impersonate_pass(name: str) -> None:
    spec = POLICIES[name]
    assert spec["failurePolicy"] == "Fail"
    tekton, impersonator = (condition["expression"] for condition in spec["matchConditions"])
    for user, matched in (
        ("mallory", True),
        ("system:serviceaccount:tekton-pipelines:tekton-pipelines-controller", False),
    ):
        assert evaluated(tekton, {"request": {"userInfo": {"username": user}}}) is matched
    assert impersonator.startswith("!authorizer.") and ".check('impersonate').allowed()" in impersonator


def test_every_policy_is_bound_to_the_namespace_of_the_installation_and_denies() -> None:
    bindings = [d["spec"] for d in documents(TEKTON / "admission.yaml") if d["kind"].endswith("Binding")]
    assert {binding["policyName"].split(".")[0] for binding in bindings} == set(POLICIES)
    for binding in bindings:
        assert binding["validationActions"] == ["Deny"]
        labels = binding["matchResources"]["namespaceSelector"]["matchLabels"]
        assert labels == {"kubernetes.io/metadata.name": "NAMESPACE"}


(ROOM,) = [d["spec"] for d in documents(TEKTON / "room.yaml") if d["kind"] == "ValidatingAdmissionPolicy"]


def test_only_the_listeners_are_kept_from_starting_more_and_an_error_keeps_nobody() -> None:
    (condition,) = ROOM["matchConditions"]
    for account, matched in (
        ("incident-listener", True),
        ("incident-sweep", False),
        ("incident-agent", False),
    ):
        user = {"username": f"system:serviceaccount:sre:{account}"}
        assert (
            evaluated(condition["expression"], {"request": {"userInfo": user, "namespace": "sre"}}) is matched
        )
    assert ROOM["failurePolicy"] == "Ignore"
    (binding,) = [d["spec"] for d in documents(TEKTON / "room.yaml") if d["kind"].endswith("Binding")]
    assert binding["paramRef"]["parameterNotFoundAction"] == "Allow"


def test_the_room_is_that_of_the_quota_which_is_the_cap() -> None:
    (binding,) = [d["spec"] for d in documents(TEKTON / "room.yaml") if d["kind"].endswith("Binding")]
    (quota,) = documents(TEKTON / "sweep" / "cap.yaml")
    assert ROOM["paramKind"] == {key: quota[key] for key in ("apiVersion", "kind")}
    assert binding["paramRef"]["name"] == quota["metadata"]["name"]
    assert list(quota["spec"]["hard"]) == ["pods"]
    (validation,) = ROOM["validations"]
    assert (
        "status.used['pods']" in validation["expression"] and "spec.hard['pods']" in validation["expression"]
    )
