"""The wire to a model server: each request is reserved before it leaves, each answer bounded in bytes and time."""

import asyncio
import ssl
from functools import cache
from typing import Any

import httpx2

from agent.team.models import completion
from agent.team.models.budget import Budget, Reserved
from agent.team.models.guard import ModelError
from agent.team.models.usage import NOTHING, Usage, UsageError, believe, least

BYTES_PER_TOKEN = 32  # an escaped character is 6 or 12 bytes, and some tokens are several
BYTES_AROUND = 64 * 1024
RETRY_HEADERS = ("retry-after", "retry-after-ms", "x-should-retry")
UNAVAILABLE = 503


class Wire(httpx2.AsyncClient):
    """The HTTP client below the library's: whatever the library sends, its own retries too, passes `send`.

    `seconds` bounds a request from its first byte to the last of its answer. Nothing is redirected, nothing is
    unpacked, and the library sees no other body of a completion than one that was read and written anew.
    """

    def __init__(self, budget: Budget, seconds: float, url: str) -> None:
        super().__init__(
            verify=_trusting_nobody() if httpx2.URL(url).scheme == "http" else _trusting_authorities(),
            timeout=None,
            follow_redirects=False,
            headers={"accept-encoding": "identity"},
        )
        self._budget = budget
        self._seconds = seconds
        self._most_bytes = BYTES_AROUND + BYTES_PER_TOKEN * budget.answer_tokens

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """One request; raises BudgetError and SpendingError before it is sent, ModelError for what came back."""
        sent = len(await request.aread())
        reserved = await self._budget.reserve(sent)  # stays counted unless the answer says what it was
        try:
            async with asyncio.timeout(self._seconds):
                status, headers, body = await self._exchange(request, options)
        except httpx2.ConnectError:  # nothing has left
            await self._budget.settle(reserved, NOTHING)
            raise
        except TimeoutError:
            raise ModelError(f"its server gave no answer within {self._seconds:g} s") from None
        if 200 <= status < 300:
            return httpx2.Response(200, json=await self._read(body, sent, reserved), request=request)
        if status < 500 or status == UNAVAILABLE:  # no model was asked; behind other errors one may have been
            await self._budget.settle(reserved, NOTHING)
        if 300 <= status < 400:
            raise ModelError(f"its server answered {status}, a redirect, and none is followed")
        return httpx2.Response(status, headers=headers, content=body, request=request)

    async def _read(self, body: bytes, sent: int, reserved: Reserved) -> dict[str, Any]:
        """A completion as the library gets it, and what it used settled."""
        try:
            answer = completion.read(body)
            used, wrong = believe(answer.usage, least(sent, answer.size), reserved.most)
        except completion.CompletionError as error:
            raise ModelError(f"its server answers in another protocol ({error})") from None
        except UsageError as error:
            raise ModelError(f"its server {error}") from None
        await self._budget.settle(reserved, used)
        self._budget.doubt(wrong)
        return _told(answer, used)

    async def _exchange(
        self, request: httpx2.Request, options: dict[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, the headers that are used, and the bounded body of an answer."""
        response = await super().send(request, **{**options, "stream": True, "follow_redirects": False})
        try:
            if (packed := response.headers.get("content-encoding", "identity")) != "identity":
                raise ModelError(f"its server answered in {packed[:20]!r}, which was not asked for")
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > self._most_bytes:
                    raise ModelError(f"its server answered with more than {self._most_bytes // 1024} KiB")
        finally:
            await response.aclose()
        headers = {name: response.headers[name] for name in RETRY_HEADERS if name in response.headers}
        return response.status_code, headers, bytes(body)


@cache
def _trusting_authorities() -> ssl.SSLContext:
    """The TLS of a process: reading the certificates of all authorities takes 25 ms."""
    return httpx2.create_ssl_context()


def _trusting_nobody() -> ssl.SSLContext:
    """The TLS of a server that is asked without it: whoever would speak it all the same is refused."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _told(answer: completion.Completion, used: Usage) -> dict[str, Any]:
    """A completion in the words of the protocol, of nothing but what was read."""
    return {
        "id": "", "object": "chat.completion", "created": 0, "model": "",
        "choices": [{"index": 0, "message": answer.message, "finish_reason": answer.finish_reason}],
        "usage": {
            "prompt_tokens": used.prompt, "completion_tokens": used.answer, "total_tokens": used.prompt + used.answer,
        },
    }  # fmt: skip
