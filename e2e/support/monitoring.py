"""Prometheus and Alertmanager as tests use them: ask, and give them something to do."""

import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.support.waiting import wait_for

NAMESPACE = "monitoring"


def fetch(url: str, body: bytes | None = None) -> Any:
    """The JSON behind an address; None when it answers with nothing. Raises ClusterError when it does not answer."""
    headers = {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as response:
            text = response.read()
    except OSError as error:
        raise ClusterError(f"{url} does not answer: {error}") from None
    return json.loads(text) if text else None


@dataclass(frozen=True)
class Prometheus:
    """The cluster's Prometheus."""

    cluster: Cluster

    @property
    def url(self) -> str:
        """Its address for this host."""
        return self.cluster.address(30990)

    def await_answer(self) -> None:
        """Wait until it answers this host: a ready pod comes a moment before the way to it."""
        wait_for(lambda: fetch(f"{self.url}/api/v1/status/buildinfo"), 60, "an answer of Prometheus")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query."""
        return fetch(f"{self.url}/api/v1/query?query={urllib.parse.quote(expression)}")["data"]["result"]

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that are pending or firing."""
        return fetch(f"{self.url}/api/v1/alerts")["data"]["alerts"]

    def set_rules(self, name: str, rules: str) -> None:
        """Write a rule file (its YAML text) and take it up; empty text removes it."""
        self._write(f"/rules/{name}.yaml", rules or "groups: []\n")
        fetch(f"{self.url}/-/reload", b"")

    def scrape(self, name: str, address: str, **labels: str) -> None:
        """Scrape host:port at /metrics from now on."""
        self._write(f"/targets/tests-{name}.json", json.dumps([{"targets": [address], "labels": labels}]))

    def _write(self, path: str, text: str) -> None:
        self.cluster.kubectl("-n", NAMESPACE, "exec", "-i", "deployment/prometheus", "--",
                             "sh", "-c", 'cat > "$0"', path, input=text)  # fmt: skip


@dataclass(frozen=True)
class Alertmanager:
    """The cluster's Alertmanager."""

    cluster: Cluster

    @property
    def url(self) -> str:
        """Its address for this host."""
        return self.cluster.address(30993)

    def configure(self, configuration: str) -> None:
        """Replace the configuration (its YAML text) and wait until it is in use; alerts known so far are forgotten."""
        manifest = {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "alertmanager", "namespace": NAMESPACE},
            "data": {"alertmanager.yml": configuration},
        }  # fmt: skip
        self.cluster.kubectl("replace", "-f", "-", input=json.dumps(manifest))
        self.cluster.kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/alertmanager")
        self.cluster.kubectl(
            "-n", NAMESPACE, "rollout", "status", "deployment/alertmanager", "--timeout=120s"
        )
        self.await_answer()

    def await_answer(self) -> None:
        """Wait until it answers this host: a ready pod comes a moment before the way to it."""
        wait_for(lambda: fetch(f"{self.url}/api/v2/status"), 60, "an answer of Alertmanager")

    def send(self, alerts: list[dict[str, Any]]) -> None:
        """Post alerts, as Prometheus would."""
        fetch(f"{self.url}/api/v2/alerts", json.dumps(alerts).encode())

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts it knows."""
        return fetch(f"{self.url}/api/v2/alerts")
