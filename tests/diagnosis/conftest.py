"""Tests of the diagnosis are held to what docs/causes-and-tests.md says of them."""

from collections.abc import Iterator

import pytest

from tests.coverage import broken, observed


@pytest.fixture(autouse=True)
def _held_to_the_page(request: pytest.FixtureRequest) -> Iterator[None]:
    with observed(request.node.nodeid) as seen:
        yield
    assert broken(request.node.nodeid, seen) == [], "run `make docs`"
