"""The cluster as a source: what is asked of the API, what comes back, and how refusals are told."""

import asyncio
import base64
import json
import os
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from agent.evidence import cluster, query
from agent.evidence.answer import Answer
from agent.evidence.cluster import ClusterError, ClusterSource
from agent.evidence.query import Query
from tests.evidence.fake_api import FakeApi, pod, serving, status

POD = "/api/v1/namespaces/shop/pods/web-0001"
PODS = "/api/v1/namespaces/shop/pods"
EVENTS = "/api/v1/namespaces/shop/events"
LOG = POD + "/log"
GET_POD = query.get("Pod", "shop", "web-0001")
LOGS = query.logs("shop", "web-0001", "web")


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    with serving() as server:
        monkeypatch.setenv("KUBECONFIG", server.kubeconfig(tmp_path / "kubeconfig", token="t0ken"))
        yield server


def ask(*queries: Query, timeout: float = 5.0) -> list[Answer]:
    source = ClusterSource.connect(timeout=timeout)

    async def all_of_them() -> list[Answer]:
        return list(await asyncio.gather(*(source.answer(each) for each in queries)))

    return asyncio.run(all_of_them())


def ask_one(what: Query, timeout: float = 5.0) -> Answer:
    return ask(what, timeout=timeout)[0]


def test_an_object_is_read_by_its_name(api: FakeApi) -> None:
    api.objects[POD] = {"kind": "Pod", **pod(1)}
    answer = ask_one(GET_POD)
    assert answer.status == "ok"
    assert answer.data["metadata"]["name"] == "web-0001"


def test_reads_are_gets_with_the_credentials_of_the_kubeconfig(api: FakeApi) -> None:
    ask(GET_POD, LOGS, query.listing("Pod", "shop"), query.events("shop"), query.usage("shop"))
    assert api.methods == {"GET"}
    assert {header["authorization"] for header in api.headers} == {"Bearer t0ken"}


def test_a_list_names_the_kind_of_its_objects_and_is_ordered_by_name(api: FakeApi) -> None:
    api.objects[PODS] = [pod(3), pod(1), pod(2)]
    data = ask_one(query.listing("Pod", "shop")).data
    assert [(item["kind"], item["metadata"]["name"]) for item in data] == [
        ("Pod", "web-0001"), ("Pod", "web-0002"), ("Pod", "web-0003"),
    ]  # fmt: skip


def test_selectors_are_passed_on_as_they_are(api: FakeApi) -> None:
    api.objects[PODS] = []
    ask(query.listing("Pod", "shop", label="app in (a, b),tier", field="spec.nodeName=n1"))
    assert api.last["labelSelector"] == "app in (a, b),tier"
    assert api.last["fieldSelector"] == "spec.nodeName=n1"


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (query.listing("Pod", "*"), "/api/v1/pods"),
        (query.listing("Node", "*"), "/api/v1/nodes"),
        (query.listing("Node", "shop"), "/api/v1/nodes"),
        (query.get("Node", "", "n1"), "/api/v1/nodes/n1"),
        (query.get("Deployment", "shop", "web"), "/apis/apps/v1/namespaces/shop/deployments/web"),
        (query.get("TaskRun", "ci", "r"), "/apis/tekton.dev/v1/namespaces/ci/taskruns/r"),
        (query.get("PriorityClass", "", "a:b"), "/apis/scheduling.k8s.io/v1/priorityclasses/a%3Ab"),
        (query.usage("shop", "p"), "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/p"),
        (query.usage("*"), "/apis/metrics.k8s.io/v1beta1/pods"),
    ],
)  # fmt: skip
def test_each_query_reads_its_path(api: FakeApi, asked: Query, path: str) -> None:
    ask(asked)
    assert [path for path, _ in api.requests] == [path]


def test_of_five_thousand_pods_two_pages_are_read_and_the_answer_says_so(api: FakeApi) -> None:
    api.objects["/api/v1/pods"] = [pod(number) for number in range(5000)]
    answer = ask_one(query.listing("Pod", "*"))
    assert len(api.requests) == 2
    assert (len(answer.data), answer.truncated) == (400, True)
    assert answer.notes == ["only the first 400 objects were read"]


def test_a_list_that_ends_within_two_pages_is_whole(api: FakeApi) -> None:
    api.objects[PODS] = [pod(number) for number in range(400)]
    answer = ask_one(query.listing("Pod", "shop"))
    assert (len(answer.data), answer.truncated) == (400, False)


def event(name: str, **times: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "creationTimestamp": "2026-03-01T09:00:00Z"}, "reason": name, **times}


def test_events_are_ordered_by_when_they_were_last_seen(api: FakeApi) -> None:
    api.objects[EVENTS] = [
        event("series", series={"lastObservedTime": "2026-03-01T12:00:00.500000Z"}, eventTime="2026-03"),
        event("last", lastTimestamp="2026-03-01T12:00:00Z", firstTimestamp="2026-03-01T08:00:00Z"),
        event("time", eventTime="2026-03-01T11:00:00.000001Z", lastTimestamp=None),
        event("created"),
    ]  # fmt: skip
    data = ask_one(query.events("shop", "Pod", "web-0001")).data
    assert [each["reason"] for each in data] == ["created", "time", "last", "series"]


@pytest.mark.parametrize(
    ("asked", "selector"),
    [
        (query.events("shop"), "type=Warning"),
        (
            query.events("shop", "Pod", "web-0001"),
            "involvedObject.kind=Pod,involvedObject.name=web-0001,involvedObject.namespace=shop",
        ),
        (query.events("", "Node", "n1"), "involvedObject.kind=Node,involvedObject.name=n1"),
    ],
)
def test_events_are_selected_by_the_server(api: FakeApi, asked: Query, selector: str) -> None:
    ask(asked)
    assert api.last["fieldSelector"] == selector


def test_logs_are_the_last_lines_with_their_times(api: FakeApi) -> None:
    api.logs[LOG] = b"2026-03-01T12:00:00Z caf\xc3\xa9 opened\n2026-03-01T12:00:01Z closed\n"
    answer = ask_one(LOGS)
    assert api.last == {"container": "web", "timestamps": "true", "tailLines": "2000"}
    assert (answer.status, answer.truncated) == ("ok", False)
    assert answer.data.splitlines()[-1] == "2026-03-01T12:00:01Z closed"


def test_logs_of_the_previous_container_are_asked_for_as_such(api: FakeApi) -> None:
    api.logs[LOG] = b""
    assert ask_one(query.logs("shop", "web-0001", "web", previous=True)).data == ""
    assert api.last["previous"] == "true"


def test_a_log_of_100_mb_costs_a_few_mb_and_keeps_its_end(api: FakeApi) -> None:
    api.logs[LOG] = 100_000_000
    source = ClusterSource.connect(timeout=30)
    asyncio.run(source.answer(GET_POD))  # imports are not what is measured
    tracemalloc.start()
    try:
        answer = asyncio.run(source.answer(LOGS))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.truncated) == ("ok", True)
    assert peak < 16 << 20
    assert len(answer.data) <= 1 << 20


def test_what_is_dropped_of_a_log_is_its_beginning_at_a_whole_line(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LOG_BYTES", 100_000)
    api.logs[LOG] = b"".join(b"2026-03-01T12:00:00Z line %06d\n" % number for number in range(50_000))
    text, dropped = ClusterSource.connect()._api.tail(LOG, 100_000)
    assert dropped
    assert 99_900 < len(text) <= 100_000
    assert text.startswith("2026-03-01T12:00:00Z line ")
    assert text.endswith("line 049999\n")


@pytest.mark.parametrize(
    "message",
    [
        'previous terminated container "web" in pod "web-0001" not found',
        'container "web" in pod "web-0001" is waiting to start: ContainerCreating',
        "container nginx is not valid for pod web-0001",
    ],
)
def test_a_log_that_does_not_exist_is_not_found_in_the_words_of_the_api(api: FakeApi, message: str) -> None:
    api.refusals[LOG] = (400, status(message, "BadRequest"))
    answer = ask_one(LOGS)
    assert (answer.status, answer.message) == ("not-found", message)


def test_a_log_the_node_has_lost_is_not_found(api: FakeApi) -> None:
    api.logs[LOG] = b"unable to retrieve container logs for containerd://5a3"
    assert ask_one(LOGS).status == "not-found"


def test_usage_is_cores_and_bytes_of_each_container(api: FakeApi) -> None:
    api.objects["/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"] = [
        {
            "metadata": {"namespace": "shop", "name": "web-1"},
            "containers": [{"name": "web", "usage": {"cpu": "137843250n", "memory": "20904Ki"}}],
        }
    ]
    assert ask_one(query.usage("shop")).data == [
        {"namespace": "shop", "pod": "web-1", "container": "web", "cpu": 0.13784325, "memory": 21405696}
    ]


@pytest.mark.parametrize(
    ("code", "body", "expected", "words"),
    [
        (404, status('pods "web-0001" not found'), "not-found", 'pods "web-0001" not found'),
        (404, b"404 page not found\n", "not-found", f"the cluster does not serve {POD}"),
        (403, status('pods is forbidden: User "x" cannot get'), "forbidden", 'User "x" cannot get'),
        (401, status("Unauthorized"), "unauthorized", "Unauthorized"),
        (504, status("Timeout: request did not complete"), "timed-out", "Timeout"),
        (500, status("etcdserver: leader changed"), "error", "HTTP 500: etcdserver: leader changed"),
        (503, b"upstream\n\nconnect error", "error", "HTTP 503: upstream connect error"),
        (429, b"", "error", "HTTP 429: no message"),
        (302, b"", "error", "HTTP 302"),
        (200, b"<html>login</html>", "error", "not JSON"),
        (200, b"[]", "error", "not an object"),
    ],
)  # fmt: skip
def test_a_refusal_is_a_status_with_the_words_of_the_api(
    api: FakeApi, code: int, body: Any, expected: str, words: str
) -> None:
    api.refusals[POD] = (code, body)
    answer = ask_one(GET_POD)
    assert (answer.status, answer.data) == (expected, None)
    assert words in answer.message
    assert "\n" not in answer.message


def test_a_refusal_that_goes_on_for_ever_is_cut(api: FakeApi) -> None:
    api.refusals[POD] = (500, b"word " * 1_000_000)
    assert len(ask_one(GET_POD).message) < 1100


@pytest.mark.parametrize("verb", ["get", "list"])
@pytest.mark.parametrize("kind", ["Secret", "secret", "Secrets"])
def test_secrets_are_never_asked_for(api: FakeApi, verb: str, kind: str) -> None:
    answer = ask_one(Query(verb, kind=kind, namespace="shop", name="db"))
    assert (answer.status, answer.message) == ("forbidden", "Secrets are never read")
    assert api.requests == []


def test_an_unknown_kind_is_an_error_that_names_it(api: FakeApi) -> None:
    answer = ask_one(query.get("Widget", "shop", "w"))
    assert answer.status == "error"
    assert "unknown kind 'Widget'" in answer.message
    assert api.requests == []


@pytest.mark.parametrize(
    "asked",
    [
        query.get("Pod", "..", "secrets"),
        query.get("Pod", "shop", ".."),
        query.get("Pod", "shop", "web?x=1"),
        query.get("Pod", "shop", "%2e%2e"),
        query.logs("shop", "..", "web"),
        query.events("..", "Pod", "x"),
        query.events("shop", "Pod", "x,type=Normal"),
        query.events("shop", "Pod,type=Normal", "x"),
    ],
)
def test_a_name_that_would_lead_elsewhere_is_not_asked_for(api: FakeApi, asked: Query) -> None:
    assert ask_one(asked).status == "error"
    assert api.requests == []


def test_a_server_that_does_not_answer_is_timed_out(api: FakeApi) -> None:
    api.delays[POD] = 60
    answer = ask_one(GET_POD, timeout=0.2)
    assert (answer.status, answer.message) == ("timed-out", "no answer within 0.2 s")


def test_one_slow_read_does_not_hold_up_the_others(api: FakeApi) -> None:
    api.delays[POD] = 60
    api.objects[PODS] = [pod(1)]
    slow, quick = ask(GET_POD, query.listing("Pod", "shop"), timeout=1)
    assert (slow.status, quick.status) == ("timed-out", "ok")


def test_reads_share_a_few_connections(api: FakeApi) -> None:
    api.objects[POD] = {"kind": "Pod", **pod(1)}
    source = ClusterSource.connect()

    async def one_after_another() -> None:
        for _ in range(20):
            assert (await source.answer(GET_POD)).status == "ok"

    asyncio.run(one_after_another())
    assert (len(api.requests), api.connections) == (20, 1)


def test_nothing_listening_is_unreachable(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        api.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        monkeypatch.setenv("KUBECONFIG", api.kubeconfig(tmp_path / "nobody"))
        answer = ask_one(GET_POD)
    assert answer.status == "unreachable"
    assert answer.message.endswith("Connection refused")
    assert api.url in answer.message


def test_a_server_without_tls_where_tls_is_expected_is_unreachable(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.url = api.url.replace("http:", "https:")
    monkeypatch.setenv("KUBECONFIG", api.kubeconfig(tmp_path / "tls"))
    answer = ask_one(GET_POD)
    assert answer.status == "unreachable"
    assert "SSL" in answer.message


def test_a_process_ends_although_a_read_still_hangs(api: FakeApi) -> None:
    api.delays[POD] = 120
    program = (
        "import asyncio\n"
        "from agent.evidence import query\n"
        "from agent.evidence.cluster import ClusterSource\n"
        "source = ClusterSource.connect(timeout=0.2)\n"
        "print(asyncio.run(source.answer(query.get('Pod', 'shop', 'web-0001'))).status)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ended.stdout, ended.stderr) == ("timed-out\n", "")


def test_the_typed_modules_of_the_kubernetes_package_are_never_loaded(api: FakeApi) -> None:
    program = (
        "import asyncio, json, sys\n"
        "from agent.evidence import query\n"
        "from agent.evidence.cluster import ClusterSource\n"
        "before = [name for name in sys.modules if name.startswith('kubernetes')]\n"
        "asyncio.run(ClusterSource.connect().answer(query.get('Pod', 'shop', 'web-0001')))\n"
        "typed = ('kubernetes.client.api.', 'kubernetes.client.models.')\n"
        "heavy = [name for name in sys.modules if name.startswith(typed)]\n"
        "print(json.dumps([before, heavy]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(ended.stdout) == [[], []]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("just text", "cannot be used"),
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
