"""A language model that gives no verdict: the run ends with the one of the rules, marked so."""

import json
import re
import socket
import threading
from pathlib import Path

import pytest
from autogen_core import FunctionCall

from agent.team import fallback
from agent.team.messages import Report, Step
from tests.team.runs import FREE, PRICED, Run, marks, start
from tests.team.server import (
    Body,
    Mind,
    Reply,
    asked_for,
    calling,
    refusing,
    saying,
    sensible,
    serving,
    text_of,
)

BOTH = "openai:stub-1, then rules"


def _fell_back(investigate: Run, mind: Mind, *options: str) -> dict[str, object]:
    """The result of a run whose verdict has to be the rules', with its marks checked."""
    with serving(mind) as server:
        result: dict[str, object] = investigate(server.url, *(options or FREE))
    assert (result["outcome"], result["cause"]) == ("diagnosed", "cpu-traffic-spike")
    assert result["usage"]["model"] == BOTH  # type: ignore[index]
    assert marks(result, "fallback") == [result["reason"]]
    assert "gave no verdict" in investigate.progress
    return result


def _concluding(finding: str | None) -> Mind:
    """A model that does its work, but for the finding it concludes with."""

    def mind(body: Body) -> Reply:
        text = text_of(sensible(body))
        if text is not None and '"kind":"conclude"' in text:
            return saying(
                Step.model_validate_json(text).model_copy(update={"finding": finding}).model_dump_json()
            )
        return sensible(body)

    return mind


def test_a_model_that_speaks_prose_for_ever(investigate: Run) -> None:
    result = _fell_back(investigate, lambda body: saying("I am only a language model."))
    assert "3 answers in a row were no Step" in str(result["reason"])
    assert result["usage"]["calls"] == 3  # type: ignore[index]


def test_a_model_that_thinks_until_it_is_cut(investigate: Run) -> None:
    def mind(body: Body) -> Reply:
        reply = saying("")
        assert isinstance(reply.body, dict)
        reply.body["choices"][0]["finish_reason"] = "length"
        return reply

    assert "were no Step: it was cut at --max-answer-tokens 4096" in str(
        _fell_back(investigate, mind)["reason"]
    )


def test_a_server_that_fails(investigate: Run) -> None:
    result = _fell_back(investigate, lambda body: refusing(500, "out of memory"))
    assert "its server answered 500: " in str(result["reason"]) and "out of memory" in str(result["reason"])
    usage = result["usage"]
    assert usage["calls"] == 3, "the client's own retries are requests, too"  # type: ignore[index]
    assert usage["completion_tokens"] == 3 * 4096, "behind a 500 a model may have worked"  # type: ignore[index]


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_request_that_no_model_has_seen_costs_nothing(investigate: Run, status: int) -> None:
    usage = _fell_back(investigate, lambda body: refusing(status, "not now"), *PRICED)["usage"]
    assert usage["calls"] == (1 if status == 401 else 3)  # type: ignore[index]
    assert (usage["prompt_tokens"], usage["usd"]) == (0, 0)  # type: ignore[index]


def test_a_server_that_fails_in_the_middle_leaves_its_evidence_to_the_rules(investigate: Run) -> None:
    def mind(body: Body) -> Reply:
        told = [m for m in body["messages"] if m["role"] == "tool"]
        return refusing(503, "gone for lunch") if len(told) > 1 else sensible(body)

    result = _fell_back(investigate, mind)
    calls = marks(result, "tool-call")
    asked = [call for call in calls if call.startswith("collect")]
    assert calls[0].startswith("diagnose") and len(asked) == len(set(asked)), (
        "what was read is not asked again"
    )


def test_a_model_that_spends_all_reads_leaves_some_to_the_rules(investigate: Run) -> None:
    useless = json.dumps({"queries": [f"get Node n{number}" for number in range(200)]})

    def mind(body: Body) -> Reply:
        if any(m["role"] == "tool" for m in body["messages"]):
            return refusing(500, "done with it")
        return (
            calling([FunctionCall(id="", name="collect", arguments=useless)])
            if "tools" in body
            else sensible(body)
        )

    result = _fell_back(investigate, mind)
    assert len(result["evidence"]) > 120  # type: ignore[arg-type]


def test_a_server_that_is_gone(investigate: Run) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    result = investigate(url, *FREE)
    assert (result["cause"], result["usage"]["model"]) == ("cpu-traffic-spike", BOTH)
    assert "cannot be reached" in result["reason"]


def test_a_server_that_is_too_slow_leaves_time_to_the_rules(
    investigate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fallback, "RULES_SECONDS", 58.0
    )  # of the 60, so that this takes no longer than it must
    monkeypatch.setattr(fallback, "RULES_SHARE", 1.0)
    with serving(lambda body: Reply(str(server.closing.wait(60)))) as server:
        result = investigate(server.url, *FREE, "--deadline", "60")
    assert (result["outcome"], result["usage"]["model"]) == ("diagnosed", BOTH)
    assert re.search("deadline|are over|no answer", result["reason"])


def test_sigterm_while_the_model_thinks_ends_the_run_without_asking_the_rules(tmp_path: Path) -> None:
    asked = threading.Event()

    def thinking(body: Body) -> Reply:
        asked.set()
        return Reply(str(server.closing.wait(60)))

    with serving(thinking) as server:
        process = start(server.url, *FREE, "--output", str(tmp_path))
        assert asked.wait(60), process.communicate()
        process.terminate()
        out, err = process.communicate(timeout=60)
    result = json.loads(out)
    assert (process.returncode, result["outcome"]) == (1, "failed"), err
    assert "terminated" in result["reason"] and marks(result, "fallback") == []
    assert "Traceback" not in err
    assert json.loads((tmp_path / "result.json").read_text()) == result


def test_a_request_that_takes_too_long(investigate: Run) -> None:
    with serving(lambda body: Reply(str(server.closing.wait(60)))) as server:
        result = investigate(server.url, *PRICED, "--model-timeout", "0.1")
    assert "gave no answer within 0.1 s" in result["reason"]
    assert len(server.requests) == result["usage"]["calls"] == 1
    assert result["usage"]["usd"] == pytest.approx(
        (-(-server.sizes[0] // 2) * 2 + 4096 * 8) / 1e6, abs=1e-6
    ), "the server may have worked, and charge for it"


@pytest.mark.parametrize("page", ["<html>Welcome</html>", '{"object": "list"}', '{"choices": []}'])
def test_a_server_that_speaks_another_protocol(investigate: Run, page: str) -> None:
    result = _fell_back(investigate, lambda body: Reply(page))
    assert "another protocol" in str(result["reason"])


def test_a_model_that_takes_no_tools(investigate: Run) -> None:
    def mind(body: Body) -> Reply:
        return refusing(400, "this model does not support tools") if "tools" in body else sensible(body)

    assert "does not support tools" in str(_fell_back(investigate, mind)["reason"])


def test_a_model_that_collects_the_same_for_ever_is_refused_and_has_to_report(investigate: Run) -> None:
    same = FunctionCall(id="", name="collect", arguments='{"queries": ["get Node n1"]}')

    def mind(body: Body) -> Reply:
        return calling([same]) if "tools" in body else sensible(body)

    with serving(mind) as server:
        result = investigate(server.url, *FREE)
    assert [text for text in marks(result, "tool-result") if text.startswith("Refused")]
    assert result["cause"] == "cpu-traffic-spike", result["reason"]
    assert len([q for q in result["evidence"] if q["query"] == "get Node n1"]) == 1


def test_a_model_that_delegates_for_ever(investigate: Run) -> None:
    step = Step(kind="delegate", assignee="investigator", statement="Go on.", queries=[], finding=None)
    report = Report(statement="Nothing yet.", finding=None, claims=[])

    def mind(body: Body) -> Reply:
        return saying((step if asked_for(body) is Step else report).model_dump_json())

    assert "came to no conclusion" in str(_fell_back(investigate, mind)["reason"])


def test_a_model_that_concludes_at_once(investigate: Run) -> None:
    step = Step(kind="conclude", assignee=None, statement="All is well.", queries=[], finding=None)
    result = _fell_back(investigate, lambda body: saying(step.model_dump_json()))
    assert "without reading evidence" in str(result["reason"])


def test_a_model_that_reads_but_never_asks_for_a_diagnosis(investigate: Run) -> None:
    def mind(body: Body) -> Reply:
        if "tools" not in body:
            return sensible(body)
        if not any(m["role"] == "tool" for m in body["messages"]):
            return calling([FunctionCall(id="", name="collect", arguments='{"queries": ["list Node *"]}')])
        return saying(Report(statement="Looks fine.", finding=None, claims=[]).model_dump_json())

    assert "without asking what the evidence means" in str(_fell_back(investigate, mind)["reason"])


def test_a_finding_that_does_not_exist(investigate: Run) -> None:
    result = _fell_back(investigate, _concluding("alien-invasion@shop/Deployment/payment-service"))
    assert "alien-invasion" in str(result["reason"]) and "no finding" in str(result["reason"])


def test_a_model_may_doubt_a_finding_it_was_shown(investigate: Run) -> None:
    with serving(_concluding(None)) as server:
        result = investigate(server.url, *FREE)
    assert (result["outcome"], result["cause"], result["reason"]) == ("inconclusive", None, "")
    assert "The model doubts what the analyzers found" in result["summary"]


def test_the_cap_on_tokens(investigate: Run) -> None:
    result = _fell_back(investigate, sensible, *FREE, "--max-tokens", "9000")
    assert "--max-tokens 9000" in str(result["reason"])
    assert 0 < result["usage"]["prompt_tokens"] <= 9000  # type: ignore[index]


def test_the_cap_on_dollars(investigate: Run) -> None:
    dear = ["--usd-per-mtok-in", "100", "--usd-per-mtok-out", "100", "--max-usd", "0.8"]
    result = _fell_back(investigate, sensible, *dear)
    assert "--max-usd 0.8" in str(result["reason"])
    assert 0 < result["usage"]["usd"] <= 0.8  # type: ignore[index]


def test_the_cap_of_the_day_holds_over_runs(investigate: Run, tmp_path: Path) -> None:
    priced = ["--usd-per-mtok-in", "0.001", "--usd-per-mtok-out", "100", "--max-usd", "0"]
    daily = ["--budget-file", str(tmp_path / "spent.json"), "--max-usd-per-day", "0.5"]
    with serving(sensible) as server:
        first = investigate(server.url, *priced, *daily)
        second = investigate(server.url, *priced, *daily)
    assert (first["usage"]["model"], first["reason"]) == ("openai:stub-1", "")
    assert second["usage"]["model"] == BOTH and "--max-usd-per-day 0.5" in second["reason"]
    spent = first["usage"]["usd"] + second["usage"]["usd"]
    assert spent == pytest.approx(sum(json.loads((tmp_path / "spent.json").read_text()).values()), abs=1e-5)
    assert spent <= 0.5
