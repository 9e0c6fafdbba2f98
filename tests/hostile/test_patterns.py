"""No regular expression of the program hangs on a text made for it: none takes ages."""

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

import agent

_UNITS = (
    "0", "a", "A", "a0", " ", "\t", "\n", "-", ".", "/", "=", ":", "_", "\\", '"', '\\"', "'", "{", "(", "[", "<",
    "a ", "a.", "a-", "a=", "a:", "a/", "a,", "0 ", "0.", " \n", "://",
)  # fmt: skip
_LENGTHS = (61, 62, 300)  # odd and even: what fits two ways in pairs fails on one of them only
_SECONDS = 3.0  # of CPU for all texts; a good pattern takes a hundredth of it


def _patterns() -> dict[str, re.Pattern[str]]:
    found: dict[str, re.Pattern[str]] = {}
    for module in pkgutil.walk_packages(agent.__path__, "agent."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                found |= {f"{module.name}.{name}": pattern for pattern in _inside(value)}
    return {name: pattern for name, pattern in found.items() if isinstance(pattern.pattern, str)}


def _inside(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list):
        yield from (pattern for part in value for pattern in _inside(part))
    elif isinstance(value, dict):
        yield from (pattern for part in value.items() for pattern in _inside(part))


@pytest.fixture
def alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def test_no_pattern_hangs_on_a_text_that_is_long_or_odd(alarm: None) -> None:
    texts = [
        (unit * length)[:length] + end for unit in _UNITS for length in _LENGTHS for end in ("", "\x00!")
    ]
    patterns, slow = _patterns(), []
    for name, pattern in patterns.items():
        signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
        try:
            for text in texts:
                pattern.fullmatch(text)
                pattern.search(text)
        except TimeoutError:
            slow.append(name)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    assert slow == []
    assert len(patterns) > 200
