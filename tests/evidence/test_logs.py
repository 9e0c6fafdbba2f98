"""Logs from the cluster: their end, whole lines, and what is not there."""

import asyncio
import tracemalloc

import pytest

from agent.evidence import cluster, query
from agent.evidence.cluster import ClusterSource
from tests.evidence.asking import GET_POD, LOG, LOGS, ask_one
from tests.evidence.fake_api import FakeApi, status


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


@pytest.mark.parametrize(
    "said",
    [
        b"unable to retrieve container logs for containerd://5a3",
        b'failed to try resolving symlinks in path "/var/log/pods/bank_desk-0_1/app/0.log": lstat: no such file',
    ],
)
def test_a_log_the_node_has_lost_is_not_found(api: FakeApi, said: bytes) -> None:
    api.logs[LOG] = said
    assert ask_one(LOGS).status == "not-found"
