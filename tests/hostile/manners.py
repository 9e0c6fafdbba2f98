"""Manners of a model server that means no good, or is broken: by hand the known ones, by a seed as many as wanted."""

import gzip
import itertools
import json
import random
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from autogen_core import FunctionCall

from tests.team.server import Body, Mind, ModelServer, Raw, Reply, calling, refusing, saying, sensible

DEEP = 20_000
MARK = "\u2402 the value stands here"

CALL = ("choices", 0, "message", "tool_calls", 0)
PLACES: tuple[tuple[str | int, ...], ...] = (
    (), ("id",), ("object",), ("created",), ("model",), ("choices",), ("choices", 0), ("choices", 0, "index"),
    ("choices", 0, "finish_reason"), ("choices", 0, "logprobs"), ("choices", 0, "message"),
    ("choices", 0, "message", "role"), ("choices", 0, "message", "content"), ("choices", 0, "message", "refusal"),
    ("choices", 0, "message", "function_call"), ("choices", 0, "message", "reasoning_content"),
    ("choices", 0, "message", "tool_calls"), CALL, (*CALL, "id"), (*CALL, "type"), (*CALL, "function"),
    (*CALL, "function", "name"), (*CALL, "function", "arguments"), ("usage",), ("usage", "prompt_tokens"),
    ("usage", "completion_tokens"), ("usage", "total_tokens"),
)  # fmt: skip
VALUES: dict[str, str] = {  # JSON, or what looks like it
    "null": "null", "true": "true", "zero": "0", "negative": "-1000000", "fraction": "0.5", "nan": "NaN",
    "infinity": "Infinity", "1e308": "1e308", "1e999": "1e999", "huge": "9" * 400, "huger": "9" * 9000,
    "word": '"\\u202eten"', "digits": '"100"', "empty": '""', "list": "[]", "object": "{}", "lists": "[[{}]]",
    "nested": "[" * DEEP + "]" * DEEP, "open": "[" * DEEP, "objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "surrogate": '"\\ud800"', "nul": '"a\\u0000b\\u001b[2J"', "long": '"' + "long " * 20_000 + '"',
    "bytes": '"\xff\xfe"', "comment": "/* */ 1", "twice": '{"a": 1, "a": {"a": 2}}',
    "many": "[" + ",".join(["{}"] * 40_000) + "]",
}  # fmt: skip
NAMES = (
    "../../bin/sh",
    "collect\x00",
    "",
    "__import__('os').system('id')",
    "x" * 100_000,
    "diagnose\n",
    "ｃｏｌｌｅｃｔ",
)
UNREADABLE = ("[" * 5_000, '{"queries": [%s]}' % ("9" * 5_000), '["get Pod a/b"]')
ARGUMENTS = (
    *UNREADABLE, "", "null", "{", '{"queries": "get Pod a/b"}', '{"queries": [1, null, {}]}',
    '{"queries": ["; rm -rf /"]}', '{"queries": ["get Pod a/\\ud800"]}', '{"a":' * 200 + "1" + "}" * 200,
    json.dumps({"queries": ["get Secret shop/key", "get Pod ../../etc/passwd", "logs a/b\x00c"]}),
    json.dumps({"queries": [f"get Pod shop/p{number}" for number in range(500)]}),
)  # fmt: skip


@dataclass(frozen=True)
class Manner:
    """A way to answer, and its name for people."""

    name: str
    mind: Mind


def faults(result: Any, server: ModelServer, max_usd: float, spent: dict[str, float]) -> list[str]:
    """What a run on the sample alert must not do, whatever its server does; `spent` is its budget file."""
    usage = result["usage"]
    wrong = {
        "another verdict": (result["outcome"], result["cause"]) != ("diagnosed", "cpu-traffic-spike"),
        "a fallback without a reason": usage["model"].endswith("then rules") and not result["reason"],
        "a team that hung": "the deadline passed" in result["reason"],
        "requests that were not counted": usage["calls"] < len(server.requests),
        "more dollars than the cap": not 0 <= usage["usd"] <= max_usd,
        "other dollars in the file": abs(sum(spent.values()) - usage["usd"]) > 1e-5,
        "fewer tokens than were sent": usage["prompt_tokens"] < 0 or usage["completion_tokens"] < 0,
        "a reason of several lines": "\n" in result["reason"] or len(result["reason"]) > 600,
    }
    return [words for words, is_so in wrong.items() if is_so]


def placing(place: tuple[str | int, ...], value: str) -> Mind:
    """A model that does its work, but for one value of the protocol, which is given as JSON."""

    def mind(body: Body) -> Reply:
        reply = sensible(body)
        assert isinstance(reply.body, dict)
        size = len(json.dumps(body))
        told = reply.body | {
            "usage": {"prompt_tokens": size // 4, "completion_tokens": 500, "total_tokens": 1}
        }
        text = json.dumps(_with(told, place, MARK)).replace(json.dumps(MARK), value)
        return Reply(text)

    return mind


def _done(body: Body) -> Any:
    """What a model says that does its work, and whose server counts well."""
    told = sensible(body).body
    assert isinstance(told, dict)
    return told | {"usage": {"prompt_tokens": len(json.dumps(body)) // 4, "completion_tokens": 500}}


def _with(told: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The JSON with the value at the place; what leads there is made where it is missing."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(step, int):
        items = told if isinstance(told, list) and told else [{}]
        return [_with(items[0], rest, value), *items[1:]]
    fields = told if isinstance(told, dict) else {}
    return {**fields, step: _with(fields.get(step), rest, value)}


def telling(prompt: str, answer: str) -> Mind:
    """A model that does its work, and a server that tells this usage."""
    return placing(("usage",), f'{{"prompt_tokens": {prompt}, "completion_tokens": {answer}}}')


def lacking(place: tuple[str | int, ...]) -> Mind:
    """A model that does its work, but for one field of the protocol that is not there."""

    def mind(body: Body) -> Reply:
        whole = told = _done(body)
        for step in place[:-1]:
            told = told.get(step) if isinstance(step, str) else told[step]
            if not told:
                return Reply(whole)
        told.pop(place[-1], None)
        return Reply(whole)

    return mind


def calls(*made: tuple[str, str]) -> Mind:
    """A model that begins with these calls, given by name and arguments, and then says nothing of use."""
    asked = [FunctionCall(id=str(n), name=name, arguments=text) for n, (name, text) in enumerate(made)]

    def mind(body: Body) -> Reply:
        if any(message["role"] == "tool" for message in body["messages"]):
            return saying("That was all.")
        return calling(asked) if "tools" in body else sensible(body)

    return mind


def head(status: str = "200 OK", *headers: str) -> bytes:
    """The first bytes of a response."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("utf-8", "surrogateescape")


def raw(*pieces: bytes, reset: bool = False) -> Mind:
    """A server that writes these bytes, whatever it is asked."""
    return lambda body: Raw(pieces, reset)


def pouring(pieces: Callable[[], Iterator[bytes]]) -> Mind:
    """A server that writes until its client has gone."""
    return lambda body: Raw(pieces())


def _endless(first: bytes, piece: bytes, pause: float = 0.0) -> Mind:
    def pieces() -> Iterator[bytes]:
        yield first
        while True:
            yield piece
            time.sleep(pause)

    return pouring(pieces)


@cache
def _bomb() -> bytes:
    return gzip.compress(gzip.compress(b" " * 10**7)) * 20


JSON = "content-type: application/json"
CHUNKED = "transfer-encoding: chunked"
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
STATUSES = (
    "201 Created", "202 Accepted", "204 No Content", "206 Partial", "299 Odd", "300 Choices", "304 Not Modified",
    "400 Bad", "401 Unauthorized", "402 Pay", "403 Forbidden", "404 Not Found", "408 Timeout", "409 Conflict",
    "422 Unprocessable", "429 Slow", "451 Law", "500 Error", "502 Gateway", "503 Busy", "504 Gateway", "529 Over",
    "999 No", "101 Switching Protocols", "0 Nothing", "abc", "-200 OK", "2000 OK",
)  # fmt: skip


def redirecting(status: int, url: str) -> Mind:
    """A server that sends its clients elsewhere."""
    return lambda body: Reply("", status, {"location": url})


def known() -> list[Manner]:
    """The manners that are known to break clients."""
    wire = {
        "endless body": _endless(head("200 OK", JSON), b" " * 65536),
        "endless chunks": _endless(head("200 OK", JSON, CHUNKED), CHUNK),
        "endless error": _endless(head("400 Bad", JSON), b"x" * 65536),
        "endless headers": _endless(b"HTTP/1.1 200 OK\r\n", b"x-more: " + b"x" * 1000 + b"\r\n"),
        "endless header": _endless(b"HTTP/1.1 200 OK\r\nx-more: ", b"x" * 65536),
        "endless interim answers": _endless(b"", head("100 Continue")),
        "endless drip": _endless(head("200 OK", JSON), b" ", 0.02),
        "dripping headers": _endless(b"HTTP/1.1 200 OK\r\nx: ", b"x", 0.02),
        "gzip bomb": raw(head("200 OK", JSON, "content-encoding: gzip"), _bomb()),
        "gzip bomb as error": raw(head("500 Error", JSON, "content-encoding: gzip, gzip"), _bomb()),
        "unknown packing": raw(head("200 OK", JSON, "content-encoding: rot13"), b"{}"),
        "nothing": raw(b""),
        "reset at once": raw(reset=True),
        "reset in the head": raw(b"HTTP/1.1 200 O", reset=True),
        "reset in the body": raw(head("200 OK", JSON, "content-length: 5000"), b'{"choices": [', reset=True),
        "cut body": raw(head("200 OK", JSON, "content-length: 5000"), b'{"choices": ['),
        "wrong chunk": raw(head("200 OK", JSON, CHUNKED), b"zz\r\nxx"),
        "huge chunk": raw(head("200 OK", JSON, CHUNKED), b"f" * 16 + b"\r\nxx"),
        "huge length": raw(head("200 OK", JSON, f"content-length: {10**18}"), b"{}"),
        "negative length": raw(head("200 OK", JSON, "content-length: -1"), b"{}"),
        "two lengths": raw(head("200 OK", JSON, "content-length: 2", "content-length: 3"), b"{}x"),
        "another protocol": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
        "TLS alert": raw(b"\x15\x03\x01\x00\x02\x02\x28"),
        "header without name": raw(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n{}"),
        "a page": raw(head("200 OK", "content-type: text/html; charset=rot13"), b"<html>" + b"<p>" * 9999),
        "not utf-8": raw(head("200 OK", JSON), b"\xff\xfe\x00{"),
        "an odd charset": raw(head("400 Bad", "content-type: application/json; charset=unicode_escape"), b'"\\N{"'),
        "stream of events": raw(head("200 OK", "content-type: text/event-stream"), b"data: {}\n\n" * 999),
        "to be tried in an hour": lambda body: Reply("", 429, {"retry-after": "3600"}),
        "to be tried never": lambda body: Reply("", 503, {"retry-after": "1e400", "x-should-retry": "true"}),
        "tried again by order": lambda body: Reply(
            "{}", 400, {"x-should-retry": "true", "retry-after-ms": "1"}
        ),
        "deep error": lambda body: refusing(400, "x") and Reply("[" * DEEP, 400),
        "an error as a list": lambda body: Reply('[{"error": {"message": {"message": 1}}}]', 422),
        "an error of half characters": lambda body: refusing(402, "\ud800 and \x1b[2J\x00\u202e"),
        "an error that is long": lambda body: refusing(402, "sorry " * 20_000),
        "refusing the limit for ever": lambda body: refusing(400, "max_tokens, max_completion_tokens"),
    }  # fmt: skip
    said = {
        "negative usage": telling("-1000000000", "-1000000000"),
        "fractions as usage": telling("100.5", "0.25"),
        "1e308 as usage": telling("1e308", "1e308"),
        "not a number as usage": telling("NaN", "-Infinity"),
        "no cost at all": telling("0", "0"),
        "all the money": telling("9" * 30, "9" * 30),
        "a number that nobody can read": telling("9" * 5000, "1"),
        "truth as usage": telling("true", "false"),
        "words as usage": telling('"100"', '"ten"'),
        "deep usage": placing(("usage",), VALUES["nested"]),
        "no usage": lacking(("usage",)),
        "no choices": placing(("choices",), "[]"),
        "a thousand choices": lambda body: Reply('{"choices": [' + "{}," * 999 + "{}]}"),
        "two choices": placing(("choices",), '[{"message": {"content": "a"}}, {"message": {"content": "b"}}]'),
        "100,000 choices": lambda body: Reply('{"choices": [' + "{}," * 99_999 + "{}]}"),
        "thousands of calls": calls(*[("diagnose", "{}")] * 3_000),
        "hundreds of calls": calls(*[("diagnose", "{}")] * 300),
        "calls of everything": calls(*[(name, "{}") for name in NAMES[:4]]),
        "a name without end": calls((NAMES[4], "{}")),
        "odd arguments": calls(*[("collect", text) for text in ARGUMENTS]),
        "answers of NULs": lambda body: saying("\x00" * 1000),
        "orders to a terminal": lambda body: saying("\x1b]0;owned\x07\x1b[2J\u202e" * 50),
        "an answer beyond its limit": lambda body: saying("more " * 10_000),
        "braces": lambda body: saying("{" * 20_000),
        "an answer that is deep": lambda body: saying('{"kind":' * 5_000),
        "an answer that is long": lambda body: saying('{"statement": "' + "long " * 20_000 + '"}'),
        "keys twice": raw(head("200 OK", JSON), b'{"choices": [], "choices": [{"message": {}, "message": 1}]}'),
    }  # fmt: skip
    return [Manner(name, mind) for name, mind in {**wire, **said}.items()]


def generated(seed: int) -> Iterator[Manner]:
    """Manners without end, the same for the same seed: values at places, missing fields, statuses, cuts, noise."""
    chance = random.Random(seed)
    for number in itertools.count():
        kind = chance.choice((_value, _value, _value, _missing, _status, _call, _cut, _noise))
        name, mind = kind(chance)
        yield Manner(f"{seed}:{number} {name}", mind)


def _value(chance: random.Random) -> tuple[str, Mind]:
    place, name = chance.choice(PLACES), chance.choice(list(VALUES))
    return f"{name} at {'.'.join(map(str, place)) or 'the top'}", placing(place, VALUES[name])


def _missing(chance: random.Random) -> tuple[str, Mind]:
    place = chance.choice([place for place in PLACES if place and isinstance(place[-1], str)])
    return f"no {'.'.join(map(str, place))}", lacking(place)


def _status(chance: random.Random) -> tuple[str, Mind]:
    status, name = chance.choice(STATUSES), chance.choice(list(VALUES))
    error = f'{{"error": {{"message": {VALUES[name]}, "code": {chance.choice(list(VALUES.values()))}}}}}'
    head_of_it = head(status, JSON, "retry-after-ms: 1", "location: http://127.0.0.1:9/")
    return f"{status}, {name}", raw(head_of_it, error.encode("latin-1"))


def _call(chance: random.Random) -> tuple[str, Mind]:
    made = [
        (chance.choice((*NAMES, "collect", "diagnose")), chance.choice(ARGUMENTS))
        for _ in range(chance.choice((1, 2, 8, 33)))
    ]
    return f"{len(made)} calls", calls(*made)


def _cut(chance: random.Random) -> tuple[str, Mind]:
    part, reset = chance.random(), chance.random() < 0.5

    def mind(body: Body) -> Raw:
        told = sensible(body).body
        whole = head("200 OK", JSON, CHUNKED if part > 0.8 else JSON) + json.dumps(told).encode()
        return Raw([whole[: int(len(whole) * part)]], reset)

    return f"cut at {part:.0%}{', reset' if reset else ''}", mind


def _noise(chance: random.Random) -> tuple[str, Mind]:
    noise = struct.pack("40Q", *(chance.getrandbits(64) for _ in range(40)))
    first = chance.choice((b"", head("200 OK", JSON), head("200 OK"), head("500 Error", "retry-after-ms: 1")))
    return f"noise behind {len(first)} bytes", raw(first, noise)
