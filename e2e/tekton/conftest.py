"""Fixtures of the Tekton suite: one installation per session, under restricted pod security."""

import secrets
from collections.abc import Iterator

import pytest

from e2e.cluster import paths
from e2e.cluster.cluster import Cluster
from e2e.support.export import export
from e2e.support.waiting import wait_for
from e2e.tekton.installation import Installation, installed


@pytest.fixture(scope="session")
def secure_tekton(cluster: Cluster, tekton: str) -> Iterator[str]:
    """Tekton with set-security-context true, which restricted pod security needs; set back at the end."""
    before = cluster.kubectl("get", "configmap", "feature-flags", "-n", tekton, "-o", FLAG)
    set_flag(cluster, tekton, "true")
    yield tekton
    set_flag(cluster, tekton, before)


@pytest.fixture(scope="session")
def installation(
    request: pytest.FixtureRequest, cluster: Cluster, secure_tekton: str, agent_image: str
) -> Iterator[Installation]:
    """tekton/ installed with the image of this checkout, its listeners answering; exported when a test failed."""
    with installed(cluster, f"tekton-{secrets.token_hex(3)}", agent_image) as made:
        yield made
        if request.session.testsfailed:
            export(made.space, paths.STATE / "failures" / "tekton")


FLAG = "jsonpath={.data.set-security-context}"


def set_flag(cluster: Cluster, tekton: str, value: str) -> None:
    """Set Tekton's feature flag set-security-context; it takes effect at once.

    On a cluster just made, the webhook that checks it can be ready some seconds before its Service leads there.
    """
    patch = f'{{"data":{{"set-security-context":"{value}"}}}}'
    command = ("patch", "configmap", "feature-flags", "-n", tekton, "-p", patch)
    wait_for(lambda: cluster.kubectl(*command), 60, "Tekton's webhook to answer")
