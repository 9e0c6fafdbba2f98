"""Redaction costs in proportion to the length of a text, whatever stands in it again and again."""

import time
import tracemalloc

import pytest

from agent.evidence.mark import MARK
from agent.evidence.redacted import LONGEST, MOST, Redacted
from agent.evidence.redaction import Redactor

UNITS = [
    "x", "A", " ", "=", "'", "(", "a.b-c_", "A1b2", "@:", "::", "a/", "a:1:b:c:", "key=", "a=", "password=",
    "password=[", "password=[redacted]",
    'key="', "token: ", "token=${", "password ", "password is ", 'password "', "\tpassword\t", "secret key ",
    "password>",
    "<password ", "&quot;", "%22", '\\"', "http%3A%2F%2F", "http://a:b", "name: password ", "{name: password value:",
    "value: ", "password: |\n", "password:\n", "password=\\\n", "- name: password\n", "password = [\n  x,\n",
    "mysql -p ",
    "auth: key=x ", "cGFzc3dvcmQ9", "AAAA" * 19 + "\n", "-----BEGIN PRIVATE KEY-----\n", "user on >", "密码",
]  # fmt: skip
SHORT, LONG = 5_000, 40_000
TRIES = 4  # on a machine that does much else


def seconds(unit: str, length: int) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    start = time.process_time()
    Redactor().redact_text(text)
    return time.process_time() - start


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_a_text_eight_times_as_long_costs_no_more_than_about_eight_times(unit: str) -> None:
    seconds("warm A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6 ", 100)
    tries = (seconds(unit, LONG) < 16 * seconds(unit, SHORT) + 0.02 for _ in range(TRIES))
    assert any(tries)  # squared, it would be 64 times


def test_a_megabyte_of_one_character_is_no_matter() -> None:
    assert seconds("a", 1_000_000) < 100 * seconds("a", 50_000) + 0.5


def test_what_was_harmless_is_looked_at_again_once_it_is_known_to_be_secret() -> None:
    redactor = Redactor()
    text = "the desk said Kq7vRz2xLm"
    assert redactor.redact_text(text) == text
    redactor.learn("Kq7vRz2xLm")
    assert redactor.redact_text(text) == f"the desk said {MARK}"


@pytest.mark.parametrize("length", [4, 100, LONGEST, LONGEST + 1])
def test_what_is_remembered_of_texts_has_an_end(length: int) -> None:
    redacted = Redacted()
    tracemalloc.start()
    for number in range(10_000):
        text = f"{number:x>{length}}"
        redacted.add(text, text)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 4 * MOST
