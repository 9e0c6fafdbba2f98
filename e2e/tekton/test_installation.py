"""Installing, upgrading and removing, side by side in several namespaces."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.times import format_time
from e2e.cluster import paths
from e2e.cluster.cluster import Cluster
from e2e.support.namespace import Namespace
from e2e.tekton.installation import Installation, install, pipeline_run, results
from e2e.tekton.payload import alert, notification, run_name
from tekton.triggers.listener import listener

TEKTON = paths.PROJECT / "tekton"
SAMPLES = sorted(
    [*TEKTON.glob("*/*/samples/*.yaml"), *TEKTON.glob("*/*/tests/*.yaml"), TEKTON / "bundle" / "run.yaml"]
)
PART_OF = "app.kubernetes.io/part-of=incident-agent"
OURS = "roles,rolebindings,serviceaccounts,eventlisteners,triggers,pipelines,tasks,cronjobs,networkpolicies"


@pytest.fixture
def fresh(cluster: Cluster, tekton: str) -> Iterator[Namespace]:
    """A namespace that the installer is to create; deleted at the end."""
    space = Namespace(cluster, f"tekton-{secrets.token_hex(3)}")
    yield space
    cluster.kubectl("delete", "namespace", space.name, "--wait=false", "--ignore-not-found")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_the_api_server_accepts_every_sample(sample: Path, installation: Installation):
    for document in yaml.safe_load_all(sample.read_text()):
        installation.space.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(document))


def test_the_api_server_accepts_what_apply_k_gives(installation: Installation, cluster: Cluster):
    rendered = cluster.kubectl("kustomize", TEKTON)
    documents = list(yaml.safe_load_all(rendered))
    for document in documents:
        if "namespace" in document["metadata"]:
            document["metadata"]["namespace"] = installation.space.name
        cluster.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(document))


def test_the_api_server_accepts_the_pipeline_alone(cluster: Cluster, installation: Installation):
    assert installation.space.kubectl("apply", "--dry-run=server", "-k", str(TEKTON / "pipeline"))


def test_installing_creates_the_namespace_and_removing_leaves_only_it_and_the_secret(
    cluster: Cluster, fresh: Namespace, agent_image: str
):
    done = install(cluster, fresh.name, agent_image)
    assert done.returncode == 0, done.stderr
    token = fresh.get("secret", "alertmanager-webhook")["data"]["token"]
    assert install(cluster, fresh.name, agent_image).returncode == 0
    assert fresh.get("secret", "alertmanager-webhook")["data"]["token"] == token
    assert install(cluster, fresh.name, "", "--delete").returncode == 0
    assert [each["metadata"]["name"] for each in fresh.objects(OURS, PART_OF)] == []
    left = cluster.kubectl("get", "clusterroles,clusterrolebindings", "-l", PART_OF, "-o", "name")
    assert fresh.name not in left
    assert fresh.get("secret", "alertmanager-webhook")["data"]["token"] == token


def test_removing_one_installation_leaves_another_working(
    installation: Installation, cluster: Cluster, fresh: Namespace, agent_image: str
):
    assert install(cluster, fresh.name, agent_image).returncode == 0
    assert install(cluster, fresh.name, agent_image, "--delete").returncode == 0
    firing = alert()
    installation.post(notification(firing))
    installation.started(run_name(firing))


def test_after_an_upgrade_the_triggers_of_an_older_version_start_nothing(
    installation: Installation, cluster: Cluster, agent_image: str
):
    listening, trigger, _ = listener("alerts", alone=True)
    group, _ = listening["spec"]["triggerGroups"]
    older = {"incident-agent/listener": "alerts-16"}
    group["triggerSelector"] = {"labelSelector": {"matchLabels": older}}
    trigger["metadata"] |= {"name": "incident-alerts-00", "labels": trigger["metadata"]["labels"] | older}
    installation.space.apply("\n---\n".join(map(json.dumps, (listening, trigger))))
    assert install(cluster, installation.space.name, agent_image).returncode == 0
    group, _ = installation.space.get("eventlistener", "incident-alerts")["spec"]["triggerGroups"]
    ((label, value),) = group["triggerSelector"]["labelSelector"]["matchLabels"].items()
    selected = installation.space.objects("triggers", f"{label}={value}")
    assert [each["metadata"]["name"] for each in selected] == ["incident-alerts"]
    firing = alert()
    installation.post(notification(firing))
    installation.started(run_name(firing))


def test_a_mistake_on_the_command_line_is_one_line(cluster: Cluster, tekton: str):
    for arguments, words in (
        (("Upper", "incident-agent:0.1.0"), "no name of a namespace"),
        (("tekton-never", "no-tag"), "expected NAME:TAG"),
    ):
        done = install(cluster, *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    assert "tekton-never" not in cluster.kubectl("get", "namespaces", "-o", "name")


def test_the_pruner_deletes_what_ended_long_ago_after_it_wrote_what_it_came_to(installation: Installation):
    ended, recent, last = alert(), alert(), alert()
    again = ended | {"startsAt": "2026-02-01T12:00:00Z"}
    for each in (ended, again, recent, last):
        installation.start(run_of(each))
    for each in (ended, again, recent, last):
        installation.ended(run_name(each))
    results_of = results(installation.runs()[run_name(ended)])
    two_days_ago = format_time(datetime.now(UTC) - timedelta(days=2))
    for each in (ended, last):
        patch = json.dumps({"status": {"completionTime": two_days_ago}})
        installation.space.kubectl(
            "patch", "pipelinerun", run_name(each), "--subresource=status", "--type=merge", "-p", patch
        )
    installation.space.kubectl("create", "job", "prune-now", "--from=cronjob/incident-pruner")
    installation.space.kubectl("wait", "--for=condition=Complete", "job/prune-now", "--timeout=120s")
    written, _ = installation.space.kubectl("logs", "job/prune-now").splitlines()
    assert json.loads(written)["run"] == run_name(ended)
    assert json.loads(written)["results"] == results_of
    there = set(installation.runs())
    assert run_name(ended) not in there
    assert {run_name(recent), run_name(again)} <= there
    assert run_name(last) in there, "the last trace of an alert is kept"


def run_of(alert: dict[str, Any]) -> dict[str, Any]:
    """The run that the listener makes of an alert."""
    run = pipeline_run(json.dumps(alert))
    run["metadata"] = {"name": run_name(alert), "labels": run["metadata"]["labels"]}
    return run
