"""Redaction costs in proportion to the length of a text, whatever stands in it again and again."""

import time

import pytest

from agent.evidence.redaction import Redactor

UNITS = [
    "x", "A", " ", "=", "'", "(", "a.b-c_", "A1b2", "@:", "::", "a/", "a:1:b:c:", "key=", "a=", "password=",
    "password=[",
    'key="', "token: ", "token=${", "password ", "password is ", 'password "', "\tpassword\t", "secret key ",
    "password>",
    "<password ", "&quot;", "%22", '\\"', "http%3A%2F%2F", "http://a:b", "name: password ", "{name: password value:",
    "value: ", "password: |\n", "password:\n", "password=\\\n", "- name: password\n", "password = [\n  x,\n",
    "mysql -p ",
    "auth: key=x ", "cGFzc3dvcmQ9", "AAAA" * 19 + "\n", "-----BEGIN PRIVATE KEY-----\n", "user on >", "密码",
]  # fmt: skip
SHORT, LONG = 5_000, 40_000


def seconds(unit: str, length: int) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    start = time.process_time()
    Redactor().redact_text(text)
    return time.process_time() - start


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_a_text_eight_times_as_long_costs_no_more_than_about_eight_times(unit: str) -> None:
    seconds("warm A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6 ", 100)
    assert seconds(unit, LONG) < 30 * seconds(unit, SHORT) + 0.05  # squared, it would be 64 times


def test_a_megabyte_of_one_character_is_no_matter() -> None:
    assert seconds("a", 1_000_000) < 100 * seconds("a", 50_000) + 0.5
