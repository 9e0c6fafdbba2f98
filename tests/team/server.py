"""A server of the OpenAI chat completions protocol on the loopback interface, with a model of any manners.

What it answers is decided by a function of the request; `sensible` is a model that does its work, by the
steps of the rule model, read from the request alone and told in the words of the protocol.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from autogen_core import FunctionCall
from autogen_core.models import (
    AssistantMessage,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    SystemMessage,
    UserMessage,
)
from pydantic import BaseModel

from agent.team.messages import Report, Step
from agent.team.models.rules import decide
from tests import loopback

Body = dict[str, Any]


@dataclass
class Reply:
    """What the server sends back; a body that is no JSON object is sent as it is."""

    body: Body | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Raw:
    """Bytes as they go over the wire, status line and all; `reset` drops the connection behind them."""

    pieces: Iterable[bytes]
    reset: bool = False


Mind = Callable[[Body], Reply | Raw]


@dataclass
class ModelServer:
    """The address, and every request so far: its body, key and size in bytes, and the usage it was told."""

    url: str = ""
    requests: list[Body] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    usages: list[Body] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def last(self) -> Body:
        """The newest request."""
        return self.requests[-1]


@contextmanager
def serving(mind: Mind) -> Iterator[ModelServer]:
    """A server whose requests are answered by `mind`; `closing` is set when it has to let go."""
    server = ModelServer()

    class Handler(loopback.Handler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["content-length"]))
            body = json.loads(sent)
            server.requests.append(body)
            server.sizes.append(len(sent))
            server.keys.append(self.headers.get("authorization", ""))
            reply = mind(body)
            try:
                if isinstance(reply, Raw):
                    self._pour(reply)
                    return
                if isinstance(reply.body, dict) and reply.body.get("usage", ...) is None:
                    reply.body["usage"] = _usage(sent, reply.body)
                    server.usages.append(reply.body["usage"])
                text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
                self.send_response(reply.status)
                for name, value in {"content-type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:
                pass  # the client has gone: that is what some tests are about

        def _pour(self, raw: Raw) -> None:
            """Write until all is written or the client has gone."""
            self.close_connection = True
            for piece in raw.pieces:
                self.wfile.write(piece)
            if raw.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    with loopback.serving(Handler) as address:
        server.url = f"{address}/v1"
        try:
            yield server
        finally:
            server.closing.set()


def sensible(body: Body) -> Reply:
    """What a model says that does its work."""
    step = decide(_heard(body["messages"]), asked_for(body), may_call="tools" in body)
    return calling(step) if isinstance(step, list) else saying(step.model_dump_json())


def asked_for(body: Body) -> type[BaseModel]:
    """The type of the answer asked for: by the schema of the request, else by the one that ends its instructions."""
    form = body.get("response_format", {}).get("json_schema")
    schema = form["schema"] if form else json.loads(body["messages"][0]["content"].splitlines()[-1])
    return {kind.__name__: kind for kind in (Step, Report)}[schema["title"]]


def saying(text: str) -> Reply:
    """An answer in text."""
    return _completion({"role": "assistant", "content": text}, "stop")


def calling(calls: list[FunctionCall]) -> Reply:
    """An answer that calls tools."""
    told = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    return _completion({"role": "assistant", "content": None, "tool_calls": told}, "tool_calls")


def refusing(status: int, words: str) -> Reply:
    """An error, to be tried again at once where a client tries again."""
    return Reply({"error": {"message": words, "type": "error"}}, status, {"retry-after-ms": "1"})


def text_of(reply: Reply) -> str | None:
    """The text of an answer, or None where it calls tools."""
    assert isinstance(reply.body, dict)
    text: str | None = reply.body["choices"][0]["message"]["content"]
    return text


def _completion(message: Body, reason: str) -> Reply:
    return Reply(
        {
            "id": "c", "object": "chat.completion", "created": 1, "model": "stub-1",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": None,  # counted where the size of the request is known
        }
    )  # fmt: skip


def _usage(sent: bytes, body: Body) -> Body:
    """A token for four characters, as most tokenizers come out."""
    prompt, answer = len(sent) // 4, len(json.dumps(body["choices"][0]["message"])) // 4
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _heard(told: list[Body]) -> list[LLMMessage]:
    """The messages of a request as the rule model reads them."""
    return [_message(message) for message in told]


def _message(told: Body) -> LLMMessage:
    match told["role"]:
        case "system":
            return SystemMessage(content=told["content"])
        case "tool":
            result = FunctionExecutionResult(
                content=told["content"], name="", call_id=told["tool_call_id"], is_error=False
            )
            return FunctionExecutionResultMessage(content=[result])
        case "assistant" if told.get("tool_calls"):
            calls = [FunctionCall(id=c["id"], **c["function"]) for c in told["tool_calls"]]
            return AssistantMessage(content=calls, source="assistant")
        case "assistant":
            return AssistantMessage(content=told["content"], source="assistant")
        case _:
            return UserMessage(content=told["content"], source="user")
