"""The client: what AutoGen asks of every model client, in one place for the rules and for the guard."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal

from autogen_core import CancellationToken
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    ModelCapabilities,
    ModelInfo,
    RequestUsage,
)
from autogen_core.tools import Tool, ToolSchema
from pydantic import BaseModel

CHARACTERS_PER_TOKEN = 4
MODEL_INFO = ModelInfo(
    vision=False, function_calling=True, json_output=True, structured_output=True, family="unknown"
)


class ModelClient(ChatCompletionClient):
    """A model that calls tools and answers in structure; a kind of it says what comes next, and what it used."""

    component_type = "model"

    @abstractmethod
    async def step(
        self, messages: list[LLMMessage], tools: Sequence[Tool | ToolSchema], kind: type[BaseModel] | None
    ) -> CreateResult:
        """What comes next: calls of these tools, or an answer of that kind (None: in words)."""

    async def create(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Tool | ToolSchema] = [],
        tool_choice: Tool | Literal["auto", "required", "none"] = "auto",
        json_output: bool | type[BaseModel] | None = None,
        extra_create_args: Mapping[str, Any] = {},
        cancellation_token: CancellationToken | None = None,
    ) -> CreateResult:
        """The next step, as AutoGen asks for it."""
        kind = json_output if isinstance(json_output, type) else None
        return await self.step(list(messages), tools if tool_choice != "none" else [], kind)

    async def create_stream(
        self, messages: Sequence[LLMMessage], **options: Any
    ) -> AsyncGenerator[str | CreateResult, None]:
        """The step as one piece: half an answer cannot be checked."""
        yield await self.create(messages, **options)

    def total_usage(self) -> RequestUsage:
        """Tokens so far."""
        return self.actual_usage()

    def count_tokens(self, messages: Sequence[LLMMessage], **options: Any) -> int:
        """A rough count: the true one needs tables that a client would download."""
        sent = [str(message.content) for message in messages] + [str(t) for t in options.get("tools", ())]
        return sum(map(len, sent)) // CHARACTERS_PER_TOKEN

    def remaining_tokens(self, messages: Sequence[LLMMessage], **options: Any) -> int:
        """Not known: the server says when its context is full, and the rules have none to fill."""
        return 1_000_000

    @property
    def capabilities(self) -> ModelCapabilities:
        """The older name of `model_info`, still abstract in the base class."""
        return self.model_info

    @property
    def model_info(self) -> ModelInfo:
        """It calls tools and answers in structure, whatever a server behind it can."""
        return MODEL_INFO
