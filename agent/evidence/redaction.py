"""Redaction: secrets leave before anything is stored, shown or sent; names of objects stay."""

import base64
import json
import re
from typing import Any
from urllib.parse import quote, unquote

from agent.evidence.carriers import drop_carried, passwords_of_urls
from agent.evidence.commands import is_given, secret_words
from agent.evidence.credentials import (
    benign,
    drop_known_shapes,
    is_count,
    is_reference,
    looks_generated,
    looks_random,
)
from agent.evidence.encodings import drop_encoded
from agent.evidence.mark import MARK
from agent.evidence.plainness import plain
from agent.evidence.redacted import Redacted
from agent.evidence.secrecy import secrecy, words
from agent.names import is_name

_COMMON = words(
    """postgres postgresql password production development localhost administrator kubernetes default username
    disabled enabled anonymous undefined required database"""
)
_MOST_OF_TEXTS = 32  # a log of a million passwords must not make every later text slow
# An argument that may name the next: `--password`, or the key of `config set KEY VALUE`.
_NAME_BEFORE = re.compile(r"--?[A-Za-z][\w.\-]*|[\w./:]*[_:][\w.\-]+")
_MOST_PASSES = 4
_MOST_ENCODINGS = 3  # base64 of base64 of base64 is decoded, and no further
_IDENTITY = frozenset({"name", "namespace", "nodeName"})
_DROPPED_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})


class Redactor:
    """Replaces secrets by `[redacted]`.

    It remembers values known to be secret, so that a password seen in an environment variable, or as
    `password=VALUE` in an alert, is also found in a log. Redacting twice changes nothing.
    """

    def __init__(self) -> None:
        self._learned: set[str] = set()
        self._of_texts = 0
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._redacted = Redacted()

    def learn(self, value: str) -> None:
        """Note a value known to be secret, unless it could be an ordinary word, number or host."""
        value = value.strip()
        if len(value) < 6 or value in MARK or benign(value) or _ordinary(value):
            return
        if value not in self._learned:
            self._learned.add(value)
            encoded = base64.b64encode(value.encode("utf-8", "replace")).decode()
            forms = {value, quote(value, safe="", errors="replace"), json.dumps(value)[1:-1], encoded}
            self._forms |= {form for form in forms if MARK not in form}
            self._pattern = None
            self._redacted = Redacted()  # a text that was harmless may hold this value

    def redact_text(self, text: str) -> str:
        """The text without its secrets; lines stay lines."""
        known = self._redacted
        if (done := known.get(text)) is None:
            done = self._redact_wholly(text)
            known.add(text, done)  # what was learned meanwhile has replaced it
        return done

    def _redact_wholly(self, text: str) -> str:
        for _ in range(_MOST_PASSES):  # what is dropped may expose the next, as brackets around a mark do
            before, text = text, self._redact_once(text, _MOST_ENCODINGS)
            if text == before:
                break
        return text

    def _redact_once(self, text: str, encodings: int) -> str:
        if encodings:
            text = drop_encoded(text, lambda decoded: self._redact_once(decoded, encodings - 1) != decoded)
        text = self._drop_learned(text)
        known = len(self._learned)
        text = drop_carried(text, self._learn_from_text)
        if len(self._learned) > known:  # they may also occur before the place where they were learned
            text = self._drop_learned(text)
        return drop_known_shapes(text)

    def _learn_from_text(self, value: str) -> None:
        if self._of_texts < _MOST_OF_TEXTS:
            known = len(self._learned)
            self.learn(value)
            self._of_texts += len(self._learned) - known

    def _drop_learned(self, text: str) -> str:
        if not any(
            form in text for form in self._forms
        ):  # much cheaper than the pattern, and than to make it
            return text
        if self._pattern is None:
            self._pattern = re.compile("|".join(map(_literal, sorted(self._forms, key=len, reverse=True))))
        return self._pattern.sub(MARK, text)

    def redact_data(self, data: Any) -> Any:
        """A copy of plain JSON data without its secrets; knows how Kubernetes objects carry them."""
        self._learn_from(data)
        return self._copy(data)

    # -- plain data --------------------------------------------------------------------------------------

    def _learn_from(self, data: Any) -> None:
        """Secrets are learned from the whole before any of it is copied."""
        if isinstance(data, list):
            for item in data:
                if _is_pair(item) and isinstance(item.get("value"), str):
                    self._learn_pair(item["name"], item["value"])
                self._learn_from(item)
        elif isinstance(data, dict):
            for value in data.values():
                self._learn_from(value)

    def _learn_pair(self, name: str, value: str) -> None:
        if secrecy(name) == "strong" or looks_random(value):
            self.learn(value)
        for password in passwords_of_urls(value):
            self.learn(password)
            self.learn(unquote(password))

    def _copy(self, data: Any, key: str = "") -> Any:
        if isinstance(data, str):
            return self._identity(data) if key in _IDENTITY else self._named(key, data)
        if isinstance(data, list):
            return self._list(data, key)
        if isinstance(data, dict):
            return self._object(data)
        return data

    def _identity(self, name: str) -> str:
        """Keep the name of an object, whatever a log calls a password: one line of a log must not hide a pod."""
        return drop_known_shapes(name) if is_name("", name) else self.redact_text(name)

    def _object(self, data: dict[str, Any]) -> dict[str, Any]:
        sealed = ("data", "stringData", "binaryData") if _is_secret(data) else ("binaryData",)
        copy: dict[str, Any] = {}
        for key, value in data.items():
            if key in _DROPPED_ANNOTATIONS:
                continue
            if key == "args" and isinstance(value, list) and isinstance(data.get("command"), list):
                copy[key] = self._arguments(value, data["command"])
            elif key in sealed and isinstance(value, dict):
                copy[key] = dict.fromkeys(value, MARK)
            else:
                copy[self.redact_text(key) if len(key) > 24 else key] = self._copy(value, key)
        return copy

    def _list(self, data: list[Any], key: str) -> list[Any]:
        if key == "env":
            return [self._variable(item) if _is_pair(item) else self._copy(item) for item in data]
        if key in ("args", "command"):
            return self._arguments(data)
        return [self._pair(item) if _is_pair(item) else self._copy(item, key) for item in data]

    def _variable(self, item: dict[str, Any]) -> dict[str, Any]:
        copy = self._copy(item)
        if isinstance(item.get("value"), str):
            named = self._named(item["name"], item["value"])
            copy["value"] = named if named == MARK or plain(named) else MARK
        return copy

    def _pair(self, item: dict[str, Any]) -> dict[str, Any]:
        copy = self._copy(item)
        if isinstance(item.get("value"), str):
            copy["value"] = self._named(item["name"], item["value"])
        return copy

    def _arguments(self, data: list[Any], program: list[Any] | None = None) -> list[Any]:
        """The words of a command line; `program` is what precedes them, a container's command."""
        before = [str(word) for word in program or []]
        said = [item if isinstance(item, str) else "" for item in data]
        hidden = {at - len(before): offset for at, offset in secret_words(before + said)}
        copy: list[Any] = []
        for position, item in enumerate(data):
            flag = said[position - 1] if position else before[-1] if before else ""
            text = said[position]
            if position in hidden and is_given(text[hidden[position] :]):
                self.learn(text[hidden[position] :])
                copy.append(text[: hidden[position]] + MARK)
            elif text and not text.startswith("-") and _NAME_BEFORE.fullmatch(flag):
                copy.append(self._named(flag, text))
            else:
                copy.append(self._copy(item))
        return copy

    def _named(self, name: str, value: str) -> str:
        """A value of that name, by the name first and by its own text then."""
        strength = secrecy(name)
        harmless = benign(value) or is_count(name, value) or is_reference(name, value)
        if not harmless and (strength == "strong" or (strength and looks_generated(value))):
            self.learn(value)
            return MARK
        return self.redact_text(value)


def _ordinary(value: str) -> bool:
    """Whether a value could occur in a log without being the secret: a number, a short word, a host."""
    if value.lower() in _COMMON or re.fullmatch(r"[\d.,:\-]+", value):
        return True
    if value.isalpha():
        return len(value) < 10
    return bool(re.fullmatch(r"[a-z\-]+(?:\.[a-z\-]+)+(?::\d+)?|[a-z]+(?:-[a-z]+){0,2}", value))


def _literal(value: str) -> str:
    return rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])" if value.isalnum() else re.escape(value)


def _is_pair(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("name"), str) and "value" in item


def _is_secret(data: dict[str, Any]) -> bool:
    kind, family = data.get("kind"), data.get("type")
    return kind == "Secret" or (
        not kind and isinstance(family, str) and (family == "Opaque" or "kubernetes.io/" in family)
    )
