"""The rule model: a ChatCompletionClient that is a pure function of the messages it is sent.

It knows what a language model would know, nothing else: the type of answer it is asked for, which tells whose
step it is, the briefing, what the tools answered. It costs nothing and gives the same step for the same messages.
"""

import json
import logging
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from autogen_core import EVENT_LOGGER_NAME, FunctionCall
from autogen_core.logging import LLMCallEvent
from autogen_core.models import (
    AssistantMessage,
    CreateResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    RequestUsage,
    UserMessage,
)
from autogen_core.tools import Tool, ToolSchema
from pydantic import BaseModel

from agent.investigation import MAX_ROUNDS
from agent.team.messages import Briefing, Report, Step
from agent.team.models.client import CHARACTERS_PER_TOKEN, ModelClient

Decision = list[FunctionCall] | Step | Report
M = TypeVar("M", bound=BaseModel)


class RuleModel(ModelClient):
    """The embedded model."""

    def __init__(self) -> None:
        self._usage = RequestUsage(prompt_tokens=0, completion_tokens=0)

    async def step(
        self, messages: list[LLMMessage], tools: Sequence[Tool | ToolSchema], kind: type[BaseModel] | None
    ) -> CreateResult:
        """The next step for these messages."""
        step = decide(messages, kind, may_call=bool(tools))
        content = step if isinstance(step, list) else step.model_dump_json()
        used = RequestUsage(
            prompt_tokens=self.count_tokens(messages),
            completion_tokens=len(str(content)) // CHARACTERS_PER_TOKEN,
        )
        self._usage.prompt_tokens += used.prompt_tokens
        self._usage.completion_tokens += used.completion_tokens
        logging.getLogger(EVENT_LOGGER_NAME).info(
            LLMCallEvent(messages=[], response={}, prompt_tokens=used.prompt_tokens,
                         completion_tokens=used.completion_tokens)
        )  # fmt: skip
        reason: Literal["function_calls", "stop"] = "function_calls" if isinstance(step, list) else "stop"
        return CreateResult(finish_reason=reason, content=content, usage=used, cached=False)

    async def close(self) -> None:
        """Nothing is open."""

    def actual_usage(self) -> RequestUsage:
        """Tokens counted so far."""
        return self._usage


def decide(messages: Sequence[LLMMessage], kind: type[BaseModel] | None, *, may_call: bool) -> Decision:
    """The next step of the agent that answers in this kind; raises TypeError for one that nobody here has."""
    if kind is Step:
        return _command(messages)
    if kind is Report:
        return _investigate(messages, may_call=may_call)
    raise TypeError(f"asked for {kind and kind.__name__}; expected {Step.__name__} or {Report.__name__}")


def _command(messages: Sequence[LLMMessage]) -> Step:
    """Plan from the runbook in the briefing; when the report is there, conclude with its finding."""
    report = _heard(messages, Report)
    if report is None:
        briefing = _heard(messages, Briefing)
        return Step(
            kind="delegate",
            assignee="investigator",
            statement="Investigation plan created. Delegating root cause analysis to SRE Investigator.",
            queries=briefing.first_queries if briefing else [],
            finding=None,
        )
    statement = f"Accepted: {report.finding}." if report.finding else "No cause is carried by the evidence."
    return Step(kind="conclude", assignee=None, statement=statement, queries=[], finding=report.finding)


def _investigate(messages: Sequence[LLMMessage], *, may_call: bool) -> Decision:
    """Collect what the plan asks; diagnose; collect what the analyzers ask; until nothing is open."""
    done = _calls(messages)
    plan = _heard(messages, Step)
    diagnosed = json.loads(done[-1][1]) if done and done[-1][0].name == "diagnose" else None
    if may_call and diagnosed is None:
        if not done and plan and plan.queries:
            return [_call(len(done), "collect", queries=plan.queries)]
        return [_call(len(done), "diagnose")]
    diagnosed = diagnosed or {}
    rounds = sum(call.name == "diagnose" for call, _ in done)
    asked = {
        text for call, _ in done if call.name == "collect" for text in json.loads(call.arguments)["queries"]
    }
    fresh = [q["query"] for q in diagnosed.get("questions", []) if q["query"] not in asked]
    if may_call and fresh and rounds < MAX_ROUNDS:
        return [_call(len(done), "collect", queries=fresh)]
    statement = diagnosed.get("statement", "Analysis incomplete.")
    return Report(statement=statement, finding=diagnosed.get("finding"), claims=[])


def _call(number: int, name: str, **arguments: Any) -> FunctionCall:
    return FunctionCall(id=f"call-{number + 1}", name=name, arguments=json.dumps(arguments))


def _calls(messages: Sequence[LLMMessage]) -> list[tuple[FunctionCall, str]]:
    """Every tool call so far with its answer, in order."""
    answers = {
        result.call_id: result.content
        for message in messages
        if isinstance(message, FunctionExecutionResultMessage)
        for result in message.content
    }
    calls = [
        call
        for message in messages
        if isinstance(message, AssistantMessage) and isinstance(message.content, list)
        for call in message.content
    ]
    return [(call, answers[call.id]) for call in calls if call.id in answers]


def _heard(messages: Sequence[LLMMessage], kind: type[M]) -> M | None:
    """The newest message of that type said to this agent, or None."""
    for message in reversed(messages):
        if isinstance(message, UserMessage) and isinstance(message.content, str):
            try:
                return kind.model_validate_json(message.content)
            except ValueError:
                continue
    return None
