"""Which cluster is asked: as kubectl chooses it, or in a pod by its ServiceAccount."""

import asyncio
import base64
import os
from pathlib import Path

import certifi
import pytest

from agent.evidence.cluster import ClusterError, ClusterSource
from tests.evidence.asking import GET_POD, ask
from tests.evidence.fake_api import FakeApi


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("just text", "cannot be used: it is not a kubeconfig; expected"),
        ("{broken: [", "cannot be used"),
        ("clusters: []\ncontexts: []\nusers: []\n", "cannot be used"),
        ("current-context: x\nclusters: 7\n", "cannot be used"),
        ("\x00\x01", "cannot be used"),
    ],
)
def test_a_damaged_kubeconfig_is_one_line_for_a_person(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "config").write_text(content)
    with pytest.raises(ClusterError, match=words) as caught:
        ClusterSource.connect(str(tmp_path / "config"))
    assert "\n" not in str(caught.value)
    assert "config" in str(caught.value)


def test_keys_of_a_kubeconfig_are_not_left_in_files(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = base64.b64encode(b"a private key").decode()
    api.url = "https://127.0.0.1:1"
    config = api.kubeconfig(tmp_path / "config", **{"client-certificate-data": key, "client-key-data": key})
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with pytest.raises(ClusterError, match=r"cannot be used: .*PEM"):
        ClusterSource.connect(config)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_unknown_context_is_named(api: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="staging"):
        ClusterSource.connect(str(tmp_path / "kubeconfig"), context="staging")


def test_a_kubeconfig_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"there is no kubeconfig at .*/none"):
        ClusterSource.connect(str(tmp_path / "none"))


def test_the_kubeconfig_given_wins_over_the_environment(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "elsewhere"))
    source = ClusterSource.connect(str(tmp_path / "kubeconfig"))
    asyncio.run(source.answer(GET_POD))
    assert len(api.requests) == 1


def test_several_kubeconfigs_in_the_environment_are_merged_as_kubectl_does(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(tmp_path / "none"), str(tmp_path / "kubeconfig")]))
    ask(GET_POD)
    assert len(api.requests) == 1


def test_in_a_pod_the_service_account_is_used(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("pod-token")
    (tmp_path / "ca.crt").write_bytes(Path(certifi.where()).read_bytes())
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    monkeypatch.setattr("agent.evidence.kube_api._SERVICE_ACCOUNT", tmp_path)
    configuration = ClusterSource.connect()._api._client.configuration
    assert configuration.host == "https://127.0.0.1:1"
    assert configuration.auth_settings()["BearerToken"]["value"] == "bearer pod-token"


def test_with_no_kubeconfig_and_no_pod_there_is_no_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ClusterError, match="no cluster: there is no kubeconfig at"):
        ClusterSource.connect()
