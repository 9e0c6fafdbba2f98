"""Fixtures of the raw manifests: the image under the name they use, and the namespace they are made for."""

import subprocess
from collections.abc import Iterator

import pytest

from e2e.cluster.cluster import Cluster
from e2e.k8s.manifests import FOLDER, IMAGE
from e2e.support.namespace import Namespace


@pytest.fixture(scope="session")
def shipped_image(cluster: Cluster, agent_image: str) -> str:
    """The agent's image, in the node under the name that the manifests say."""
    names = [f"docker.io/library/{name}" for name in (agent_image, IMAGE)]
    tag = ["docker", "exec", cluster.node, "ctr", "--namespace", "k8s.io", "images", "tag", "--force", *names]
    subprocess.run(tag, check=True, capture_output=True)
    return IMAGE


@pytest.fixture(scope="module")
def autogen(cluster: Cluster, shipped_image: str) -> Iterator[Namespace]:
    """The namespace `autogen`, not there yet: a module installs into it what it is about. Removed at its end."""
    remove(cluster)
    yield Namespace(cluster, "autogen")
    remove(cluster)


def remove(cluster: Cluster) -> None:
    """Everything of k8s/, however much of it is there."""
    cluster.kubectl("delete", "-k", str(FOLDER), "--ignore-not-found", "--timeout=240s")
