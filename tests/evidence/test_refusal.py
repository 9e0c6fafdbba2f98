"""What the API refuses, what does not answer, and what is never asked for."""

import socket
from pathlib import Path
from typing import Any

import pytest

from agent.evidence import query
from agent.evidence.query import Query
from tests.evidence.asking import GET_POD, POD, PODS, ask, ask_one, printed_by
from tests.evidence.fake_api import FakeApi, pod, status


@pytest.mark.parametrize(
    ("code", "body", "expected", "words"),
    [
        (
            404, status('pods "web-0001" not found', "NotFound", kind="pods", name="web-0001"),
            "not-found", 'pods "web-0001" not found',
        ),
        (404, b"404 page not found\n", "not-served", f"the cluster does not serve {POD}"),
        (403, status('pods is forbidden: User "x" cannot get'), "forbidden", 'User "x" cannot get'),
        (401, status("Unauthorized"), "unauthorized", "Unauthorized"),
        (504, status("Timeout: request did not complete"), "timed-out", "Timeout"),
        (500, status("etcdserver: leader changed"), "error", "HTTP 500: etcdserver: leader changed"),
        (503, b"upstream\n\nconnect error", "error", "HTTP 503: upstream connect error"),
        (429, b"", "error", "HTTP 429: no message"),
        (302, b"", "error", "HTTP 302"),
        (200, b"<html>login</html>", "unreachable", "not JSON"),
        (200, b"[]", "unreachable", "not a Kubernetes object"),
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
    assert printed_by(program) == "timed-out\n"
