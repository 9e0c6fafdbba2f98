"""Whoever answers in place of the cluster or of Prometheus is never taken for it: "gone" needs its own words."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run
from agent.evidence import query
from agent.evidence.answer import Answer
from agent.evidence.prometheus import PrometheusSource
from agent.evidence.query import Query
from tests.evidence.asking import GET_POD, LOG, LOGS, POD, PODS, ask_one
from tests.evidence.conftest import api
from tests.evidence.fake_api import FakeApi, pod, status
from tests.samples import alert_file

__all__ = ["api"]

PAGE = b"<html><head><title>404</title></head><body>no such site</body></html>"
METRICS = query.usage("shop")
METRICS_PATH = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"
RANGE = "/api/v1/query_range"
OK = {"status": "success", "data": {"resultType": "matrix", "result": []}}
ASKED = {
    "object": (GET_POD, POD),
    "list": (query.listing("Pod", "shop"), PODS),
    "events": (query.events("shop"), "/api/v1/namespaces/shop/events"),
    "log": (LOGS, LOG),
    "usage": (METRICS, METRICS_PATH),
    "usage of one": (query.usage("shop", "web-0001"), f"{METRICS_PATH}/web-0001"),
}


@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        b"",
        b"404 page not found\n",
        b'{"message": "not found"}',
        b'{"kind": "Status", "reason": "NotFound", "details": {"name": "web-0001", "kind": "pods"}}',
        b"[" * 10_000,
    ],
)
@pytest.mark.parametrize("what", ASKED)
def test_a_404_of_anybody_else_says_nothing_about_an_object(api: FakeApi, what: str, body: bytes) -> None:
    asked, path = ASKED[what]
    api.refusals[path] = (404, body)
    api.refusals["/version"] = (404, body)
    answer = ask_one(asked)
    assert answer.status == "unreachable"
    assert "HTTP 404" in answer.message and api.url in answer.message


@pytest.mark.parametrize("what", ASKED)
def test_an_api_that_the_cluster_does_not_have_is_not_served(api: FakeApi, what: str) -> None:
    asked, path = ASKED[what]
    api.refusals[path] = (404, b"404 page not found\n")
    assert ask_one(asked).status == "not-served"


def test_a_status_without_a_name_is_about_the_api_not_the_object(api: FakeApi) -> None:
    api.refusals[POD] = (404, status("the server could not find the requested resource", "NotFound"))
    assert ask_one(GET_POD).status == "not-served"


@pytest.mark.parametrize(
    "details", [{"kind": "pods", "name": "web-0002"}, {"kind": "nodes", "name": "web-0001"}]
)
def test_that_something_else_is_missing_says_nothing_about_the_object(
    api: FakeApi, details: dict[str, str]
) -> None:
    api.refusals[POD] = (404, status("not found", "NotFound", **details))
    answer = ask_one(GET_POD)
    assert answer.status == "error"
    assert "something else is missing" in answer.message


@pytest.mark.parametrize("name", ["web-0001", "shop/web-0001"])
def test_that_metrics_of_a_pod_are_missing_is_understood(api: FakeApi, name: str) -> None:
    asked, path = ASKED["usage of one"]
    api.refusals[path] = (404, status("not found", "NotFound", kind="pods", name=name))
    assert ask_one(asked).status == "not-found"


STRANGE: list[Any] = [
    PAGE,
    b"",
    b"null",
    b"{}",
    b'"ok"',
    b'{"items": []}',
    {"kind": "List", "apiVersion": "v1", "items": []},
    {"kind": "SecretList", "apiVersion": "v1", "items": []},
    {"kind": "Table", "rows": []},
    {"kind": 7, "items": []},
    status("all is well"),
]


@pytest.mark.parametrize("body", STRANGE)
@pytest.mark.parametrize("what", [what for what in ASKED if what != "log"])
def test_an_answer_of_another_kind_is_no_answer(api: FakeApi, what: str, body: Any) -> None:
    asked, path = ASKED[what]
    api.refusals[path] = (200, body)
    answer = ask_one(asked)
    assert (answer.status, answer.data) == ("unreachable", None)
    assert "is it the API server?" in answer.message


@pytest.mark.parametrize(
    "found",
    [pod(2), pod(1, namespace="bank"), {"metadata": {}}, {"metadata": None}, {"spec": {}}],
)
def test_another_object_than_the_one_asked_for_is_no_answer(api: FakeApi, found: dict[str, Any]) -> None:
    api.refusals[POD] = (200, {"kind": "Pod", **found})
    assert ask_one(GET_POD).status == "error"


@pytest.mark.parametrize("item", ["pod", 7, [], {}, {"kind": "Secret", **pod(1)}, pod(1, namespace="bank")])
def test_a_list_of_anything_else_is_no_answer(api: FakeApi, item: Any) -> None:
    api.refusals[PODS] = (200, {"kind": "PodList", "metadata": {}, "items": [pod(2), item]})
    assert ask_one(query.listing("Pod", "shop")).status == "error"


@pytest.mark.parametrize("items", ["", 0, {}, {"0": pod(1)}])
def test_a_list_whose_items_are_none_is_no_empty_list(api: FakeApi, items: Any) -> None:
    api.refusals[PODS] = (200, {"kind": "PodList", "metadata": {}, "items": items})
    assert ask_one(query.listing("Pod", "shop")).status == "error"


def test_a_list_that_the_api_writes_as_null_is_empty(api: FakeApi) -> None:
    api.refusals[PODS] = (200, {"kind": "PodList", "metadata": {}, "items": None})
    assert ask_one(query.listing("Pod", "shop")).data == []


@pytest.mark.parametrize("body", [PAGE, b"welcome", {"kind": "PodList", "items": []}])
def test_a_page_in_place_of_a_log_is_no_log(api: FakeApi, body: Any) -> None:
    api.refusals[LOG] = (200, body)
    answer = ask_one(LOGS)
    assert (answer.status, answer.data) == ("unreachable", None)


def test_a_400_of_anybody_else_does_not_say_that_there_is_no_log(api: FakeApi) -> None:
    api.refusals[LOG] = (400, b"<h1>host not found</h1>")
    assert ask_one(LOGS).status == "error"


def test_an_alert_is_not_silenced_by_a_wrong_address(
    api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in [*(path for _, path in ASKED.values()), "/version"]:
        api.refusals[path] = (404, PAGE)
    api.url += "/elsewhere"  # where nothing is served
    config = api.kubeconfig(tmp_path / "wrong")
    assert run(["investigate", alert_file(tmp_path), "--kubeconfig", config, "--format", "json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["outcome"] == "inconclusive"
    assert any("is it the API server?" in line for line in result["missing"])


def ask_prometheus(api: FakeApi) -> Answer:
    return asyncio.run(PrometheusSource(api.url).answer(Query("metrics", promql="up")))


def test_no_series_is_what_only_prometheus_says(api: FakeApi) -> None:
    api.refusals[RANGE] = (200, OK)
    assert ask_prometheus(api).data == []


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (404, PAGE),
        (200, PAGE),
        (200, b""),
        (200, b"null"),
        (200, b"[]"),
        (200, {}),
        (200, {"status": "success"}),
        (200, {"status": "success", "data": []}),
        (200, {"status": "success", "data": {"result": []}}),
        (200, {"status": "success", "data": {"resultType": "vector", "result": []}}),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": None}}),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": {}}}),
        (200, {"status": "ok", "data": {"resultType": "matrix", "result": []}}),
        (200, {"data": {"resultType": "matrix", "result": []}}),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": ["up"]}}),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}}]}}),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": [], "values": []}]}}),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_of_prometheus_is_no_answer(api: FakeApi, code: int, body: Any) -> None:
    api.refusals[RANGE] = (code, body)
    answer = ask_prometheus(api)
    assert (answer.status, answer.data) == ("error", None)
    assert "Prometheus" in answer.message
