"""The API server that tests of evidence ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evidence.fake_api import FakeApi, serving


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """A server named by $KUBECONFIG, and by the file `kubeconfig` in `tmp_path`."""
    with serving() as server:
        monkeypatch.setenv("KUBECONFIG", server.kubeconfig(tmp_path / "kubeconfig", token="t0ken"))
        yield server
