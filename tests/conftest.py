"""No unit test may reach beyond the loopback interface, or see the settings of whoever runs it."""

import os

import hypothesis
import pytest
from pytest_socket import socket_allow_hosts

# The same examples in every run; HYPOTHESIS_PROFILE=default looks for new ones.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_runtest_setup() -> None:
    """Block every address but this machine's own."""
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("INCIDENT_") or name == "KUBECONFIG"]:
        monkeypatch.delenv(name)
