"""Commands: kubectl calls as lists of checked words; no word of a log or an object ever becomes one by itself.

What a command does is written out in the code; the object it acts on fills a slot, and each slot takes only
what its rule allows: `kubectl("bank", "logs {name} -c {container}", name=pod, container=main)`. A value can
therefore neither add a word nor become an option, and the text for people is quoted for a shell.
"""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.diagnosis.read.selector import selector_text
from agent.evidence.kinds import RESOURCES
from agent.names import is_name
from agent.ref import Ref


@dataclass(frozen=True)
class Command:
    """kubectl calls, each a list of words, to be run in this order as long as they succeed.

    Made by `kubectl` and `sequence` only. A word with `<...>` is left for a person to fill in.
    """

    calls: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        """The calls as text for a POSIX shell."""
        return " && ".join(map(shlex.join, self.calls))


@dataclass(frozen=True)
class Withheld:
    """No command, and why: a word from the evidence breaks the rules."""

    why: str

    def __str__(self) -> str:
        """Empty: there is nothing to run."""
        return ""


def kubectl(namespace: str | None, words: str, **values: Any) -> Command | Withheld:
    """A kubectl call in a namespace, or with None for what is cluster-scoped or in all of them.

    `words` is constant text with `{slots}`, `values` what fills them, by the rules below. Returns Withheld
    when a value breaks the rule of its slot; raises KeyError for a slot without a rule or a value.
    """
    text = words if namespace is None else f"-n {{namespace}} {words}"
    values["namespace"] = namespace
    try:
        filled = [_SLOT.sub(lambda slot: _fill(slot[1], values), word) for word in text.split()]
    except _Unfit as unfit:
        return Withheld(f"the {unfit} in the evidence is not valid in a command")
    return Command((("kubectl", *filled),))


def sequence(*commands: Command | Withheld) -> Command | Withheld:
    """Commands one after the other; withheld as a whole when one of them is."""
    calls: tuple[tuple[str, ...], ...] = ()
    for command in commands:
        if isinstance(command, Withheld):
            return command
        calls += command.calls
    return Command(calls)


class _Unfit(Exception):
    """The slot whose value breaks its rule."""


def _fill(slot: str, values: dict[str, Any]) -> str:
    word = _RULES[slot](values[slot])
    if word is None:
        raise _Unfit(slot)
    return word


def _object(ref: Any) -> str | None:
    """An object as kubectl takes it: `deployment/web`; its kind is one this program knows."""
    resource = RESOURCES.get(ref.kind) if isinstance(ref, Ref) else None
    if resource is None or resource.namespaced != bool(ref.namespace) or not is_name(ref.kind, ref.name):
        return None
    return f"{ref.kind.lower()}/{ref.name}"


def _name_of(kind: str) -> Callable[[Any], str | None]:
    return lambda text: text if isinstance(text, str) and is_name(kind, text) else None


def _matching(pattern: str) -> Callable[[Any], str | None]:
    compiled = re.compile(pattern)
    return lambda text: text if isinstance(text, str) and compiled.fullmatch(text) else None


def _number(value: Any) -> str | None:
    return str(value) if type(value) is int and 0 <= value < 2**31 else None


def _selector(selector: Any) -> str | None:
    """A LabelSelector or map of labels, each of its texts a key or value of a label."""
    text = selector_text(selector) if all(map(_LABEL.fullmatch, _texts(selector))) else ""
    return text if _SELECTOR.fullmatch(text) else None


def _patch(content: Any) -> str | None:
    """JSON whose texts are field paths and names of fields, finalizers and operations."""
    fits = all(map(_PATCHED.fullmatch, _texts(content)))
    return json.dumps(content, separators=(",", ":")) if fits else None


def _texts(content: Any) -> list[str]:
    """The texts of JSON, keys among them."""
    if isinstance(content, dict):
        return [text for pair in content.items() for part in pair for text in _texts(part)]
    if isinstance(content, list):
        return [text for part in content for text in _texts(part)]
    return [content] if isinstance(content, str) else []


_SLOT = re.compile(r"\{(\w+)\}")
_PATCHED = re.compile(r"[A-Za-z0-9./_~-]{0,253}")
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"  # of a label's key, and its value
_KEY = rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_PART}"
_LABEL = re.compile(rf"(?:{_KEY})?")
_VALUES = rf"\({_PART}(?:,{_PART})*\)"
_TERM = rf"(?:{_KEY}=(?:{_PART})?|{_KEY} (?:in|notin) {_VALUES}|!?{_KEY})"
_SELECTOR = re.compile(rf"{_TERM}(?:,{_TERM})*")
_RULES: dict[str, Callable[[Any], str | None]] = {
    "namespace": _name_of("Namespace"),
    "home": _name_of("Namespace"),
    "object": _object,
    "name": _name_of("Pod"),
    "node": _name_of("Node"),
    "container": _name_of("Container"),
    "account": _name_of("ServiceAccount"),
    "role": _name_of("Role"),
    "verb": _matching("get|list|watch|create|update|patch|delete"),
    "resource": _matching(r"[a-z]+(?:\.[a-z0-9.-]+)?"),
    "variable": _matching(r"[A-Za-z_][A-Za-z0-9_.]{0,252}"),
    "measure": _matching("cpu|memory"),
    "amount": _matching("[0-9]{1,15}(?:[.][0-9]{1,9})?(?:m|k|[KMGTPE]i?)?"),
    "count": _number,
    "least": _number,
    "selector": _selector,
    "key": _matching(_KEY),
    "value": _matching(rf"(?:{_PART})?"),
    "patch": _patch,
}
"""What each slot takes, as the word it becomes; None for what does not fit. Nothing begins with a dash."""
