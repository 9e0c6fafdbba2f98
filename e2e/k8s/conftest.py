"""Fixtures of the raw manifests: the image under the name they use, and the namespace they are made for."""

from collections.abc import Iterator

import pytest

from e2e.cluster.cluster import Cluster
from e2e.k8s.manifests import FOLDER, IMAGE, name_as_shipped
from e2e.support.namespace import Namespace


@pytest.fixture(scope="session")
def shipped_image(cluster: Cluster, agent_image: str) -> str:
    """The agent's image, in the node under the name that the manifests say."""
    name_as_shipped(cluster, agent_image)
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
