"""A language model behind the OpenAI protocol: the same team and tools, whatever manners its server has."""

import json
from pathlib import Path

import pytest

from agent.cli import run
from tests.team.runs import FREE, PRICED, Run, by_rules, marks
from tests.team.server import Body, Reply, calling, refusing, saying, sensible, serving, text_of


def test_a_model_delegates_collects_diagnoses_reports_and_concludes(
    investigate: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(sensible) as server:
        result = investigate(server.url, *FREE)
    assert (result["outcome"], result["cause"]) == ("diagnosed", "cpu-traffic-spike")
    assert (result["usage"]["model"], result["reason"]) == ("openai:stub-1", "")
    said = [(m["source"], m["kind"]) for m in result["transcript"] if m["kind"] in ("answer", "tool-call")]
    assert (said[0], said[-2:]) == (
        ("commander", "answer"), [("investigator", "answer"), ("commander", "answer")],
    )  # fmt: skip
    assert {call.split()[0] for call in marks(result, "tool-call")} == {"collect", "diagnose"}
    rules = by_rules(capsys)
    assert [result[part] for part in ("entity", "claims", "recommendations", "chain")] == [
        rules[part] for part in ("entity", "claims", "recommendations", "chain")
    ]


def test_tools_and_an_answer_schema_are_never_sent_together(investigate: Run) -> None:
    with serving(sensible) as server:
        investigate(server.url, *FREE)
    assert [r for r in server.requests if "tools" in r and "response_format" in r] == []
    assert [r for r in server.requests if "tools" in r] and [
        r for r in server.requests if "response_format" in r
    ]


def test_the_schema_of_an_answer_is_one_that_strict_servers_take(investigate: Run) -> None:
    with serving(sensible) as server:
        investigate(server.url, *FREE)
    (first, *_) = [r["response_format"]["json_schema"] for r in server.requests if "response_format" in r]
    assert first["strict"] is True
    assert first["schema"]["additionalProperties"] is False
    assert set(first["schema"]["required"]) == set(first["schema"]["properties"])


def test_usage_is_the_sum_of_all_requests(investigate: Run) -> None:
    with serving(sensible) as server:
        usage = investigate(server.url, *PRICED)["usage"]
    assert usage["calls"] == len(server.requests)
    assert usage["prompt_tokens"] == sum(told["prompt_tokens"] for told in server.usages)
    assert usage["completion_tokens"] == sum(told["completion_tokens"] for told in server.usages)
    assert usage["usd"] == pytest.approx(
        (usage["prompt_tokens"] * 2 + usage["completion_tokens"] * 8) / 1e6, abs=1e-6
    )


def test_usage_a_server_does_not_report_is_the_most_it_can_be_and_that_is_said(investigate: Run) -> None:
    def silent(body: Body) -> Reply:
        reply = sensible(body)
        assert isinstance(reply.body, dict)
        del reply.body["usage"]
        return reply

    with serving(silent) as server:
        result = investigate(server.url, *PRICED)
    count = len(server.requests)
    assert (result["cause"], result["usage"]["completion_tokens"]) == ("cpu-traffic-spike", 4096 * count)
    assert result["usage"]["prompt_tokens"] == sum(-(-size // 2) for size in server.sizes)
    (said,) = marks(result, "usage")
    assert f"prompt_tokens of {count} requests, completion_tokens of {count} requests" in said


def test_every_request_limits_the_answer(investigate: Run) -> None:
    with serving(sensible) as server:
        investigate(server.url, *FREE, "--max-answer-tokens", "1234")
    assert {request.get("max_tokens") for request in server.requests} == {1234}


def test_a_server_that_knows_the_limit_by_its_newer_name_only(investigate: Run) -> None:
    def newer(body: Body) -> Reply:
        if "max_tokens" in body:
            return refusing(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        return sensible(body)

    with serving(newer) as server:
        result = investigate(server.url, *FREE)
    assert (result["cause"], result["reason"]) == ("cpu-traffic-spike", "")
    assert [request.get("max_completion_tokens") for request in server.requests[1:]] == [4096] * (
        len(server.requests) - 1
    )


def test_fences_and_words_around_an_answer_are_dropped(investigate: Run) -> None:
    def fencing(body: Body) -> Reply:
        reply = sensible(body)
        text = text_of(reply)
        return reply if text is None else saying(f"Here you are:\n```json\n{text}\n```\nAnything else?")

    with serving(fencing) as server:
        result = investigate(server.url, *FREE)
    assert (result["cause"], result["usage"]["model"]) == ("cpu-traffic-spike", "openai:stub-1")


def test_prose_is_answered_with_what_is_wrong_and_asked_again(investigate: Run) -> None:
    prosaic = iter([True])

    def mind(body: Body) -> Reply:
        return saying("Sure, I will look into it.") if next(prosaic, False) else sensible(body)

    with serving(mind) as server:
        result = investigate(server.url, *FREE)
    assert (result["cause"], result["reason"]) == ("cpu-traffic-spike", "")
    assert "no JSON object" in server.requests[1]["messages"][-1]["content"]


def test_an_answer_that_lacks_a_field_is_told_which(investigate: Run) -> None:
    lacking = iter([True])

    def mind(body: Body) -> Reply:
        return saying('{"kind": "delegate"}') if next(lacking, False) else sensible(body)

    with serving(mind) as server:
        assert investigate(server.url, *FREE)["reason"] == ""
    assert "assignee: Field required" in server.requests[1]["messages"][-1]["content"]


def test_a_final_answer_given_as_prose_after_tools_is_asked_for_again_without_tools(investigate: Run) -> None:
    def mind(body: Body) -> Reply:
        reply = sensible(body)
        return saying("I have found it.") if "tools" in body and text_of(reply) is not None else reply

    with serving(mind) as server:
        result = investigate(server.url, *FREE)
    assert (result["cause"], result["reason"]) == ("cpu-traffic-spike", "")


@pytest.mark.parametrize("takes", ["json_object", "nothing"])
def test_a_server_without_structured_output_is_asked_in_a_simpler_form(investigate: Run, takes: str) -> None:
    def simple(body: Body) -> Reply:
        if body.get("response_format", {}).get("type", takes) != takes:
            return refusing(400, "response_format is not supported")
        return sensible(body)

    with serving(simple) as server:
        result = investigate(server.url, *FREE)
    assert (result["cause"], result["reason"]) == ("cpu-traffic-spike", "")
    assert "JSON Schema" in server.last["messages"][0]["content"]
    refused = [r for r in server.requests if r.get("response_format", {}).get("type", takes) != takes]
    assert len(refused) == (1 if takes == "json_object" else 2), "a form that was refused is not tried again"


def test_calls_without_ids_are_given_some(investigate: Run) -> None:
    def nameless(body: Body) -> Reply:
        step = sensible(body)
        assert isinstance(step.body, dict)
        for call in step.body["choices"][0]["message"].get("tool_calls") or []:
            call["id"] = ""
        return step

    with serving(nameless) as server:
        assert investigate(server.url, *FREE)["cause"] == "cpu-traffic-spike"


def test_a_server_that_is_busy_is_asked_again(investigate: Run) -> None:
    busy = iter([True, True])

    def mind(body: Body) -> Reply:
        return refusing(429, "slow down") if next(busy, False) else sensible(body)

    with serving(mind) as server:
        result = investigate(server.url, *FREE)
    assert (result["cause"], result["reason"]) == ("cpu-traffic-spike", "")


def test_the_key_comes_from_a_file(investigate: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-of-the-file\n")
    with serving(sensible) as server:
        investigate(server.url, *FREE, "--model-key-file", str(tmp_path / "key"))
    assert set(server.keys) == {"Bearer sk-of-the-file"}


def test_a_server_of_ones_own_needs_no_key(investigate: Run) -> None:
    with serving(sensible) as server:
        investigate(server.url, *FREE)
    assert set(server.keys) == {"Bearer none"}


def test_a_key_the_server_repeats_is_not_shown(investigate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "topsecretword")
    with serving(lambda body: refusing(401, "the key topsecretword is not valid")) as server:
        result = investigate(server.url, *FREE)
    assert "401" in result["reason"]
    assert "topsecretword" not in json.dumps(result) + investigate.progress


def test_a_tool_that_does_not_exist_harms_nothing(investigate: Run) -> None:
    from autogen_core import FunctionCall

    tried = iter([True])

    def mind(body: Body) -> Reply:
        if "tools" in body and next(tried, False):
            return calling([FunctionCall(id="x", name="shell", arguments='{"command": "id"}')])
        if "tools" in body and len([m for m in body["messages"] if m["role"] == "tool"]) == 1:
            return calling([FunctionCall(id="d", name="diagnose", arguments="{}")])
        return sensible(body)

    with serving(mind) as server:
        result = investigate(server.url, *FREE)
    assert marks(result, "tool-error") and result["outcome"] == "diagnosed"


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--model", "openai"], "expected rules or openai:NAME"),
        (["--model", "os.system"], "expected rules or openai:NAME"),
        (["--model", "openai_evil.module.Client:x"], "expected rules or openai:NAME"),
        (["--model", "openai:m", "--max-usd", "0"], "needs a key"),
        (["--model", "openai:m", "--model-url", "localhost:1"], "expected http://"),
        (["--model", "openai:m", "--model-url", "http://localhost:1"], "give --usd-per-mtok-in"),
        (["--model", "openai:m", *PRICED, "--max-usd-per-day", "1"], "needs --budget-file"),
        (["--model", "openai:m", *PRICED, "--max-usd", "-1"], "expected 0 to 1000000000"),
        (["--model", "openai:m", *PRICED, "--max-usd", "nan"], "expected 0 to"),
        (["--model", "openai:m", *PRICED, "--usd-per-mtok-in", "1e308"], "expected 0 to"),
        (["--model", "openai:m", *PRICED, "--max-answer-tokens", "0"], "expected 1 to 131072"),
        (
            ["--model", "openai:m", *PRICED, "--model-key-file", "nowhere"],
            "cannot read --model-key-file nowhere",
        ),
    ],
)
def test_a_setting_that_cannot_work_is_said_on_one_line(
    options: list[str], wrong: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert run(["investigate", *options, "--alert-base64", "SGlnaCBDUFUgb24geA=="]) == 2
    said = capsys.readouterr()
    assert wrong in said.err and said.err.count("\n") == 1 and said.out == ""
