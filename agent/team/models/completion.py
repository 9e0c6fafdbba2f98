"""Completions: the body a server answers with, read into the little that is used of it."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import from_json

MOST_CALLS = 32
LONGEST_NAME = 128
NO_OBJECT = "(no JSON object)"


class CompletionError(ValueError):
    """A body that is no chat completion; the message says where."""


def _one_object(arguments: Any) -> Any:
    """The arguments of a call as the text of one JSON object, which some servers give as the object itself.

    What is none is replaced by words: AutoGen tells the model that they are no JSON, whereas a team hangs on
    JSON too deep or a number too long to read (microsoft/autogen issue 7956).
    """
    try:
        read = from_json(arguments) if isinstance(arguments, str) else arguments
        return json.dumps(read, ensure_ascii=False) if isinstance(read, dict) else NO_OBJECT
    except (ValueError, RecursionError):
        return NO_OBJECT


class _Function(BaseModel):
    name: str = Field(max_length=LONGEST_NAME)
    arguments: Annotated[str, BeforeValidator(_one_object)]


class _Call(BaseModel):
    id: str | None = Field(default=None, max_length=LONGEST_NAME)
    function: _Function


class _Message(BaseModel):
    content: str | None = None
    tool_calls: list[_Call] | None = Field(default=None, max_length=MOST_CALLS)


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Body(BaseModel):
    choices: list[_Choice] = Field(min_length=1, max_length=1)  # no more than one is asked for
    usage: Any = None


@dataclass(frozen=True)
class Completion:
    """An answer: its message and finish_reason in the words of the protocol, and the usage as it was told."""

    message: dict[str, Any]
    finish_reason: str | None
    usage: Any

    @property
    def size(self) -> int:
        """Bytes that the model itself has written: its text, and the names and arguments of its calls."""
        calls = [call["function"] for call in self.message.get("tool_calls", ())]
        texts = [self.message["content"] or "", *(call["name"] + call["arguments"] for call in calls)]
        return sum(len(text.encode()) for text in texts)


def read(body: bytes) -> Completion:
    """The completion in a body; raises CompletionError."""
    try:
        read = _Body.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        raise CompletionError(f"{place[:80]}: {first['msg'][:120]}") from None
    (choice,) = read.choices
    calls = [
        {"id": call.id or "", "type": "function", "function": call.function.model_dump()}
        for call in choice.message.tool_calls or ()
    ]
    message = {"role": "assistant", "content": choice.message.content} | (
        {"tool_calls": calls} if calls else {}
    )
    return Completion(message, choice.finish_reason, read.usage)
