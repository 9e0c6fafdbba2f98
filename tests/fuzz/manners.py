"""Manners of HTTP servers: each takes the answer that would be right, and yields what is sent instead.

A manner yields bytes to send, seconds to wait (a float), or None to reset the connection.
"""

import gzip
import json
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BufferedIOBase
from typing import Any, Self

from tests.fuzz.mutation import hostile, mutate_bytes, mutate_data, mutate_text
from tests.hostile import values

ELSEWHERE = "/v1/elsewhere"
"""Where redirects lead to; nobody may ask for it."""
Step = bytes | float | None
_HTML = b"<html><head><title>404 Not Found</title></head><body><center>nginx</center></body></html>"
_ENDLESS = 3000  # pieces of 64 KiB, or drops of a drip: more than anybody should take


@dataclass(frozen=True)
class Request:
    """One request as it was received."""

    method: str
    target: str
    body: bytes

    @property
    def role(self) -> str:
        """Which of the three servers was meant: api, prometheus or model."""
        return {"prometheus": "prometheus", "v1": "model"}.get(self.target.split("/")[1].split("?")[0], "api")

    @classmethod
    def read(cls, stream: BufferedIOBase) -> Self | None:
        """The next request of a connection; None at its end."""
        first = stream.readline(65536).decode("latin-1").split()
        if len(first) < 2:
            return None
        length = 0
        while line := stream.readline(65536).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return cls(first[0], first[1], stream.read(length))


@dataclass(frozen=True)
class Good:
    """The right answer."""

    status: int
    body: bytes
    type: str = "application/json"


Manner = Callable[[random.Random, Good], Iterator[Step]]
MANNERS: dict[str, Manner] = {}


def send(connection: socket.socket, steps: Iterator[Step]) -> bool:
    """Do what a manner says; returns whether the connection lives on."""
    try:
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif step is None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                return False
            else:
                time.sleep(step)
    except OSError:
        return False
    return True


def _manner(function: Manner) -> Manner:
    MANNERS[function.__name__.strip("_")] = function
    return function


def _head(status: int, *headers: str, type: str = "application/json") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Said", f"Content-Type: {type}", *headers, "", ""]).encode(
        "utf-8", "surrogatepass"
    )


def _whole(status: int, body: bytes, *headers: str, type: str = "application/json") -> bytes:
    return _head(status, f"Content-Length: {len(body)}", *headers, type=type) + body


@_manner
def well(chance: random.Random, good: Good) -> Iterator[Step]:
    yield _whole(good.status, good.body, type=good.type)


@_manner
def html(chance: random.Random, good: Good) -> Iterator[Step]:
    yield _whole(chance.choice([200, 400, 401, 403, 404, 410, 500, 502, 503]), _HTML, type="text/html")


@_manner
def redirect(chance: random.Random, good: Good) -> Iterator[Step]:
    where = chance.choice(
        [ELSEWHERE, "//127.0.0.1:1/x", "file:///etc/passwd", "http://[", "", f"{ELSEWHERE}\x00"]
    )
    yield _whole(chance.choice([301, 302, 303, 307, 308]), b"", f"Location: {where}")


@_manner
def endless(chance: random.Random, good: Good) -> Iterator[Step]:
    yield _head(200)
    yield chance.choice([good.body, b"{", b'{"items": [', b'"'])
    for _ in range(_ENDLESS):
        yield chance.choice([b" ", b"{},", b"x", b"\n"]) * 65536


@_manner
def bomb(chance: random.Random, good: Good) -> Iterator[Step]:
    yield _whole(
        200, _zeros(chance.choice([1, 64, 256])), f"Content-Encoding: {chance.choice(['gzip', 'deflate'])}"
    )


@_manner
def drip(chance: random.Random, good: Good) -> Iterator[Step]:
    pace = chance.choice([0.001, 0.05, 0.4])
    for byte in chance.choice([_whole(200, good.body), _head(200) + good.body])[:_ENDLESS]:
        yield bytes([byte])
        yield pace


@_manner
def silent(chance: random.Random, good: Good) -> Iterator[Step]:
    yield chance.choice([b"", b"HTTP/1.1 ", _head(200, "Content-Length: 99"), _head(100)])
    yield 60.0


@_manner
def reset(chance: random.Random, good: Good) -> Iterator[Step]:
    whole = _whole(good.status, good.body)
    yield whole[: chance.choice([0, 10, len(whole) // 2, len(whole) - 1])]
    yield None


@_manner
def code(chance: random.Random, good: Good) -> Iterator[Step]:
    status = chance.choice(
        [201, 202, 204, 206, 304, 400, 401, 403, 405, 409, 410, 418, 422, 500, 501, 503, 504, 999, 0]
    )
    yield _whole(status, chance.choice([b"", good.body, _HTML, _status(status, hostile(chance))]))


@_manner
def busy(chance: random.Random, good: Good) -> Iterator[Step]:
    after = chance.choice(
        ["0", "1", "9999", "-1", "1e99", "nan", "", "Wed, 21 Oct 2099 07:28:00 GMT", "\u00e9"]
    )
    yield _whole(
        chance.choice([429, 503]), _status(429, "busy"), f"Retry-After: {after}", f"retry-after-ms: {after}"
    )


@_manner
def kind(chance: random.Random, good: Good) -> Iterator[Step]:
    """Another kind of document than was asked for."""
    other: Any = chance.choice(
        [*values.SHAPES, "text", 1, {"kind": "Table", "rows": []}, {"kind": "Secret", "data": {"a": "eA=="}},
         {"kind": "Pod", "metadata": {"name": "other", "namespace": "other"}}, {"items": None}, {"items": [1]},
         {"items": {"a": 1}}, {"items": [], "metadata": {"continue": "x"}}, json.loads(_status(404, "gone")),
         {"choices": []}, {"choices": [{}]}, {"data": {"result": [{}]}, "status": "success"}]
    )  # fmt: skip
    yield _whole(200, json.dumps(other).encode())


@_manner
def deep(chance: random.Random, good: Good) -> Iterator[Step]:
    yield _whole(200, values.nested(chance.choice([500, 990, 5000, 200_000]), chance.choice("[{")).encode())


@_manner
def garbage(chance: random.Random, good: Good) -> Iterator[Step]:
    random_bytes = chance.randbytes(chance.choice([1, 100, 100_000]))
    yield _whole(
        200,
        chance.choice([random_bytes, b"", b"NaN", b"\0" * 1000, b"[" * 100, mutate_bytes(chance, good.body)]),
    )


@_manner
def protocol(chance: random.Random, good: Good) -> Iterator[Step]:
    """What is no HTTP, or contradicts itself."""
    yield chance.choice(
        [
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"\x15\x03\x01\x00\x02\x02\x46",
            chance.randbytes(300),
            b"HTTP/9.9 abc\r\n\r\n",
            good.body,
            _head(200, "Content-Length: -1") + good.body,
            _head(200, "Content-Length: 99999999999") + good.body,
            _head(200, f"Content-Length: {len(good.body) // 2}") + good.body,
            _head(200, "Transfer-Encoding: chunked") + b"zz\r\n" + good.body,
            _head(200, "Transfer-Encoding: chunked") + b"ffffffffffffffff\r\n" + good.body,
            _head(200, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
            _head(200, "X: " + "x" * 200_000) + good.body,
            _head(200, *(f"X-{n}: x" for n in range(500))) + good.body,
            _head(200, "Content-Encoding: gzip") + good.body,
            _head(200, f"X: {values.CONTROLS[1]}") + good.body,
        ]
    )
    yield None


@_manner
def charset(chance: random.Random, good: Good) -> Iterator[Step]:
    name = chance.choice(["utf-16", "utf-32", "utf-7", "latin-1"])
    body = good.body.decode("utf-8", "replace").encode(name, "replace")
    yield _whole(200, body, type=f"application/json; charset={chance.choice([name, 'x' * 99, 'rot13'])}")


@_manner
def twisted(chance: random.Random, good: Good) -> Iterator[Step]:
    """The right answer with some of its values replaced."""
    try:
        data = json.loads(good.body)
    except ValueError:
        text = "\n".join(
            mutate_text(chance, line) for line in good.body.decode("utf-8", "replace").split("\n")
        )
        yield _whole(good.status, text.encode("utf-8", "surrogatepass"), type="text/plain")
        return
    for _ in range(chance.choice([1, 3, 10]) if isinstance(data, dict | list) else 0):
        mutate_data(chance, data)
    yield _whole(good.status, json.dumps(data).encode())


@_manner
def usage(chance: random.Random, good: Good) -> Iterator[Step]:
    """A bill nobody should believe; of servers that bill."""
    data = json.loads(good.body) if good.body[:1] == b"{" else {}
    number: Any = chance.choice([*values.NUMBERS, "1", None, [], {}])
    data["usage"] = chance.choice(
        [number, {"prompt_tokens": number, "completion_tokens": 1, "total_tokens": number}]
    )
    yield _whole(good.status, json.dumps(data).encode())


@_manner
def many(chance: random.Random, good: Good) -> Iterator[Step]:
    """Far more of the same."""
    data = json.loads(good.body) if good.body[:1] == b"{" else {}
    for holder in (data, data.get("data") or {}):
        for key in ("items", "result", "choices"):
            if isinstance(holder.get(key), list):
                holder[key] = (holder[key] * 3000)[: chance.choice([500, 3000])]
    yield _whole(good.status, json.dumps(data).encode())


def _status(status: int, message: Any) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "code": status, "message": message}).encode()


@cache
def _zeros(mebibytes: int) -> bytes:
    return gzip.compress(b"\0" * (mebibytes << 20), compresslevel=9)
