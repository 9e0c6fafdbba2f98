"""Live evidence, read from inside the cluster with the ServiceAccount and the rights that ship."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster import paths
from e2e.cluster.cluster import Cluster
from e2e.k8s.investigations import VARIABLE, crash_loop, result_of, start, verdict
from e2e.k8s.manifests import FOLDER, as_list, documents
from e2e.support.namespace import Namespace


@pytest.fixture(scope="module")
def office(autogen: Namespace) -> Iterator[Namespace]:
    """The namespace `autogen` with account and rights, and no Deployment."""
    account = [each for each in documents("deployment.yaml") if each["kind"] == "ServiceAccount"]
    for name in ("namespace.yaml", "rbac.yaml", "networkpolicy.yaml"):
        autogen.cluster.kubectl("apply", "-f", str(FOLDER / name))
    autogen.apply(as_list(account))
    yield autogen


def check(result: dict[str, Any], namespace: str) -> None:
    assert (result["outcome"], result["cause"]) == ("diagnosed", "missing-variable")
    assert result["entity"] == f"{namespace}/Deployment/checkout"
    quotes = [quote["text"] for claim in result["claims"] for quote in claim["quotes"]]
    assert any(f"KeyError: '{VARIABLE}'" in quote for quote in quotes), quotes


def test_a_crash_loop_is_diagnosed_from_inside_the_cluster(office: Namespace, namespace: Namespace) -> None:
    start(office, "crash-loop", crash_loop(namespace))
    check(result_of(office, "crash-loop"), namespace.name)


def test_a_recording_of_the_live_cluster_gives_the_same_verdict_without_it(
    office: Namespace, namespace: Namespace, cluster: Cluster, tmp_path: Path
) -> None:
    alert = tmp_path / "alert.json"
    alert.write_text(json.dumps(crash_loop(namespace)))
    recording = tmp_path / "recording"
    kubeconfig = as_agent(cluster, office, tmp_path)
    live = incident_agent(alert, "--kubeconfig", str(kubeconfig), "--record", str(recording))
    check(live, namespace.name)
    kubeconfig.unlink()
    replayed = incident_agent(alert, "--replay", str(recording))
    assert verdict(replayed) == verdict(live)


def as_agent(cluster: Cluster, office: Namespace, folder: Path) -> Path:
    """A kubeconfig that holds nothing but a token of the agent's ServiceAccount."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    (user,) = config["users"]
    user["user"] = {"token": office.kubectl("create", "token", "autogen-agent").strip()}
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def incident_agent(alert: Path, *flags: str) -> dict[str, Any]:
    """The result of the program of this checkout, run with no cluster but the one its flags name."""
    command = [sys.executable, "-m", "agent", "investigate", str(alert), "--format", "json", *flags]
    clean = {"PATH": os.environ["PATH"], "HOME": str(alert.parent)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=paths.PROJECT, env=clean)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
