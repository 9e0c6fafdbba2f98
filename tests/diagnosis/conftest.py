"""Tests of the diagnosis are held to what docs/causes-and-tests.md says of them; `rules` starts without any."""

from collections.abc import Iterator

import pytest

from tests.coverage import broken, observed
from tests.diagnosis.invented import Rules


@pytest.fixture(autouse=True)
def _held_to_the_page(request: pytest.FixtureRequest) -> Iterator[None]:
    with observed(request.node.nodeid) as seen:
        yield
    assert broken(request.node.nodeid, seen) == [], "run `make docs`"


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Rules:
    """No rules and no edges, until a test adds some."""
    return Rules(monkeypatch)
