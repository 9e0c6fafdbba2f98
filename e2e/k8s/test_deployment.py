"""The seed's Deployment: one run per pod, its four lines in the log, and no second run for a restart."""

from collections.abc import Iterator

import pytest

from e2e.cluster.cluster import Cluster
from e2e.k8s.agent_pods import (
    BLOCK,
    SECONDS,
    STORED,
    ended,
    first_log,
    on_node,
    pods,
    restarted,
    run_id,
    store_of,
    verdicts,
)
from e2e.k8s.manifests import FOLDER, LABEL, recording_flag
from e2e.support.namespace import Namespace
from e2e.support.waiting import wait_for


@pytest.fixture(scope="module")
def deployment(cluster: Cluster, autogen: Namespace) -> Iterator[Namespace]:
    """The seed's two commands."""
    cluster.kubectl("apply", "-f", str(FOLDER / "namespace.yaml"))
    cluster.kubectl("apply", "-f", str(FOLDER / "deployment.yaml"))
    yield autogen


@pytest.fixture
def fresh(deployment: Namespace) -> Namespace:
    """The Deployment with one pod that has not restarted yet."""
    deployment.kubectl("scale", "deployment/autogen-agent", "--replicas=1")
    deployment.kubectl("delete", "pods", "-l", LABEL)
    return deployment


def test_the_log_ends_with_the_four_lines(deployment: Namespace) -> None:
    verdicts(deployment, 1)
    shown = deployment.kubectl("logs", "-l", LABEL)
    assert shown.endswith(f"\n{BLOCK}")


def test_the_container_completes_with_exit_status_0_and_within_its_memory(deployment: Namespace) -> None:
    ending = wait_for(lambda: ended(pods(deployment)[0]), SECONDS, "the end of the container")
    assert (ending["reason"], ending["exitCode"]) == ("Completed", 0)


def test_a_restarted_container_prints_the_stored_result_and_does_not_investigate_again(
    fresh: Namespace,
) -> None:
    name, first = first_log(fresh)
    assert "investigating" in first and not STORED.search(first)
    log = restarted(fresh, name)
    assert STORED.findall(log) == [run_id(first)] == [run_id(log)]
    assert "investigating" not in log
    assert log.endswith(f"\n{BLOCK}")


def test_a_corrupted_stored_result_leads_to_a_fresh_run(fresh: Namespace, cluster: Cluster) -> None:
    _, first = first_log(fresh)
    (pod,) = pods(fresh)
    on_node(cluster, f"cd {store_of(pod)} && for f in *.json; do head -c 100 $f > cut && mv cut $f; done")
    (log,) = verdicts(fresh, 1, besides={run_id(first)}).values()
    assert "investigating" in log and not STORED.search(log)
    assert log.endswith(f"\n{BLOCK}")
    assert ended(pods(fresh)[0])["exitCode"] == 0


def test_scaled_to_two_the_output_is_there_twice_from_two_independent_runs(fresh: Namespace) -> None:
    fresh.kubectl("scale", "deployment/autogen-agent", "--replicas=2")
    logs = verdicts(fresh, 2)
    assert len({run_id(log) for log in logs.values()}) == 2
    assert all(log.endswith(f"\n{BLOCK}") for log in logs.values())


def test_deleted_pods_are_replaced_by_fresh_runs_with_the_same_verdict(deployment: Namespace) -> None:
    before = {run_id(log) for log in verdicts(deployment, 2).values()}
    deployment.kubectl("delete", "pods", "-l", LABEL)
    logs = verdicts(deployment, 2)
    assert len(before | {run_id(log) for log in logs.values()}) == 4
    assert all(log.endswith(f"\n{BLOCK}") for log in logs.values())


def test_the_same_alert_over_the_evidence_of_a_rollout_names_the_rollout(deployment: Namespace) -> None:
    deployment.kubectl("scale", "deployment/autogen-agent", "--replicas=1")
    known = {run_id(log) for log in verdicts(deployment, 1).values()}
    swapped = deployment.kubectl(
        "create",
        "configmap",
        "autogen-recording",
        recording_flag("high-cpu-rollout"),
        "--dry-run=client",
        "-o",
        "yaml",
    )
    deployment.apply(swapped)
    deployment.kubectl("rollout", "restart", "deployment/autogen-agent")
    (log,) = verdicts(deployment, 1, besides=known).values()
    verdict = log.splitlines()[-1]
    assert verdict.startswith("Investigator: ") and "rollout" in verdict
    assert "traffic" not in verdict and "HPA" not in verdict
