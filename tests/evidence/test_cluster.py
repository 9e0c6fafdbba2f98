"""The cluster as a source: what is asked of the API, and what comes back."""

import asyncio
import json
from typing import Any

import pytest

from agent.evidence import query
from agent.evidence.cluster import ClusterSource
from agent.evidence.query import Query
from tests.evidence.asking import EVENTS, GET_POD, LOGS, POD, PODS, ask, ask_one, printed_by
from tests.evidence.fake_api import FakeApi, pod


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


def test_of_five_thousand_pods_all_are_read_and_counted_and_four_hundred_kept(api: FakeApi) -> None:
    api.objects["/api/v1/pods"] = [pod(number) for number in range(5000)]
    answer = ask_one(query.listing("Pod", "*"), timeout=60)
    assert len(api.requests) == 20
    assert (len(answer.data), answer.truncated) == (400, True)
    assert answer.notes == ["5000 read: 5000 not ready; 400 of them are kept"]


def test_a_list_up_to_four_hundred_objects_is_whole(api: FakeApi) -> None:
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


def test_reads_share_a_few_connections(api: FakeApi) -> None:
    api.objects[POD] = {"kind": "Pod", **pod(1)}
    source = ClusterSource.connect()

    async def one_after_another() -> None:
        for _ in range(20):
            assert (await source.answer(GET_POD)).status == "ok"

    asyncio.run(one_after_another())
    assert (len(api.requests), api.connections) == (20, 1)


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
    assert json.loads(printed_by(program)) == [[], []]
