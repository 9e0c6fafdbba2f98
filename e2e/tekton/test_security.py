"""What each account may do, how the pods run, and an installation on a Tekton without security contexts."""

import secrets

import pytest

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.support.namespace import Namespace
from e2e.tekton.conftest import set_flag
from e2e.tekton.installation import Installation, install, pipeline_run, state

MAY = {
    "incident-listener": {
        ("create", "pipelineruns.tekton.dev"), ("create", "events"), ("get", "configmaps"),
        ("list", "triggers.triggers.tekton.dev"), ("list", "clusterinterceptors.triggers.tekton.dev"),
    },
    "incident-agent": {
        ("get", "pods"), ("get", "pods/log"), ("list", "nodes"), ("get", "configmaps"), ("list", "deployments.apps"),
        ("get", "pipelineruns.tekton.dev"),
    },
    "incident-sweep": {("list", "pipelineruns.tekton.dev"), ("create", "pipelineruns.tekton.dev")},
    "incident-pruner": {("list", "pipelineruns.tekton.dev"), ("delete", "pipelineruns.tekton.dev")},
    "incident-teller": {
        ("list", "pipelineruns.tekton.dev"), ("patch", "pipelineruns.tekton.dev"), ("list", "taskruns.tekton.dev"),
    },
}  # fmt: skip
NEVER = {
    ("get", "secrets"), ("list", "secrets"), ("create", "pods"), ("delete", "pods"), ("create", "pods/exec"),
    ("create", "configmaps"), ("create", "jobs.batch"), ("create", "cronjobs.batch"),
    ("update", "deployments.apps"), ("patch", "deployments.apps"),
    ("create", "taskruns.tekton.dev"), ("update", "pipelineruns.tekton.dev"), ("impersonate", "serviceaccounts"),
    ("create", "serviceaccounts/token"), ("create", "rolebindings.rbac.authorization.k8s.io"),
    ("escalate", "roles.rbac.authorization.k8s.io"),
}  # fmt: skip
ASKED = sorted(set().union(*MAY.values()) | NEVER)


def allowed(installation: Installation, account: str, verb: str, resource: str) -> bool:
    user = f"--as=system:serviceaccount:{installation.space.name}:{account}"
    try:
        return installation.space.kubectl("auth", "can-i", verb, resource, user).strip() == "yes"
    except ClusterError:  # "no" has exit status 1
        return False


@pytest.mark.parametrize("account", MAY)
def test_each_account_may_do_what_it_is_for_and_nothing_else(installation: Installation, account: str):
    granted = {(verb, resource) for verb, resource in ASKED if allowed(installation, account, verb, resource)}
    reads = {each for each in granted if account == "incident-agent" and each[0] in ("get", "list")} - NEVER
    assert granted - reads == MAY[account] - reads
    assert granted >= MAY[account]


def test_the_listener_may_start_runs_in_its_own_namespace_only(installation: Installation, cluster: Cluster):
    user = f"--as=system:serviceaccount:{installation.space.name}:incident-listener"
    with pytest.raises(ClusterError):
        cluster.kubectl("auth", "can-i", "create", "pipelineruns.tekton.dev", "-n", "default", user)


def test_no_container_of_a_run_or_a_listener_is_root_or_may_become_it(installation: Installation):
    installation.ended(installation.start(pipeline_run("Pod nowhere/absent-1 is crash looping")))
    pods = installation.space.objects("pods")
    assert {pod["metadata"]["labels"].get("eventlistener") for pod in pods} >= {
        "incident-alerts",
        "incident-groups",
    }
    for pod in pods:
        for each in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
            context = pod["spec"].get("securityContext", {}) | each["securityContext"]
            assert context["runAsNonRoot"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"]["drop"] == ["ALL"]


def test_no_secret_is_in_a_log(installation: Installation):
    word = installation.token.removeprefix("Bearer ")
    for listener in ("alerts", "groups"):
        assert word not in installation.listener_log(listener)


def test_on_a_tekton_without_security_contexts_the_installer_says_what_works(
    cluster: Cluster, secure_tekton: str, agent_image: str
):
    name = f"tekton-{secrets.token_hex(3)}"
    cluster.kubectl("create", "namespace", name)
    try:
        cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        set_flag(cluster, secure_tekton, "false")
        said = install(cluster, name, agent_image)
        assert said.returncode == 0, said.stderr
        assert "runs cannot start yet" in said.stderr
        assert '{"data":{"set-security-context":"true"}}' in said.stderr
        (advice,) = [
            line.split() for line in said.stderr.splitlines() if line.strip().startswith("kubectl label")
        ]
        run = Installation(cluster, Namespace(cluster, name), agent_image, "")
        refused = run.ended(run.start(pipeline_run("Pod nowhere/absent-2 is crash looping")))
        assert state(refused)["status"] == "False"
        cluster.kubectl(*advice[1:])
        ended = run.ended(run.start(pipeline_run("Pod nowhere/absent-2 is crash looping")))
        assert state(ended)["status"] == "True", state(ended)
        assert "runs cannot start yet" not in install(cluster, name, agent_image).stderr
    finally:
        set_flag(cluster, secure_tekton, "true")
        install(cluster, name, agent_image, "--delete")
        cluster.kubectl("delete", "namespace", name, "--wait=false")
