"""What a run asks of the API server depends on the subject's neighbourhood, not on the size of the cluster."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run
from tests.diagnosis.objects import crashing, deployment, owned, pod, replica_set
from tests.evidence.fake_api import FakeApi, serving
from tests.samples import alert_file

LOG = b"""2026-11-22T11:58:00.000000000Z desk 4.2 starting
2026-11-22T11:58:00.100000000Z Traceback (most recent call last):
2026-11-22T11:58:00.100000001Z   File "/app/desk.py", line 3, in <module>
2026-11-22T11:58:00.100000002Z KeyError: 'LEDGER_URL'
"""


def _hold(api: FakeApi, others: int) -> None:
    """A crash-looping Deployment of three pods among `others` pods that are well."""
    space: dict[str, Any] = {"namespace": "bank"}
    desk = deployment("desk", ready=0, **space)
    current = replica_set("desk-7f9b4c8d65", deployment="desk", replicas=3, **space)
    owner = owned("ReplicaSet", "desk-7f9b4c8d65")
    own = [
        pod(f"desk-7f9b4c8d65-{n}x4k{n}", crashing(), app="desk", ready=False, owner=owner, **space)
        for n in range(3)
    ]
    rest = [pod(f"other-{n}", app="other", **space) for n in range(others)]
    core, apps = "/api/v1/namespaces/bank", "/apis/apps/v1/namespaces/bank"
    api.objects[f"{core}/pods"] = own + rest
    api.objects[f"{core}/events"] = []
    api.objects[f"{apps}/deployments/desk"] = desk
    api.objects[f"{apps}/replicasets"] = [current]
    for data in own + rest[:10]:
        name = data["metadata"]["name"]
        api.objects[f"{core}/pods/{name}"] = data
        api.logs[f"{core}/pods/{name}/log"] = LOG


def _requests(others: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    alert = {
        "labels": {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "bank", "deployment": "desk"}
    }
    with serving() as api:
        _hold(api, others)
        config = api.kubeconfig(tmp_path / "kubeconfig")
        path = alert_file(tmp_path, alert)
        assert run(["investigate", path, "--kubeconfig", config, "--format", "json"]) == 0
        return len(api.requests), json.loads(capsys.readouterr().out)


def test_a_cluster_of_5000_pods_is_asked_no_more_than_one_of_50(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, _ = _requests(50, tmp_path, capsys)
    large, result = _requests(5000, tmp_path, capsys)
    assert result["cause"] == "missing-variable", result["summary"]
    assert large == small <= 40
