"""A model server of any manners: the run ends with the verdict of the rules, in time, within the caps, in words."""

import itertools
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import _base_client

from agent.settings import Settings
from agent.team.models import wire
from agent.team.models.budget import Budget
from tests.hostile.manners import UNREADABLE, Manner, calls, faults, generated, known, redirecting, telling
from tests.team.runs import PRICED, Run, marks
from tests.team.server import Mind, ModelServer, sensible, serving

CAP = 2.0
SEED = 20261122
GENERATED = 12
SLOW = ("endless drip", "dripping headers", "endless interim answers")
WITHOUT_LIMIT = ("all the money", "an answer beyond its limit")

Meet = Callable[[Mind], tuple[Any, list[str]]]


@pytest.fixture(scope="module")
def meeting() -> Iterator[tuple[ModelServer, list[Mind]]]:
    """One server for all runs, since to end one takes half a second; it answers as the last of its minds does."""
    minds: list[Mind] = []
    with serving(lambda body: minds[-1](body)) as server:
        yield server, minds


@pytest.fixture
def meet(
    meeting: tuple[ModelServer, list[Mind]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Meet:
    """Runs the program against a server of those manners, and says what was wrong with the run."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    investigate = Run(capsys)
    server, minds = meeting
    monkeypatch.setattr(_base_client, "INITIAL_RETRY_DELAY", 0.01)  # waiting is not the subject here

    def run(mind: Mind) -> tuple[Any, list[str]]:
        file = tmp_path / "spent.json"
        options = [*PRICED, "--max-usd", f"{CAP}", "--budget-file", str(file), "--max-usd-per-day", f"{CAP}"]
        minds.append(mind)
        server.requests.clear()
        result = investigate(server.url, *options, "--model-timeout", "0.4", "--deadline", "20")
        wrong = faults(result, server, CAP, json.loads(file.read_text()))
        return result, wrong + (["a traceback"] if "Traceback" in investigate.progress else [])

    return run


OTHERS = [manner for manner in known() if manner.name not in (*SLOW, *WITHOUT_LIMIT)]


@pytest.mark.parametrize("manner", OTHERS, ids=lambda manner: manner.name)
def test_a_known_manner(manner: Manner, meet: Meet) -> None:
    assert meet(manner.mind)[1] == []


@pytest.mark.parametrize(
    "manner", [*itertools.islice(generated(SEED), GENERATED)], ids=lambda manner: manner.name
)
def test_a_generated_manner(manner: Manner, meet: Meet) -> None:
    assert meet(manner.mind)[1] == []


@pytest.mark.parametrize("status", [300, 302, 307])
def test_a_redirect_is_not_followed_and_said(status: int, meet: Meet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/v1/chat/completions"
        result, wrong = meet(redirecting(status, url))
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert wrong == []
    assert f"answered {status}, a redirect, and none is followed" in result["reason"]
    assert (result["usage"]["calls"], result["usage"]["usd"]) == (1, 0)


@pytest.mark.parametrize("name", SLOW)
def test_a_request_has_its_seconds_in_all_and_not_for_each_byte(name: str, meet: Meet) -> None:
    result, wrong = meet(_known(name))
    assert wrong == []
    assert "gave no answer within 0.4 s" in result["reason"]
    assert result["usage"]["calls"] == 1, "a server that may have worked is not asked the same again"


@pytest.mark.parametrize("told", [("-1000000000", "-7"), ("NaN", "null")])
def test_usage_that_cannot_be_true_counts_as_the_most_it_can_be(told: tuple[str, str], meet: Meet) -> None:
    result, wrong = meet(telling(*told))
    usage = result["usage"]
    assert wrong == []
    assert usage["completion_tokens"] == 4096 * usage["calls"]
    (said,) = marks(result, "usage")
    assert f"prompt_tokens of {usage['calls']} requests" in said


@pytest.mark.parametrize("name", WITHOUT_LIMIT)
def test_a_server_that_keeps_no_limit_is_not_asked_again(name: str, meet: Meet) -> None:
    result, wrong = meet(_known(name))
    assert (wrong, result["usage"]["calls"]) == ([], 1)
    assert "its server does not keep to --max-answer-tokens 4096" in result["reason"]


@pytest.mark.parametrize("arguments", UNREADABLE, ids=lambda text: ascii(text[:30]))
def test_arguments_that_nobody_can_read_do_not_hang_the_team(arguments: str, meet: Meet) -> None:
    result, wrong = meet(calls(("collect", arguments)))
    assert wrong == []
    assert "answers in a row were no Report" in result["reason"], "the team went on"


def test_a_server_of_good_manners_is_believed(meet: Meet) -> None:
    result, wrong = meet(sensible)
    assert (wrong, result["reason"], marks(result, "usage")) == ([], "", [])


def test_a_server_without_tls_is_asked_without_certificates(
    meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *given: read.append(given))
    assert (meet(sensible)[1], read) == ([], [])


def test_certificates_of_authorities_are_read_once_and_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[ssl.SSLContext] = []
    create = httpx2.create_ssl_context

    def reading() -> ssl.SSLContext:
        read.append(create())
        return read[-1]

    monkeypatch.setattr(httpx2, "create_ssl_context", reading)
    wire._trusting_authorities.cache_clear()
    for _ in range(2):
        wire.Wire(Budget(Settings(), None), 1.0, "HTTPS://models.example/v1")
    (context,) = read
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def _known(name: str) -> Mind:
    (mind,) = [manner.mind for manner in known() if manner.name == name]
    return mind
