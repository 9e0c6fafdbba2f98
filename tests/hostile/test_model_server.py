"""A model server of any manners: the run ends with the verdict of the rules, in time, within the caps, in words."""

import itertools
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from openai import _base_client

from tests.hostile.manners import UNREADABLE, Manner, calls, faults, generated, known, redirecting, telling
from tests.team.runs import PRICED, Run, marks
from tests.team.server import Mind, sensible, serving

CAP = 2.0
SEED = 20261122
GENERATED = 12


@pytest.fixture
def meet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the program against a server of those manners, and says what was wrong with the run."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    investigate = Run(capsys)
    monkeypatch.setattr(_base_client, "INITIAL_RETRY_DELAY", 0.01)  # waiting is not the subject here

    def run(mind: Mind) -> tuple[Any, list[str]]:
        file = tmp_path / "spent.json"
        options = [*PRICED, "--max-usd", f"{CAP}", "--budget-file", str(file), "--max-usd-per-day", f"{CAP}"]
        with serving(mind) as server:
            result = investigate(server.url, *options, "--model-timeout", "0.4", "--deadline", "20")
        wrong = faults(result, server, CAP, json.loads(file.read_text()))
        return result, wrong + (["a traceback"] if "Traceback" in investigate.progress else [])

    return run


@pytest.mark.parametrize("manner", known(), ids=lambda manner: manner.name)
def test_a_known_manner(manner: Manner, meet: Any) -> None:
    assert meet(manner.mind)[1] == []


@pytest.mark.parametrize(
    "manner", [*itertools.islice(generated(SEED), GENERATED)], ids=lambda manner: manner.name
)
def test_a_generated_manner(manner: Manner, meet: Any) -> None:
    assert meet(manner.mind)[1] == []


@pytest.mark.parametrize("status", [300, 302, 307])
def test_a_redirect_is_not_followed_and_said(status: int, meet: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/v1/chat/completions"
        result, wrong = meet(redirecting(status, url))
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert wrong == []
    assert f"answered {status}, a redirect, and none is followed" in result["reason"]
    assert (result["usage"]["calls"], result["usage"]["usd"]) == (1, 0)


@pytest.mark.parametrize("name", ["endless drip", "dripping headers", "endless interim answers"])
def test_a_request_has_its_seconds_in_all_and_not_for_each_byte(name: str, meet: Any) -> None:
    result, _ = meet(_known(name))
    assert "gave no answer within 0.4 s" in result["reason"]
    assert result["usage"]["calls"] == 1, "a server that may have worked is not asked the same again"


@pytest.mark.parametrize("told", [("-1000000000", "-7"), ("NaN", "null")])
def test_usage_that_cannot_be_true_counts_as_the_most_it_can_be(told: tuple[str, str], meet: Any) -> None:
    result, wrong = meet(telling(*told))
    usage = result["usage"]
    assert wrong == []
    assert usage["completion_tokens"] == 4096 * usage["calls"]
    (said,) = marks(result, "usage")
    assert f"prompt_tokens of {usage['calls']} requests" in said


@pytest.mark.parametrize("name", ["all the money", "an answer beyond its limit"])
def test_a_server_that_keeps_no_limit_is_not_asked_again(name: str, meet: Any) -> None:
    result, wrong = meet(_known(name))
    assert (wrong, result["usage"]["calls"]) == ([], 1)
    assert "its server does not keep to --max-answer-tokens 4096" in result["reason"]


@pytest.mark.parametrize("arguments", UNREADABLE, ids=lambda text: ascii(text[:30]))
def test_arguments_that_nobody_can_read_do_not_hang_the_team(arguments: str, meet: Any) -> None:
    result, wrong = meet(calls(("collect", arguments)))
    assert wrong == []
    assert "answers in a row were no Report" in result["reason"], "the team went on"


def test_a_server_of_good_manners_is_believed(meet: Any) -> None:
    result, wrong = meet(sensible)
    assert (wrong, result["reason"], marks(result, "usage")) == ([], "", [])


def _known(name: str) -> Mind:
    (mind,) = [manner.mind for manner in known() if manner.name == name]
    return mind
