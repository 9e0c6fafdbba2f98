"""Installing and removing: every manifest is valid, one command installs all, one removes all."""

import json
import re

import pytest

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.k8s.manifests import FOLDER, documents, every_file
from e2e.support.namespace import Namespace

INSTALLED = ("namespace.yaml", "rbac.yaml", "networkpolicy.yaml", "deployment.yaml", "job.yaml")


def names(cluster: Cluster) -> set[str]:
    """KIND/NAME of what kustomize makes of k8s/ and the cluster has."""
    listed = cluster.kubectl("get", "-k", str(FOLDER), "--ignore-not-found", "-o", "json")
    return (
        {f"{item['kind']}/{item['metadata']['name']}" for item in json.loads(listed)["items"]}
        if listed
        else set()
    )


def test_the_server_takes_every_manifest_without_a_warning(autogen: Namespace) -> None:
    autogen.cluster.kubectl("apply", "-f", str(FOLDER / "namespace.yaml"))
    for path in every_file():
        strict = ("--dry-run=server", "--validate=strict", "--warnings-as-errors")
        printed = autogen.kubectl("apply", "-f", str(path), *strict)
        assert re.search(r"\(server dry run\)$", printed), path


def test_one_command_installs_everything_and_one_removes_it(autogen: Namespace) -> None:
    cluster = autogen.cluster
    expected = {f"{each['kind']}/{each['metadata']['name']}" for each in documents(*INSTALLED)}
    cluster.kubectl("apply", "-k", str(FOLDER))
    assert names(cluster) == expected
    cluster.kubectl("delete", "-k", str(FOLDER), "--timeout=180s")
    assert names(cluster) == set()
    with pytest.raises(ClusterError, match="NotFound"):
        cluster.kubectl("get", "namespace", "autogen")
