"""Rights: the shipped roles let the agent read what it needs, nothing secret, and write nothing."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.cluster.cluster import Cluster
from e2e.k8s.investigations import alert, crash_loop, result_of, start
from e2e.k8s.manifests import FOLDER, as_list, documents, moved
from e2e.support.namespace import Namespace

ACCOUNT = "system:serviceaccount:autogen:autogen-agent"
# What every account of a cluster may ask about itself.
ABOUT_ONESELF = {"authentication.k8s.io", "authorization.k8s.io"}
ALLOWED = [
    *[("list", kind) for kind in ("pods", "events", "nodes", "services", "configmaps", "deployments.apps")],
    *[
        ("get", kind)
        for kind in ("pods/log", "jobs.batch", "ingresses.networking.k8s.io", "pods.metrics.k8s.io")
    ],
]
DENIED = [
    *[(verb, "secrets") for verb in ("get", "list", "watch", "create")],
    *[(verb, "pods") for verb in ("create", "update", "patch", "delete", "deletecollection", "watch")],
    *[(verb, "deployments.apps") for verb in ("create", "update", "patch", "delete")],
    *[("create", kind) for kind in ("pods/exec", "pods/attach", "pods/portforward", "pods/eviction")],
    *[("create", kind) for kind in ("serviceaccounts/token", "events", "configmaps", "jobs.batch")],
    ("get", "nodes/proxy"),
    ("patch", "deployments.apps/scale"),
    ("impersonate", "users"),
    ("escalate", "clusterroles.rbac.authorization.k8s.io"),
    ("bind", "clusterroles.rbac.authorization.k8s.io"),
]


@pytest.fixture(scope="module")
def cluster_wide(cluster: Cluster, autogen: Namespace, metrics: None) -> Iterator[Cluster]:
    """The cluster with the ClusterRole bound, and every API its rules name: can-i asks for none that is not served."""
    cluster.kubectl("apply", "-f", str(FOLDER / "rbac.yaml"))
    yield cluster


def can(cluster: Cluster, verb: str, resource: str) -> str:
    """What `kubectl auth can-i` says for the agent, in all namespaces."""
    kind, _, part = resource.partition("/")  # can-i takes KIND/NAME there, and a part only by its flag
    question = f"{cluster.tools.kubectl} --kubeconfig {cluster.kubeconfig} auth can-i {verb} {kind} -A"
    question += f" --subresource={part}" if part else ""
    done = subprocess.run([*question.split(), f"--as={ACCOUNT}"], capture_output=True, text=True)
    assert done.stdout.strip() in ("yes", "no"), done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("verb", "resource"), ALLOWED)
def test_the_agent_may(cluster_wide: Cluster, verb: str, resource: str) -> None:
    assert can(cluster_wide, verb, resource) == "yes"


@pytest.mark.parametrize(("verb", "resource"), DENIED)
def test_the_agent_may_not(cluster_wide: Cluster, verb: str, resource: str) -> None:
    assert can(cluster_wide, verb, resource) == "no"


def test_of_all_its_rights_each_only_reads_and_none_reaches_secrets(cluster_wide: Cluster) -> None:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    }
    answer = cluster_wide.kubectl(
        "create", f"--as={ACCOUNT}", "-f", "-", "-o", "json", input=json.dumps(review)
    )
    rules: list[dict[str, Any]] = json.loads(answer)["status"]["resourceRules"]
    ours = [rule for rule in rules if not ABOUT_ONESELF & set(rule["apiGroups"])]
    assert len(ours) >= len(documents("rbac.yaml")[0]["rules"])
    for rule in ours:
        assert set(rule["verbs"]) <= {"get", "list"}, rule
        assert not {"*", "secrets"} & {*rule["apiGroups"], *rule["resources"]}, rule


@pytest.fixture
def one_namespace(namespace: Namespace, shipped_image: str) -> Namespace:
    """A namespace with the agent's account and the rights for this namespace alone."""
    account = [each for each in documents("deployment.yaml") if each["kind"] == "ServiceAccount"]
    namespace.apply(as_list(account).replace('"autogen"', f'"{namespace.name}"'))
    namespace.apply(moved(namespace.name, "rbac-namespaced/role.yaml"))
    return namespace


def test_rights_for_one_namespace_suffice_in_it_and_elsewhere_the_outcome_is_inconclusive(
    one_namespace: Namespace,
) -> None:
    start(
        one_namespace,
        "outside",
        alert("KubeDeploymentReplicasMismatch", namespace="kube-system", deployment="coredns"),
    )
    start(one_namespace, "inside", crash_loop(one_namespace))
    inside, outside = result_of(one_namespace, "inside"), result_of(one_namespace, "outside")
    assert (inside["outcome"], inside["cause"]) == ("diagnosed", "missing-variable")
    assert (outside["outcome"], outside["cause"]) == ("inconclusive", None)
    told = [
        sentence for sentence in outside["missing"] if "kube-system" in sentence and "forbidden" in sentence
    ]
    assert told, outside["missing"]
