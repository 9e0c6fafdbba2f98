"""Fixtures of the tests of Tekton."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evidence.fake_api import FakeApi, serving
from tests.tekton.webhook import Webhook, webhook


@pytest.fixture(name="webhook")
def running_webhook() -> Iterator[Webhook]:
    """A chat webhook."""
    with webhook() as running:
        yield running


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """An API server that the kubeconfig names, for the namespace sre."""
    with serving() as server:
        monkeypatch.setenv("KUBECONFIG", server.kubeconfig(tmp_path / "kubeconfig", token="t"))
        monkeypatch.setenv("POD_NAMESPACE", "sre")
        yield server
