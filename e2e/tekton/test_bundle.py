"""The Tekton bundle: the same twice, within the contract, and a run that needs nothing installed but an account."""

import json
import sys
import urllib.request
from typing import Any

import pytest
import yaml

from e2e.cluster import paths
from e2e.cluster.registry import Registry
from e2e.tekton.installation import Installation, program, results, state

NAME = "test/incident-agent-bundle"


def push(installation: Installation, registry: Registry, tag: str) -> str:
    """Push as a user does; the digest."""
    reference = f"{registry.address}/{NAME}:{tag}"
    done = program(
        installation.cluster,
        sys.executable,
        "-m",
        "tekton.bundle.push",
        reference,
        "--image",
        installation.image,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().partition("@")[2]


@pytest.fixture(scope="module")
def digest(installation: Installation, registry: Registry) -> str:
    """The bundle, pushed; its digest."""
    return push(installation, registry, "0.1.0")


def manifest(registry: Registry, digest: str) -> dict[str, Any]:
    """The bundle's manifest as the registry holds it."""
    with urllib.request.urlopen(
        f"http://{registry.address}/v2/{NAME}/manifests/{digest}", timeout=10
    ) as reply:
        return json.load(reply)


def from_bundle(reference: str) -> dict[str, Any]:
    """The run of tekton/bundle/run.yaml, with the bundle put in."""
    run = yaml.safe_load((paths.PROJECT / "tekton" / "bundle" / "run.yaml").read_text())
    for param in run["spec"]["pipelineRef"]["params"] + run["spec"]["params"]:
        if param["name"] == "bundle":
            param["value"] = reference
    return run


def test_the_same_files_give_the_same_digest(installation: Installation, registry: Registry, digest: str):
    assert push(installation, registry, "0.1.0") == digest


def test_the_bundle_keeps_to_the_contract(registry: Registry, digest: str):
    layers = manifest(registry, digest)["layers"]
    held = [
        tuple(layer["annotations"][f"dev.tekton.image.{key}"] for key in ("kind", "name")) for layer in layers
    ]
    assert sorted(held) == [
        ("pipeline", "incident-response"), ("task", "incident-investigate"), ("task", "incident-report"),
    ]  # fmt: skip
    assert len(layers) <= 20
    annotations = manifest(registry, digest)["annotations"]
    assert annotations["org.opencontainers.image.title"] == "incident-agent"
    assert annotations["org.opencontainers.image.version"] == "0.1.0"


def test_a_run_from_the_bundle_succeeds_and_names_its_digest(
    installation: Installation, registry: Registry, digest: str
):
    name = installation.start(from_bundle(f"{registry.cluster_address()}/{NAME}@{digest}"))
    ended = installation.ended(name)
    assert state(ended)["status"] == "True", state(ended)
    assert results(ended)["outcome"]
    algorithm, _, value = digest.partition(":")
    assert ended["status"]["provenance"]["refSource"]["digest"] == {algorithm: value}
    for task_run in installation.task_runs(name).values():
        assert task_run["status"]["provenance"]["refSource"]["digest"] == {algorithm: value}


def test_a_run_from_the_bundle_that_fails_is_told_of_by_the_bundles_own_task(
    installation: Installation, registry: Registry, digest: str
):
    run = from_bundle(f"{registry.cluster_address()}/{NAME}@{digest}")
    run["spec"]["params"] = [
        p | ({"value": "!"} if p["name"] == "alert" else {}) for p in run["spec"]["params"]
    ]
    ended = installation.ended(installation.start(run))
    assert results(ended)["not-investigated"].startswith("failed, exit 2: not base64")
