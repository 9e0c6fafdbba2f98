"""Mutations of JSON data, text and bytes; hostile values come from tests/hostile/values.py."""

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.hostile import values

Slot = tuple[Any, Any]  # a container and the key or index in it


def hostile(chance: random.Random) -> Any:
    """Any hostile value: text, a number, a wrong shape, seldom a very long text."""
    if chance.random() < 0.02:
        return long_text(chance)
    if chance.random() < 0.2:
        return copy.deepcopy(chance.choice(values.SHAPES))
    return chance.choice(values.SCALARS)


def long_text(chance: random.Random) -> str:
    """Up to 300,000 characters, repetitive or of many different words."""
    unit = chance.choice([*values.TEXTS, *values.PATTERNS, "x", "ab ", "password=", "\n", "é"])
    return (unit * (1 + chance.randrange(1000, 300_000) // len(unit)))[:300_000]


def mutate_text(chance: random.Random, text: str) -> str:
    """Hostile text instead of the text, of one of its words, before it or behind it."""
    payload = chance.choice(values.TEXTS)
    words = text.split(" ")
    at = chance.randrange(len(words))
    return chance.choice(
        [
            payload,
            f"{payload} {text}",
            f"{text}{payload}",
            " ".join([*words[:at], payload, *words[at + 1 :]]),
            " ".join([*words[:at], words[at] + payload, *words[at + 1 :]]),
            text[: chance.randrange(len(text) + 1)],
        ]
    )


def mutate_data(chance: random.Random, data: Any) -> None:
    """Change one place in JSON data: its value, its key, its presence, its number."""
    slots = list(_slots(data))
    if not slots:
        return
    holder, key = chance.choice(slots)
    value = holder[key]
    match chance.randrange(8):
        case 0 if isinstance(holder, dict):
            holder[chance.choice([str(hostile(chance)), key + "x", ""])] = holder.pop(key)
        case 1 if isinstance(holder, list):
            holder *= chance.choice([0, 2, 50 if len(holder) < 10 else 2])
        case 1 | 2:
            del holder[key]
        case 3 | 4 | 5 if isinstance(value, str):
            holder[key] = mutate_text(chance, value)
        case _:
            holder[key] = hostile(chance)


def mutate_bytes(chance: random.Random, data: bytes) -> bytes:
    """Damage as of a broken disk, a wrong encoding, or a file cut short."""
    at = chance.randrange(len(data) + 1)
    match chance.randrange(7):
        case 0:
            return data[:at]
        case 1:
            return (
                data[:at]
                + chance.choice([b"\0", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\x1b[2J"])
                + data[at:]
            )
        case 2:
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case 3:
            return data.decode("utf-8", "replace").encode(chance.choice(["utf-16", "utf-32", "utf-7"]))
        case 4:
            return b"\xef\xbb\xbf" + data
        case 5:
            return data[:at] + data
        case _:
            return data.decode("utf-8", "replace").encode("cp1252", "replace")


def _slots(data: Any) -> Iterator[Slot]:
    """Every place of JSON data that holds a value."""
    stack = [data]
    while stack:
        node = stack.pop()
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield node, key
            if isinstance(value, dict | list):
                stack.append(value)
