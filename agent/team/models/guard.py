"""The guard: stands between the agents and a language model, and makes of any server what AutoGen expects.

AutoGen takes a model's text for its answer and ends the run when it does not validate; servers differ in
what they do when tools and an answer schema are sent together. So the two are never sent together, and an
answer that does not validate goes back to the model with what is wrong.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from autogen_core import FunctionCall
from autogen_core.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    RequestUsage,
    SystemMessage,
    UserMessage,
)
from autogen_core.tools import Tool, ToolSchema
from pydantic import BaseModel

from agent.team.models import answer
from agent.team.models.budget import Budget, BudgetError
from agent.team.models.client import ModelClient
from agent.team.models.spending import SpendingError

ATTEMPTS = 3
LONGEST_WORDS = 400


class ModelError(Exception):
    """The model cannot be used any further; the message is one short printable line for people.

    Some of its words are the server's. `refused` says that the server did not take the form of the request, so
    that a simpler one may do.
    """

    def __init__(self, words: str, *, refused: bool = False) -> None:
        line = "".join(c if c.isprintable() else " " for c in " ".join(words.split()))
        super().__init__(line[:LONGEST_WORDS])
        self.refused = refused


class Guard(ModelClient):
    """A language model that answers in structure, within its budget, or raises ModelError.

    `failure` keeps the words of the last ModelError: AutoGen's teams turn exceptions into text.
    """

    def __init__(self, model: ChatCompletionClient, budget: Budget) -> None:
        self.budget = budget
        self.failure = ""
        self._model = model
        self._forms = ["schema", "json", "prompt"]

    async def step(
        self, messages: list[LLMMessage], tools: Sequence[Tool | ToolSchema], kind: type[BaseModel] | None
    ) -> CreateResult:
        """Tool calls, or a text that validates; its usage is that of all attempts."""
        before = self.actual_usage()
        try:
            said = await self._say(messages, tools, kind)
        except (ModelError, BudgetError, SpendingError) as error:
            self.failure = str(error)
            raise ModelError(self.failure) from None
        now = self.actual_usage()
        said.usage = RequestUsage(
            now.prompt_tokens - before.prompt_tokens, now.completion_tokens - before.completion_tokens
        )
        return said

    async def _say(
        self, messages: list[LLMMessage], tools: Sequence[Tool | ToolSchema], kind: type[BaseModel] | None
    ) -> CreateResult:
        if tools:
            asked = messages if kind is None else _instructed(messages, kind)
            said = await self._ask(asked, tools=tools)
            if kind is None or not isinstance(said.content, str):
                return said
            try:
                said.content = self._read(said, kind)
            except answer.AnswerError as error:
                messages += _returned(said.content, error)
            else:
                return said
        return await self._structured(messages, kind) if kind else await self._ask(messages)

    async def _structured(self, messages: list[LLMMessage], kind: type[BaseModel]) -> CreateResult:
        """Ask for the answer alone, in the best form the server takes; what does not validate goes back."""
        for _ in range(ATTEMPTS):
            said = await self._formed(messages, kind)
            try:
                said.content = self._read(said, kind)
            except answer.AnswerError as error:
                messages = messages + _returned(_text(said), error)
                wrong = error
            else:
                return said
        raise ModelError(f"{ATTEMPTS} answers in a row were no {kind.__name__}: {wrong}")

    def _read(self, said: CreateResult, kind: type[BaseModel]) -> str:
        """The answer in what a model said; raises AnswerError."""
        try:
            return answer.read(_text(said), kind)
        except answer.AnswerError as error:
            if said.finish_reason != "length":
                raise
            cut = f"it was cut at --max-answer-tokens {self.budget.answer_tokens}"
            raise answer.AnswerError(f"{cut}. {error}") from None

    async def _formed(self, messages: list[LLMMessage], kind: type[BaseModel]) -> CreateResult:
        """One answer in structure; a form the server refuses is not tried again."""
        while True:
            try:
                return await self._ask(*_form(self._forms[0], messages, kind))
            except ModelError as error:
                if not error.refused or len(self._forms) == 1:
                    raise
                self._forms.pop(0)

    async def _ask(
        self,
        messages: list[LLMMessage],
        extra: Mapping[str, Any] | None = None,
        tools: Sequence[Tool | ToolSchema] = (),
    ) -> CreateResult:
        """One request, in the time the budget leaves; its wire counts it."""
        try:
            async with asyncio.timeout(self.budget.seconds_left):
                said = await self._model.create(messages, tools=tools, extra_create_args=extra or {})
        except TimeoutError:
            raise ModelError("it gave no answer in the time it had") from None
        if isinstance(said.content, list):  # some servers leave out the ids that join calls and results
            said.content = [
                FunctionCall(
                    id=call.id or f"call-{self.budget.calls}-{n}", name=call.name, arguments=call.arguments
                )
                for n, call in enumerate(said.content)
            ]
        return said

    async def close(self) -> None:
        """Close the connections to the server."""
        await self._model.close()

    def actual_usage(self) -> RequestUsage:
        """Tokens so far, with those reserved for a request under way."""
        return RequestUsage(self.budget.prompt_tokens, self.budget.completion_tokens)


def _text(said: CreateResult) -> str:
    return said.content if isinstance(said.content, str) else ""


def _form(
    form: str, messages: list[LLMMessage], kind: type[BaseModel]
) -> tuple[list[LLMMessage], dict[str, Any]]:
    """The messages and the extra arguments of a request for an answer in structure."""
    if form == "schema":
        named = {"name": kind.__name__, "schema": answer.schema(kind), "strict": True}
        return messages, {"response_format": {"type": "json_schema", "json_schema": named}}
    extra = {"response_format": {"type": "json_object"}} if form == "json" else {}
    return _instructed(messages, kind), extra


def _instructed(messages: list[LLMMessage], kind: type[BaseModel]) -> list[LLMMessage]:
    """The messages with the form of the answer in the system message."""
    words = answer.instruction(kind)
    first = messages[0] if messages else None
    if isinstance(first, SystemMessage):
        return [SystemMessage(content=f"{first.content}\n{words}"), *messages[1:]]
    return [SystemMessage(content=words), *messages]


def _returned(text: str, error: answer.AnswerError) -> list[LLMMessage]:
    """What a model said and why that is no answer."""
    return [
        AssistantMessage(content=text or "(nothing)", source="assistant"),
        UserMessage(content=f"That is not the answer asked for. {error} Give the answer as JSON, nothing else.",
                    source="user"),
    ]  # fmt: skip
