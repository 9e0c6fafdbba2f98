"""No unit test may reach beyond the loopback interface, or see the settings of whoever runs it."""

import os

import pytest
from pytest_socket import socket_allow_hosts


def pytest_runtest_setup() -> None:
    """Block every address but this machine's own."""
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("INCIDENT_") or name == "KUBECONFIG"]:
        monkeypatch.delenv(name)
