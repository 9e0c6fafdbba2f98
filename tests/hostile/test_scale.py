"""Clusters of any size: lists are read to their end, nothing broken is lost, no claim reaches beyond what was seen."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.evidence.answer import Answer
from agent.evidence.census import Census
from agent.evidence.query import Query
from agent.evidence.sampling import LIMIT
from tests.diagnosis.objects import (
    Data,
    condition,
    container,
    crashing,
    deployment,
    meta,
    node,
    owned,
    pod,
    replica_set,
)
from tests.evidence.fake_api import serving, status
from tests.hostile.crowd import Crowd, pods
from tests.samples import alert_file

PATIENT = ("--read-timeout", "60")  # the machine may be busy with other tests
LARGEST_RSS = 100  # MiB; k8s/job.yaml allows 128
MOST_WORK = 6  # times what the same run takes without reading ten thousand pods
DEPLOYMENT = {
    "labels": {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "shop", "deployment": "web"}
}
NAMESPACE = {"labels": {"alertname": "KubePodNotReady", "namespace": "shop"}}


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    """A cluster with nothing in it but the namespace shop."""
    with serving() as api:
        monkeypatch.setenv("KUBECONFIG", api.kubeconfig(tmp_path / "kubeconfig", token="t0ken"))
        space = {"kind": "Namespace", "metadata": {"name": "shop"}, "status": {"phase": "Active"}}
        api.objects["/api/v1/namespaces/shop"] = space
        yield Crowd(api)


def asked(crowd: Crowd, *queries: str) -> list[Answer]:
    """What the source answers."""

    async def all_of_them() -> list[Answer]:
        return [await crowd.answer(Query.parse(text)) for text in queries]

    return asyncio.run(all_of_them())


def counts(answer: Answer) -> Census:
    """The census of a list that was not kept whole."""
    assert answer.census is not None
    return answer.census


def broken(name: str = "web-a-99999", **more: Any) -> Data:
    """A pod of the same ReplicaSet, last by name, whose program ends at once."""
    return pod(name, crashing(code=1), ready=False, owner=owned("ReplicaSet", "web-a"), **more)


def rolled_out(crowd: Crowd, replicas: int, ready: int) -> None:
    """A Deployment and its only ReplicaSet."""
    crowd.fill("Deployment", "shop", [deployment("web", replicas=replicas, ready=ready)])
    crowd.fill("ReplicaSet", "shop", [replica_set("web-a", replicas=replicas)])


LOG = b"""2026-11-22T11:58:00Z Traceback (most recent call last):
2026-11-22T11:58:00Z KeyError: 'TOKEN_TABLE'
"""
MEASURE = """
import json, sys
from dataclasses import asdict
from tests.bench.process import measure
print(json.dumps(asdict(measure(sys.argv[1:]))))
"""


def run(alert: Data, place: Path, *options: str) -> tuple[Data, Data]:
    """The result of the program in a process of its own, and what it cost.

    A small process starts it: the peak of a process counts what its parent held when it was forked.
    """
    command = [sys.executable, "-m", "agent", "investigate", alert_file(place, alert), *PATIENT, *options]
    command += ["--output", str(place / "out")]
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], stdout=subprocess.PIPE, text=True, check=True, timeout=120
    )
    return json.loads((place / "out" / "result.json").read_text()), json.loads(measured.stdout)


def test_the_one_broken_pod_of_ten_thousand_is_found_in_little_memory(crowd: Crowd, tmp_path: Path) -> None:
    rolled_out(crowd, 10_000, 9_999)
    crowd.fill("Pod", "shop", [*pods(9_999), broken()])
    crowd.api.logs["/api/v1/namespaces/shop/pods/web-a-99999/log"] = LOG
    recording = tmp_path / "recording.tar.gz"
    result, cost = run(DEPLOYMENT, tmp_path, "--record", str(recording))
    again, least = run(DEPLOYMENT, tmp_path, "--replay", str(recording))
    assert cost["rss"] < LARGEST_RSS
    assert cost["cpu"] < MOST_WORK * least["cpu"]
    for each in (result, again):
        assert (each["outcome"], each["cause"]) == ("diagnosed", "missing-variable")
        assert "web-a-99999" in json.dumps(each["claims"])
    listed = next(e for e in result["evidence"] if e["query"].startswith("list Pod"))
    assert listed["notes"] == ["10000 read: 9999 ready, 1 CrashLoopBackOff; 400 of them are kept"]
    assert [(e["digest"], e["notes"]) for e in again["evidence"]] == [
        (e["digest"], e["notes"]) for e in result["evidence"]
    ]


def test_the_one_broken_pod_of_a_namespace_is_found(crowd: Crowd) -> None:
    crowd.fill("Pod", "shop", [*pods(1_500), broken()])
    _, diagnosis = crowd.investigate(NAMESPACE)
    assert "shop/Pod/web-a-99999" in map(str, diagnosis.case.followed)


def test_that_all_of_very_many_are_well_is_said_by_their_count(crowd: Crowd) -> None:
    crowd.fill("Pod", "shop", pods(1_234))
    verdict, _ = crowd.investigate(NAMESPACE)
    assert "All 1234 running pods of namespace shop are ready." in verdict.sentence
    assert (verdict.missing, "Not all" in verdict.sentence) == ([], False)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ((500, status("etcdserver: leader changed")), "HTTP 500: etcdserver: leader changed"),
        ((410, status("The provided continue parameter is too old")), "HTTP 410"),
        ((200, b""), "is it the API server"),
    ],
    ids=["failed", "expired", "no page"],
)  # fmt: skip
def test_what_was_read_before_a_page_failed_is_kept_and_no_claim_goes_beyond_it(
    crowd: Crowd, fault: Any, why: str
) -> None:
    crowd.fill("Pod", "shop", [*pods(1_200), broken()], {1_000: (fault[0], fault[1] or [])})
    verdict, _ = crowd.investigate(NAMESPACE)
    (missing,) = verdict.missing
    assert missing.startswith(
        "list Pod shop (in part: 1000 read, not all: 1000 ready; 400 of them are kept; "
    )
    assert why in missing and missing in verdict.sentence
    assert "All " not in verdict.sentence and verdict.outcome == "inconclusive"


def test_an_expired_list_goes_on_with_the_token_the_server_gives(crowd: Crowd) -> None:
    gone = status("The provided continue parameter is too old") | {"metadata": {"continue": "01000"}}
    crowd.fill("Pod", "shop", [*pods(1_200), broken()], {1_000: (410, gone)})
    (answer,) = asked(crowd, "list Pod shop")
    assert (counts(answer).total, counts(answer).ended) == (1201, True)
    assert "web-a-99999" in {item["metadata"]["name"] for item in answer.data}


def test_a_page_that_does_not_come_costs_the_rest_of_the_list_only(crowd: Crowd) -> None:
    impatient = Crowd(crowd.api, read_seconds=2.0)
    impatient.fill("ConfigMap", "shop", small(600), {500: 30.0})
    (answer,) = asked(impatient, "list ConfigMap shop")
    assert (answer.status, len(answer.data), answer.truncated) == ("ok", LIMIT, True)
    assert answer.notes[-1].startswith("the list was not read to its end: no answer within")


def test_a_list_without_end_ends_with_its_time(crowd: Crowd) -> None:
    page = json.dumps(small(500))

    def endless(parameters: dict[str, str]) -> tuple[int, bytes]:
        number = int(parameters.get("continue") or 0) + 1
        meta = f'{{"continue": "{number}", "remainingItemCount": 7}}'
        return 200, f'{{"kind": "ConfigMapList", "metadata": {meta}, "items": {page}}}'.encode()

    impatient = Crowd(crowd.api, read_seconds=1.0)
    crowd.api.objects["/api/v1/namespaces/shop/configmaps"] = endless
    (answer,) = asked(impatient, "list ConfigMap shop")
    assert (answer.status, answer.truncated, counts(answer).ended) == ("ok", True, False)
    assert len(answer.data) <= LIMIT
    assert "7 more remained" in answer.notes[-1]


def small(count: int) -> list[Data]:
    """As many ConfigMaps."""
    return [{"metadata": meta(f"settings-{number:05}")} for number in range(count)]


def test_a_server_that_repeats_a_page_is_asked_no_more(crowd: Crowd) -> None:
    page = json.dumps({"kind": "ConfigMapList", "metadata": {"continue": "x"}, "items": small(500)}).encode()
    crowd.api.objects["/api/v1/namespaces/shop/configmaps"] = lambda parameters: (200, page)
    (answer,) = asked(crowd, "list ConfigMap shop")
    assert (counts(answer).total, "same page again" in answer.notes[-1]) == (1_000, True)


def test_a_service_counts_all_its_pods(crowd: Crowd) -> None:
    service = {"metadata": meta("web"), "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    rolled_out(crowd, 1_000, 999)
    crowd.fill("Service", "shop", [service])
    crowd.fill("Pod", "shop", [*pods(999), broken()])
    _, diagnosis = crowd.investigate(
        {"labels": {"alertname": "ServiceDown", "namespace": "shop", "service": "web"}}
    )
    assert "Service web has 999 of 1000 ready pods." in [state.sentence for state in diagnosis.states]


def test_of_five_thousand_nodes_the_one_that_a_pod_asks_for_decides(crowd: Crowd) -> None:
    said = (
        "0/5000 nodes are available: 1 Insufficient cpu, 4999 node(s) didn't match Pod's node "
        "affinity/selector. preemption: 0/5000 nodes are available."
    )
    waits = condition("PodScheduled", "False", "Unschedulable", said)
    wants = container(resources={"requests": {"cpu": "3"}})
    pending = pod(
        "web-0", phase="Pending", ready=False, conditions=[waits], nodeName=None, containers=[wants],
        nodeSelector={"pool": "gpu"},
    )  # fmt: skip
    pending["status"]["containerStatuses"] = []
    nodes = [node(f"n{number:04}") for number in range(4999)]
    crowd.fill("Node", "", [*nodes, node("n4999", labels={"pool": "gpu"})])
    crowd.fill("Pod", "shop", [pending])
    verdict, _ = crowd.investigate(
        {"labels": {"alertname": "KubePodNotReady", "namespace": "shop", "pod": "web-0"}}
    )
    assert verdict.root is not None and verdict.root.cause.id == "insufficient-cpu"
    assert "n4999" in str(verdict.root)


def test_the_workload_without_pods_is_found_among_a_thousand(crowd: Crowd) -> None:
    lacking = deployment("zz", replicas=2, ready=0)
    lacking["status"]["replicas"] = 0
    refused = condition(
        "ReplicaFailure", "True", "FailedCreate", 'pods "zz-1" is forbidden: exceeded quota: small'
    )
    lacking["status"]["conditions"].append(refused)
    crowd.fill("Deployment", "shop", [*(deployment(f"web-{number:04}") for number in range(1_000)), lacking])
    crowd.fill("Pod", "shop", pods(20))
    verdict, diagnosis = crowd.investigate(NAMESPACE)
    assert "shop/Deployment/zz" in map(str, diagnosis.case.followed)
    assert "All " not in verdict.sentence


def test_that_nobody_runs_a_provisioner_is_not_said_of_a_part(crowd: Crowd) -> None:
    claim = {
        "metadata": meta("data"), "status": {"phase": "Pending"},
        "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}},
    }  # fmt: skip
    klass = {"metadata": meta("fast", ""), "provisioner": "disks.acme.io", "volumeBindingMode": "Immediate"}
    crowd.fill("PersistentVolumeClaim", "shop", [claim])
    crowd.fill("StorageClass", "", [klass])
    crowd.fill("Deployment", "shop", [deployment(f"web-{number:04}") for number in range(1_000)])
    alert = {"labels": {"alertname": "KubePersistentVolumeClaimPending", "namespace": "shop",
                        "persistentvolumeclaim": "data"}}  # fmt: skip
    verdict, diagnosis = crowd.investigate(alert)
    assert diagnosis.findings == []
    assert any(text.startswith("list Deployment * (in part: ") for text in verdict.missing)


def test_that_no_workload_is_behind_a_service_is_not_said_of_a_part(crowd: Crowd) -> None:
    spec = {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}
    crowd.fill("Service", "shop", [{"metadata": meta("lonely"), "spec": spec}])
    crowd.fill("Deployment", "shop", [deployment(f"web-{number:04}") for number in range(600)])
    alert = {"labels": {"alertname": "ServiceDown", "namespace": "shop", "service": "lonely"}}
    verdict, _ = crowd.investigate(alert)
    assert verdict.outcome == "inconclusive"
    assert any(text.startswith("list Deployment shop (in part: 600 read") for text in verdict.missing)


def test_a_service_that_is_missing_is_missing_among_a_thousand_others(crowd: Crowd) -> None:
    backend = {"service": {"name": "svc-0999x", "port": {"number": 80}}}
    rule = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ingress = {"metadata": meta("front"), "spec": {"rules": [rule], "ingressClassName": "nginx"}}
    services = [
        {"metadata": meta(f"svc-{number:04}"), "spec": {"ports": [{"port": 80}]}} for number in range(1_000)
    ]
    crowd.fill("Ingress", "shop", [ingress])
    crowd.fill("IngressClass", "", [{"metadata": meta("nginx", "")}])
    crowd.fill("Service", "shop", services)
    verdict, _ = crowd.investigate(
        {"labels": {"alertname": "IngressDown", "namespace": "shop", "ingress": "front"}}
    )
    assert verdict.root is not None and verdict.root.cause.id == "ingress-service-missing"
    assert any(
        "list Service shop (in part: 1000 read: 1000 of unknown state" in text for text in verdict.missing
    )


def test_of_thousands_of_events_the_rare_and_the_newest_are_kept(crowd: Crowd) -> None:
    for number in range(3_000):
        crowd.event("Pod", "shop", f"web-{number:04}", "BackOff", "Back-off", minutes=10 + number % 500)
    crowd.event("Pod", "shop", "web-newest", "BackOff", "Back-off", minutes=0.1)
    crowd.event("ReplicaSet", "shop", "web-a", "FailedCreate", "exceeded quota: small,", minutes=900)
    crowd.fill("Event", "shop", crowd.happened)
    (answer,) = asked(crowd, "events shop")
    about = {event["involvedObject"]["name"] for event in answer.data}
    assert len(answer.data) == LIMIT and {"web-a", "web-newest"} <= about
    assert answer.notes == ["3002 read: 3001 BackOff, 1 FailedCreate; 400 of them are kept"]


def test_what_uses_most_is_kept_of_thousands_and_the_pods_asked_about_are_asked_for(crowd: Crowd) -> None:
    metrics = [_used(f"web-a-{number:05}", cpu=number + 1) for number in range(2_000)]
    crowd.fill("PodMetrics", "shop", metrics)
    crowd.fill("Deployment", "shop", [deployment("web", replicas=2)])
    crowd.fill("ReplicaSet", "shop", [replica_set("web-a", replicas=2)])
    crowd.fill("Pod", "shop", pods(2))
    (answer,) = asked(crowd, "usage shop")
    assert (len(answer.data), answer.truncated, answer.data[-1]["cpu"]) == (LIMIT // 2, True, 2.0)
    alert = {"labels": {"alertname": "HighCPU", "namespace": "shop", "deployment": "web"}}
    _, diagnosis = crowd.investigate(alert)
    assert diagnosis.case.status(Query.parse("usage shop web-a-00001")) == "ok"


def _used(name: str, *, cpu: int) -> Data:
    used = {"cpu": f"{cpu}m", "memory": f"{cpu}Mi"}
    return {"metadata": {"namespace": "shop", "name": name}, "containers": [{"name": "web", "usage": used}]}
