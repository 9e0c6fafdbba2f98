"""Prometheus as a source: which range is asked for, what of the answer is kept, how refusals are told."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence import prometheus, query
from agent.evidence.answer import Answer
from agent.evidence.prometheus import MAX_POINTS, PrometheusError, PrometheusSource, Window, windows
from tests.evidence.fake_api import FakeApi, serving

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RANGE = "/api/v1/query_range"
PROMQL = 'sum by (pod) (rate(x_total{namespace="shop"}[5m])) > 0'


@pytest.fixture
def server() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def matrix(*series: tuple[dict[str, str], list[Any]], **more: Any) -> dict[str, Any]:
    result = [{"metric": labels, "values": values} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


def ask(server: FakeApi, starts_at: datetime | None = NOW, timeout: float = 5.0) -> Answer:
    source = PrometheusSource(server.url, starts_at=starts_at, now=NOW, timeout=timeout)
    return asyncio.run(source.answer(query.metrics(PROMQL)))


def test_a_fresh_alert_is_seen_from_three_hours_before_it_until_now() -> None:
    assert windows(NOW - hours(1), NOW)[0] == [Window(NOW - hours(4), NOW)]


def test_an_old_alert_is_seen_around_its_beginning_and_in_the_last_hour() -> None:
    start = NOW - hours(72)
    (around, recent), step = windows(start, NOW)
    assert (around.end, recent.end) == (start + hours(2), NOW)
    assert around.start - (start - hours(3)) < timedelta(seconds=step)
    assert recent.start - (NOW - hours(1)) < timedelta(seconds=step)


@pytest.mark.parametrize("starts_at", [None, NOW + hours(1)])
def test_an_alert_without_a_beginning_in_the_past_began_now(starts_at: datetime | None) -> None:
    assert windows(starts_at, NOW)[0] == [Window(NOW - hours(3), NOW)]


@given(st.floats(min_value=-10, max_value=10_000))
def test_all_ranges_together_have_at_most_180_points_and_one_at_each_end(age: float) -> None:
    ranges, step = windows(NOW - hours(age), NOW)
    spans = [(each.end - each.start).total_seconds() for each in ranges]
    assert MAX_POINTS / 2 <= sum(span // step + 1 for span in spans) <= MAX_POINTS
    assert all(span % step == 0 for span in spans)
    assert ranges[-1].end == NOW


def test_the_expression_the_range_and_the_step_are_asked_for(server: FakeApi) -> None:
    server.objects[RANGE] = matrix()
    assert ask(server, NOW - hours(1)).status == "ok"
    start = (NOW - hours(4)).timestamp()
    assert server.requests == [
        (RANGE, {"query": PROMQL, "start": f"{start:.3f}", "end": f"{NOW.timestamp():.3f}", "step": "90"})
    ]


def test_series_are_labels_and_points(server: FakeApi) -> None:
    server.objects[RANGE] = matrix(({"pod": "b"}, [[10, "1.5"], [20.5, "2"]]), ({"pod": "a"}, [[10, "3e2"]]))
    assert ask(server).data == [
        {"labels": {"pod": "a"}, "points": [[10.0, 300.0]]},
        {"labels": {"pod": "b"}, "points": [[10.0, 1.5], [20.5, 2.0]]},
    ]


def test_points_that_are_no_numbers_are_dropped(server: FakeApi) -> None:
    values = [[1, "NaN"], [2, "+Inf"], [3, "7"], [4, "-Inf"]]
    server.objects[RANGE] = matrix(({"pod": "a"}, values), ({"pod": "b"}, [[1, "NaN"]]))
    assert ask(server).data == [{"labels": {"pod": "a"}, "points": [[3.0, 7.0]]}]


def test_the_two_ranges_of_an_old_alert_make_one_series(server: FakeApi) -> None:
    server.objects[RANGE] = matrix(({"pod": "a"}, [[1, "2"]]))
    answer = ask(server, NOW - hours(72))
    assert len(server.requests) == 2
    assert answer.data == [{"labels": {"pod": "a"}, "points": [[1.0, 2.0], [1.0, 2.0]]}]


def test_more_than_twenty_series_are_cut_and_the_answer_says_so(server: FakeApi) -> None:
    server.objects[RANGE] = matrix(*(({"pod": f"{number:03}"}, [[1, "1"]]) for number in range(50)))
    answer = ask(server)
    assert (len(answer.data), answer.truncated) == (20, True)
    assert answer.notes == ["only 20 of 50 series are kept"]


def test_warnings_of_prometheus_are_notes(server: FakeApi) -> None:
    server.objects[RANGE] = matrix(warnings=["one store did not answer"])
    assert ask(server).notes == ["one store did not answer"]


def test_a_warning_of_both_ranges_is_told_once_and_not_at_length(server: FakeApi) -> None:
    server.objects[RANGE] = matrix(warnings=["x" * 9000, *map(str, range(9))])
    assert ask(server, NOW - hours(72)).notes == ["x" * 300, "0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("code", "body", "expected", "words"),
    [
        (
            400,
            {"status": "error", "errorType": "bad_data", "error": "1:5: parse error"},
            "error",
            "1:5: parse error",
        ),
        (422, {"status": "error", "error": "query timed out"}, "error", "query timed out"),
        (401, b"Unauthorized", "unauthorized", "HTTP 401"),
        (403, b"", "forbidden", "HTTP 403"),
        (502, b"<html>", "error", "HTTP 502"),
        (302, b"", "error", "HTTP 302"),
        (200, b"<html>welcome</html>", "error", "not Prometheus"),
        (200, {"status": "error", "error": "odd"}, "error", "odd"),
        (200, {"status": "success", "data": {"result": [{"metric": {}}]}}, "error", "values"),
    ],
)
def test_a_refusal_is_a_status_with_the_words_of_prometheus(
    server: FakeApi, code: int, body: Any, expected: str, words: str
) -> None:
    server.refusals[RANGE] = (code, body)
    answer = ask(server)
    assert (answer.status, answer.data) == (expected, None)
    assert words in answer.message


def test_an_answer_larger_than_the_limit_is_refused(server: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "MAX_BODY", 1 << 20)
    server.objects[RANGE] = matrix(({"pod": "x" * (2 << 20)}, []))
    answer = ask(server)
    assert (answer.status, answer.data) == ("error", None)
    assert "larger than 1 MiB" in answer.message


def test_silence_is_timed_out(server: FakeApi) -> None:
    server.delays[RANGE] = 60
    answer = ask(server, timeout=0.2)
    assert (answer.status, answer.message) == ("timed-out", "no answer within 0.2 s")


def test_nothing_listening_is_unreachable(server: FakeApi) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        answer = ask(server)
    assert answer.status == "unreachable"
    assert "Connection refused" in answer.message


def test_a_bearer_token_comes_from_the_environment(server: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCIDENT_PROMETHEUS_TOKEN", "t0ken\n")
    ask(server)
    assert server.headers[0]["Authorization"] == "Bearer t0ken"


def test_other_queries_are_not_for_prometheus(server: FakeApi) -> None:
    source = PrometheusSource(server.url, now=NOW)
    assert asyncio.run(source.answer(query.get("Pod", "shop", "web"))).status == "error"
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "prometheus:9090",
        "ftp://x",
        "file:///etc/passwd",
        "http://",
        "http://x:port",
        "http://x?y=1",
        "http://[::1",
    ],
)
def test_an_address_that_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(PrometheusError, match="not a URL like http://prometheus:9090"):
        PrometheusSource(url)


def test_credentials_in_the_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(PrometheusError, match="contains credentials") as caught:
        PrometheusSource("https://me:hunter2@prometheus")
    assert "hunter2" not in str(caught.value)
