"""Every entry of the troubleshooting table in docs/install.md: the symptom comes about, and the advice cures it."""

import subprocess
from collections.abc import Callable, Iterator

import pytest

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.k8s.agent_pods import BLOCK, SECONDS, container, name_of, pods, run_id, verdicts
from e2e.k8s.manifests import LABEL, Document, container_of, moved
from e2e.support.namespace import Namespace
from e2e.support.waiting import wait_for

UNLOADED = "incident-agent:not-loaded"


def install(namespace: Namespace, change: Callable[[Document], None] = lambda each: None) -> None:
    """The Deployment's file in a test's namespace, with something wrong in it."""
    namespace.apply(moved(namespace.name, "deployment.yaml", change=change))


def waiting_for(namespace: Namespace, *reasons: str) -> None:
    """Wait until the one pod's container waits for one of these reasons."""

    def waiting() -> str:
        state = [container(pod)["state"] for pod in pods(namespace)]
        reason = state[0].get("waiting", {}).get("reason", "") if state else ""
        assert reason in reasons, f"the container is {state}"
        return reason

    wait_for(waiting, SECONDS, " or ".join(reasons))


@pytest.fixture
def unloaded(cluster: Cluster, agent_image: str) -> Iterator[str]:
    """The agent's image under a name that the node does not have."""
    subprocess.run(["docker", "tag", agent_image, UNLOADED], check=True)
    yield UNLOADED
    subprocess.run(["docker", "rmi", UNLOADED], check=True, capture_output=True)
    remove = ["docker", "exec", cluster.node, "ctr", "--namespace", "k8s.io", "images", "rm"]
    subprocess.run(
        [*remove, f"docker.io/library/{UNLOADED}"], capture_output=True
    )  # there if the test got so far


def test_an_image_that_the_node_lacks_is_said_and_loading_it_helps(
    namespace: Namespace, cluster: Cluster, unloaded: str
) -> None:
    def other_image(item: Document) -> None:
        if item["kind"] == "Deployment":
            container_of(item)["image"] = unloaded

    install(namespace, other_image)
    waiting_for(namespace, "ErrImagePull", "ImagePullBackOff")
    assert f'Failed to pull image "{unloaded}"' in namespace.kubectl("describe", "pods", "-l", LABEL)
    cluster.load(unloaded)
    namespace.kubectl("delete", "pods", "-l", LABEL)
    (log,) = verdicts(namespace, 1).values()
    assert log.endswith(f"\n{BLOCK}")


def test_without_its_namespace_the_deployment_is_refused_by_name(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match='namespaces "not-created" not found'):
        Namespace(cluster, "not-created").apply(moved("not-created", "deployment.yaml"))


def test_a_missing_config_map_is_said_and_applying_the_file_again_helps(
    namespace: Namespace, shipped_image: str
) -> None:
    install(namespace)
    namespace.kubectl("delete", "configmap", "autogen-recording")
    namespace.kubectl("delete", "pods", "-l", LABEL)

    def said() -> bool:
        shown = namespace.kubectl("describe", "pods", "-l", LABEL)
        assert 'configmap "autogen-recording" not found' in shown, shown[-500:]
        return True

    wait_for(said, SECONDS, "the missing ConfigMap")
    install(namespace)
    (log,) = verdicts(namespace, 1).values()
    assert log.endswith(f"\n{BLOCK}")


def test_a_wrong_label_shows_no_log_and_the_right_one_can_be_listed_and_shows_all_of_it(
    namespace: Namespace, shipped_image: str
) -> None:
    install(namespace)
    (log,) = verdicts(namespace, 1).values()
    assert run_id(log) in namespace.kubectl("logs", "-l", LABEL, "--tail=-1")
    assert namespace.kubectl("logs", "-l", "app=incident-agent") == ""
    assert LABEL in namespace.kubectl("get", "pods", "--show-labels")


def test_the_log_of_a_container_just_restarted_is_empty_and_previous_has_it(
    namespace: Namespace, shipped_image: str
) -> None:
    install(namespace)

    def restarting() -> str:
        assert namespace.kubectl("logs", "-l", LABEL) == "", "the container has told its result already"
        return namespace.kubectl("logs", "-l", LABEL, "--previous")

    # The window is short; a container that is missed once is restarted again.
    assert wait_for(restarting, SECONDS, "a container just restarted", every=0.1).endswith(f"\n{BLOCK}")


def test_a_wrong_configuration_is_the_last_line_of_the_log_and_a_new_rollout_takes_the_right_one(
    namespace: Namespace, shipped_image: str
) -> None:
    def broken_alert(item: Document) -> None:
        if item["metadata"]["name"] == "autogen-alert":
            item["data"]["alert"] = '[{"labels": {"alertname": "HighCPU"'

    install(namespace, broken_alert)
    waiting_for(namespace, "CrashLoopBackOff")
    (pod,) = pods(namespace)
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 2

    def last_line() -> str:
        return ["", *namespace.logs(name_of(pod)).splitlines()][-1]

    # A start that has just begun has said nothing yet.
    wait_for(lambda: last_line().startswith("incident-agent: not JSON: "), SECONDS, "the complaint")
    install(namespace)
    namespace.kubectl("rollout", "restart", "deployment/autogen-agent")
    wait_for(
        lambda: [name_of(each) for each in pods(namespace)] not in ([], [name_of(pod)]),
        SECONDS,
        "another pod",
    )
    wait_for(lambda: name_of(pod) not in map(name_of, pods(namespace)), SECONDS, f"the end of {name_of(pod)}")
    (log,) = verdicts(namespace, 1).values()
    assert log.endswith(f"\n{BLOCK}")


def test_the_log_of_a_scaled_deployment_is_one_pods_and_the_label_shows_both(
    namespace: Namespace, shipped_image: str
) -> None:
    def scaled(item: Document) -> None:
        if item["kind"] == "Deployment":
            item["spec"]["replicas"] = 2

    install(namespace, scaled)
    verdicts(namespace, 2)

    def both() -> bool:
        one = namespace.kubectl("logs", "deployment/autogen-agent")
        every = namespace.kubectl("logs", "-l", LABEL, "--prefix")
        assert one.count("INCIDENT WORKFLOW RESULT") == 1, one
        assert every.count("INCIDENT WORKFLOW RESULT") == 2, every
        return all(f"[pod/{name_of(pod)}/agent] Investigator: " in every for pod in pods(namespace))

    assert wait_for(both, SECONDS, "the output of both pods")
