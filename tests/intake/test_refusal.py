"""Input that is no alert is refused clearly, in one line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.alert import (
    MAX_BYTES,
    AlertError,
    decode_base64,
    encode_base64,
    parse_alerts,
)
from tests.intake.payloads import PROBE, is_one_line, webhook


def refusal(data: bytes) -> str:
    with pytest.raises(AlertError) as caught:
        parse_alerts(data)
    message = str(caught.value)
    assert len(message) < 300
    assert is_one_line(message)
    return message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"???", "no word"),
        (b"null", "no word"),
        (b"12.5", "no word"),
        (b"\x7fELF\x02\0\0", "binary (a NUL byte at offset 5)"),
        ("über".encode("utf-16"), "binary"),
        (b"\x1f\x8b\x08 gzip", "not UTF-8 text (byte 0x8b at offset 1)"),
        (b'{"alerts":\n [{"labels":', "line 2, column 13; is it truncated?"),
        (b'{"alerts": [{"labels": {"a": "b', "line 1, column 30; is it truncated?"),
        (b"[", "is it truncated?"),
        (b'{"labels": {"a": b}}', "not JSON: Expecting value at line 1, column 18"),
        (b'{"labels": {"a": NaN}}', "NaN is not a JSON value"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"labels":' * 90_000, "nested too deep"),
        (b"[" + b"1" * 5000 + b"]", "number in the JSON is too long"),
        (b"{}", "it has no labels (found nothing)"),
        (b'{"kind": "Pod", "metadata": {}}', "it has no labels (found kind, metadata)"),
        (b'{"labels": "alertname"}', "it has no labels"),
        (b'{"labels": {}}', "no alert in the input"),
        (b"[]", "no alert in the input"),
        (b"[1, 2]", "a number is not an alert"),
        (b'{"version": "4", "alerts": []}', "no alert in the input"),
        (b'{"version": "4", "alerts": {}}', "alerts is an object; expected a list"),
        (b'{"version": "3", "alerts": []}', 'version "3" is not known; expected "version": "4"'),
        (b'{"version": [[]], "alerts": []}', "version a list is not known"),
    ],
)
def test_input_that_is_no_alert_is_refused_with_the_reason(data, said):
    assert said in refusal(data)


def test_ten_megabytes_are_refused_with_the_size_and_the_limit():
    data = json.dumps(webhook(*[PROBE] * 25_000)).encode()
    assert len(data) > 10_000_000
    assert f"{len(data):,} bytes or more; the limit is {MAX_BYTES:,} bytes" in refusal(data)


def test_a_refusal_shows_no_control_characters_of_the_input():
    assert "(found [31mred tape)" in refusal(json.dumps({"\x1b[31mred\ntape": 1}).encode())


@given(st.binary(max_size=500))
def test_base64_brings_every_byte_back(data):
    assert decode_base64(encode_base64(data)) == data


def test_base64_takes_both_alphabets_white_space_and_no_padding():
    assert decode_base64("+/+_\n -w") == decode_base64("-_-_+w==") == b"\xfb\xff\xbf\xfb"


@pytest.mark.parametrize("text", ["a", "a$b=", "ab=cd", "grün", "{}"])
def test_text_that_is_no_base64_is_refused(text):
    with pytest.raises(AlertError, match="not base64"):
        decode_base64(text)


def test_base64_beyond_the_limit_is_refused_before_it_is_decoded():
    with pytest.raises(AlertError, match="the limit is"):
        decode_base64("A" * (2 * MAX_BYTES + 1))
