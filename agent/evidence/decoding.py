"""Decoding: JSON of any length as it arrives, one element of a long list at a time.

Decoded, a text takes up to 25 times its size. What is decoded is therefore bounded value by value, one value
at a time in the whole process, and the elements of a list are reduced before the next is decoded.
"""

import codecs
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

MAX_VALUE = 2 << 20
"""Characters of one value; etcd holds no object larger than 1.5 MiB."""
MAX_PARTS = 250_000
"""Values within one value: some 80 bytes of memory each."""
_SMALL = 128 << 10
_STEP = 512 << 10
_SPACE = re.compile(r"[ \t\r\n]*")
_scan = json.JSONDecoder().raw_decode
_decoding = threading.Lock()

Each = Callable[[Any, int], Any]
"""Takes an element and the characters it was decoded from."""


class DecodingError(ValueError):
    """A text that is not JSON, or has more in it than is decoded; the message says which."""


class TooLarge(DecodingError):
    """A text with more in it than is decoded."""


def decode(chunks: Iterable[bytes], path: tuple[str, ...] = (), each: Each | None = None) -> Any:
    """The JSON value made up by the chunks of a text, whole.

    The list at `path`, or else the list that the text is, is kept as what `each` makes of its elements: it sees
    each as soon as that is decoded. Raises DecodingError.
    """
    text = _Text(chunks)
    value = _value(text, path, each) if each else text.value()
    if text.next():
        raise DecodingError("something that is not JSON")
    return value


def _value(text: "_Text", path: tuple[str, ...], each: Each) -> Any:
    first = text.next()
    if path and first == "{":
        return dict(_members(text, path, each))
    if first == "[":
        return list(_elements(text, each))
    return text.value()


def _members(text: "_Text", path: tuple[str, ...], each: Each) -> Iterator[tuple[str, Any]]:
    text.take("{")
    more = text.next() != "}"
    while more:
        name = text.value()
        text.take(":")
        yield str(name), _value(text, path[1:], each) if name == path[0] else text.value()
        if more := text.next() != "}":
            text.take(",")
    text.take("}")


def _elements(text: "_Text", each: Each) -> Iterator[Any]:
    text.take("[")
    more = text.next() != "]"
    while more:
        yield text.value(each)
        if more := text.next() != "]":
            text.take(",")
    text.take("]")


class _Text:
    """A text of which only the part not decoded yet is kept in memory."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held, self._at, self._ended = "", 0, False

    def next(self) -> str:
        """The next character that is not a space, or nothing at the end."""
        while True:
            match = _SPACE.match(self._held, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if self._ended:
                return ""
            self._read_on()

    def take(self, character: str) -> None:
        """Go past a character that must be the next."""
        if self.next() != character:
            raise DecodingError("something that is not JSON")
        self._at += 1

    def value(self, each: Each | None = None) -> Any:
        """The next value, or what `each` makes of it."""
        self.next()
        while True:
            with _decoding:
                self._check_parts()
                try:
                    value, end = _scan(self._held, self._at)
                    if end < len(self._held) or self._ended or not isinstance(value, int | float):
                        size, self._at = end - self._at, end
                        return each(value, size) if each else value
                except json.JSONDecodeError:
                    if self._ended:
                        raise DecodingError("something that is not JSON") from None
                except RecursionError:
                    raise TooLarge("a value that is nested too deeply") from None
            self._read_on()

    def _check_parts(self) -> None:
        if len(self._held) - self._at > _SMALL:
            parts = sum(self._held.count(mark, self._at) for mark in ",:[{")
            if parts > MAX_PARTS:
                raise TooLarge(f"a value of more than {MAX_PARTS} parts")

    def _read_on(self) -> None:
        """Read until about twice as much is held, or everything there is."""
        held = self._held[self._at :]
        if len(held) > MAX_VALUE:
            raise TooLarge(f"a value of more than {MAX_VALUE >> 20} MiB")
        pieces, wanted = [held], min(2 * len(held), len(held) + _STEP)
        size = len(held)
        for chunk in self._chunks:
            pieces.append(self._decoder.decode(chunk))
            size += len(pieces[-1])
            if size > wanted:
                break
        else:
            pieces.append(self._decoder.decode(b"", final=True))
            self._ended = True
        self._held, self._at = "".join(pieces), 0
