"""Quantities as Kubernetes writes them."""

import time

import pytest

from agent.quantity import parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100m", 0.1), ("1.5", 1.5), ("250n", 2.5e-7), ("3u", 3e-6), ("0", 0), (4, 4), ("-1", -1), ("+2", 2),
        (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1E3", 1000), ("12e-1", 1.2), ("1k", 1e3), ("1M", 1e6),
        ("1G", 1e9), ("1T", 1e12), ("1P", 1e15), ("1E", 1e18), ("1Ki", 1024), ("128Mi", 134217728),
        ("1.5Gi", 1610612736), ("1Ti", 2**40), ("1Pi", 2**50), ("1Ei", 2**60), (" 1 ", 1),
    ],
)  # fmt: skip
def test_a_quantity_is_a_number_with_a_suffix(text: object, value: float) -> None:
    assert parse_quantity(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "m", "1 Gi", "1K", "1gi", "1Mi2", "NaN", "inf", "1e", None, "1e9999"])
def test_what_is_no_quantity_is_refused_by_name(text: object) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)


def test_a_long_run_of_digits_costs_linear_time() -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity("0" * 100_000 + "!")
    assert time.process_time() - start < 8
