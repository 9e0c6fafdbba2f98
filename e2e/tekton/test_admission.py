"""The admission policies live: who may create anything in the namespace still cannot borrow the agent's account."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.support.namespace import Namespace
from e2e.support.waiting import wait_for
from e2e.tekton.installation import Installation, install, pipeline_run, state

ACCOUNT = "incident-agent"
SOMEBODY = "--as=somebody"
RIGHTS = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: somebody}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: [create, get, list, update, patch]}
- {apiGroups: [""], resources: [serviceaccounts/token, pods/exec], verbs: [create, get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: somebody}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: somebody}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody}]
"""
RESTRICTED = {
    "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip


@pytest.fixture(scope="module")
def guarded(cluster: Cluster, secure_tekton: str, agent_image: str) -> Iterator[Installation]:
    """An installation with the policies, in which somebody may create and change everything."""
    space = Namespace(cluster, f"tekton-{secrets.token_hex(3)}")
    done = install(cluster, space.name, agent_image, "--admission")
    assert done.returncode == 0, done.stderr
    try:
        space.apply(RIGHTS)
        made = Installation(cluster, space, agent_image, "")
        wait_for(
            lambda: "ValidatingAdmissionPolicy" in refused(made, pod()), 60, "the policies to be in force"
        )
        yield made
    finally:
        install(cluster, space.name, agent_image, "--delete")
        cluster.kubectl("delete", "namespace", space.name, "--wait=false")


def refused(installation: Installation, manifest: dict[str, Any]) -> str:
    """What the API server says to somebody who creates this; raises AssertionError when it is accepted."""
    try:
        installation.space.kubectl(
            "create", "--dry-run=server", SOMEBODY, "-f", "-", input=json.dumps(manifest)
        )
    except ClusterError as error:
        return str(error)
    raise AssertionError(f"accepted: {json.dumps(manifest)[:200]}")


def pod(account: str = ACCOUNT) -> dict[str, Any]:
    container = {"name": "a", "image": "incident-agent:0.1.0", "securityContext": RESTRICTED}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "mine-"},
            "spec": {"serviceAccountName": account, "containers": [container]}}  # fmt: skip


def task_run(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"generateName": "mine-"},
            "spec": {"serviceAccountName": ACCOUNT} | spec}  # fmt: skip


STEPS = [{"name": "a", "image": "incident-agent:0.1.0", "command": ["id"]}]
TASK = {"name": "a", "taskSpec": {"steps": STEPS}}
HOSTILE: dict[str, dict[str, Any]] = {
    "a pod": pod(),
    "an inline task": task_run(taskSpec={"steps": STEPS}),
    "an inline pipeline": {
        "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"generateName": "mine-"},
        "spec": {"pipelineSpec": {"tasks": [TASK]}, "taskRunTemplate": {"serviceAccountName": ACCOUNT}},
    },
    "an inline pipeline as an older version": {
        "apiVersion": "tekton.dev/v1beta1", "kind": "PipelineRun", "metadata": {"generateName": "mine-"},
        "spec": {"pipelineSpec": {"tasks": [TASK]}, "serviceAccountName": ACCOUNT},
    },
    "another image": pipeline_run("Pod nowhere/absent is crash looping", params={"image": "evil:1"}),
    "a model of one's own": pipeline_run("Pod nowhere/absent is crash looping", params={"model-url": "http://evil"}),
    "a Secret that becomes a token": {
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": {"generateName": "mine-", "annotations": {"kubernetes.io/service-account.name": ACCOUNT}},
    },
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_nobody_borrows_the_account(case: str, guarded: Installation):
    assert "ValidatingAdmissionPolicy" in refused(guarded, HOSTILE[case])


def test_a_deployment_gets_no_pod_with_the_account(guarded: Installation):
    labels = {"app": "mine"}
    manifest = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "mine"},
        "spec": {"selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": pod()["spec"]}},
    }  # fmt: skip
    guarded.space.kubectl("create", SOMEBODY, "-f", "-", input=json.dumps(manifest))

    def condition() -> bool:
        said = [event for event in guarded.space.events() if event.startswith("FailedCreate")]
        assert any("ValidatingAdmissionPolicy" in event for event in said), said
        return True

    wait_for(condition, 60, "the refusal")
    assert guarded.space.objects("pods", "app=mine") == []


@pytest.mark.parametrize(
    "command",
    [("create", "token", ACCOUNT), ("patch", "pipeline", "incident-response", "-p", '{"metadata":{"labels":{"a":"b"}}}',
      "--type=merge")],
    ids=["a token", "the Pipeline changed"],
)  # fmt: skip
def test_nobody_takes_a_token_or_changes_what_runs(command: tuple[str, ...], guarded: Installation):
    with pytest.raises(ClusterError, match="ValidatingAdmissionPolicy"):
        guarded.space.kubectl(*command, SOMEBODY)


def test_what_the_account_is_for_runs_as_before(guarded: Installation):
    manifest = pipeline_run("Pod nowhere/absent-3 is crash looping")
    reply = guarded.space.kubectl("create", SOMEBODY, "-f", "-", "-o", "json", input=json.dumps(manifest))
    ended = guarded.ended(str(json.loads(reply)["metadata"]["name"]))
    assert state(ended)["status"] == "True", state(ended)


def test_other_accounts_of_the_namespace_are_nobodys_business(guarded: Installation):
    guarded.space.kubectl("create", "--dry-run=server", SOMEBODY, "-f", "-", input=json.dumps(pod("default")))
