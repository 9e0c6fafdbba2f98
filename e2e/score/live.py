"""Live runs: a scenario is applied in a namespace of its own, investigated from outside, recorded, and removed."""

import contextlib
import json
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from agent.times import format_time
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.score.recorded import keep
from e2e.score.scenario import Scenario, placed
from e2e.support.monitoring import Prometheus
from e2e.support.waiting import wait_for

READY_SECONDS = 240
# Faults come about side by side; investigations one by one, so that the seconds are their own.
_INVESTIGATING = threading.Lock()
Kubectl = Callable[..., str]
_POD = re.compile(r"\{\{pod (\S+?)\}\}")
_TOWNS = ("alder", "birch", "cedar", "linden", "maple", "rowan", "willow", "hazel", "aspen", "elm")


@dataclass(frozen=True)
class Run:
    """What one live run gave: the result document, its namespace, seconds from start to exit, reads."""

    result: dict[str, Any]
    namespace: str
    seconds: float


def run_live(scenario: Scenario, cluster: Cluster, *, record: bool) -> Run:
    """Apply, wait until the fault shows, investigate, clean up. Raises ClusterError or TimeoutError."""
    namespace = f"{secrets.choice(_TOWNS)}-{secrets.token_hex(3)}"
    kubectl, node = cluster.kubectl, cluster.node
    undo = (scenario.raw.get("node") or {}).get("undo")
    kubectl("create", "namespace", namespace)
    try:
        kubectl("-n", namespace, "wait", "--for=create", "serviceaccount/default", "--timeout=60s")
        _apply(kubectl, namespace, scenario.folder / "manifest.yaml")
        if inject := (scenario.raw.get("node") or {}).get("inject"):
            _in_node(node, inject, namespace)
        for step in scenario.raw.get("steps") or []:
            _step(cluster, namespace, scenario, step)
        for check in scenario.raw.get("ready") or []:
            _wait(kubectl, namespace, check, scenario.name)
        time.sleep(float(scenario.raw.get("settle") or 0))
        return _investigate(scenario, cluster, namespace, record)
    finally:
        if undo:
            _in_node(node, undo, namespace)
        _remove(scenario, kubectl, namespace)


def _remove(scenario: Scenario, kubectl: Kubectl, namespace: str) -> None:
    """What lies outside the namespace goes by its manifest; nothing is waited for."""
    for what in (("-f", "-", "--ignore-not-found"), ("namespace", namespace)):
        with contextlib.suppress(ClusterError):
            kubectl("delete", *what, "--wait=false", input=_manifest(scenario, namespace))


def _manifest(scenario: Scenario, namespace: str) -> str:
    return placed((scenario.folder / "manifest.yaml").read_text(), namespace)


def _apply(kubectl: Kubectl, namespace: str, file: Path) -> None:
    """Apply a file; a Namespace in it comes first, and what names no namespace goes into the scenario's."""
    text = placed(file.read_text(), namespace)
    documents = [d for d in yaml.safe_load_all(text) if d]
    spaces = [d for d in documents if d["kind"] == "Namespace"]
    if spaces:
        kubectl("apply", "-f", "-", input=yaml.safe_dump_all(spaces))
        for space in spaces:
            kubectl(
                "-n",
                space["metadata"]["name"],
                "wait",
                "--for=create",
                "serviceaccount/default",
                "--timeout=60s",
            )
    rest = [d for d in documents if d["kind"] != "Namespace"]
    for placed_there in (True, False):
        group = [d for d in rest if bool(d["metadata"].get("namespace")) is placed_there]
        where = () if placed_there else ("-n", namespace)
        if group:
            kubectl(*where, "apply", "-f", "-", input=yaml.safe_dump_all(group))


def _step(cluster: Cluster, namespace: str, scenario: Scenario, step: dict[str, Any]) -> None:
    kubectl = cluster.kubectl
    if "pause" in step:  # a series grows only with time
        time.sleep(float(step["pause"]))
    elif "scrape" in step:
        _scrape(cluster, namespace, step["scrape"])
    elif "apply" in step:
        _apply(kubectl, namespace, scenario.folder / step["apply"])
    elif "kubectl" in step:
        kubectl("-n", namespace, *placed(step["kubectl"], namespace).split())
    elif "wait" in step:
        _wait(kubectl, namespace, step["wait"], scenario.name)
    else:
        raise ClusterError(f"{scenario.name}: unknown step {sorted(step)}")


def _scrape(cluster: Cluster, namespace: str, what: dict[str, Any]) -> None:
    """Have Prometheus read /metrics of the pods with a label, named as discovery would name them."""
    pods = json.loads(cluster.kubectl("-n", namespace, "get", "pod", "-l", what["label"], "-o", "json"))[
        "items"
    ]
    for pod in pods:
        name, address = pod["metadata"]["name"], pod["status"]["podIP"]
        Prometheus(cluster).scrape(
            f"{namespace}-{name}", f"{address}:{what['port']}", namespace=namespace, pod=name
        )


def _wait(kubectl: Kubectl, namespace: str, check: dict[str, Any], name: str) -> None:
    """Wait for one condition of `expect.yaml`."""

    def holds() -> bool:
        words = placed(str(check["get"]), namespace).split()
        seen = kubectl("-n", namespace, "get", *words, "-o", f"jsonpath={check['path']}")
        if "at_least" in check:
            numbers = [int(n) for n in re.findall(r"\d+", seen)]
            assert numbers and max(numbers) >= int(check["at_least"]), f"{words} is {seen!r}"
        if "equals" in check:
            assert seen == placed(str(check["equals"]), namespace), f"{words} is {seen!r}"
        if "contains" in check:
            assert placed(str(check["contains"]), namespace) in seen, f"{words} is {seen[-300:]!r}"
        return True

    wait_for(holds, float(check.get("deadline") or READY_SECONDS), f"{name}: {check}", every=2.5)


def _in_node(node: str, argv: list[str], namespace: str) -> None:
    """A host fault, as root inside the cluster's own node container."""
    command = ["docker", "exec", node, *(placed(str(word), namespace) for word in argv)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")


def _alert(scenario: Scenario, kubectl: Kubectl, namespace: str) -> str:
    """The alert with names filled in; it starts shortly before now."""
    text = placed(scenario.alert.read_text(), namespace)
    for selector in set(_POD.findall(text)):
        names = kubectl(
            "-n", namespace, "get", "pod", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}"
        ).split()
        if not names:
            raise ClusterError(f"{scenario.name}: no pod has the label {selector}")
        text = text.replace(f"{{{{pod {selector}}}}}", names[0])
    if "{{node}}" in text:
        text = text.replace("{{node}}", kubectl("get", "node", "-o", "jsonpath={.items[0].metadata.name}"))
    if scenario.alert.suffix == ".json":
        document = json.loads(text)
        start = format_time(datetime.now(UTC) - timedelta(seconds=20))
        alerts = document if isinstance(document, list) else document.get("alerts", [document])
        for alert in alerts:
            alert["startsAt"] = start
        text = json.dumps(document, indent=1)
    return text


def _investigate(scenario: Scenario, cluster: Cluster, namespace: str, record: bool) -> Run:
    alert = _alert(scenario, cluster.kubectl, namespace)
    with tempfile.TemporaryDirectory() as scratch:
        file, kept = Path(scratch) / "alert", Path(scratch) / "recording.tar.gz"
        file.write_text(alert)
        command = [sys.executable, "-m", "agent", "investigate", str(file), "--format", "json", "--record", str(kept),
                   "--kubeconfig", str(cluster.kubeconfig)]  # fmt: skip
        if scenario.raw.get("prometheus"):
            command += ["--prometheus", Prometheus(cluster).url]
        with _INVESTIGATING:
            begun = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
            seconds = time.perf_counter() - begun
        if done.returncode not in (0, 1) or not done.stdout:
            raise ClusterError(
                f"{scenario.name}: the agent ended with {done.returncode}: {done.stderr[-500:]}"
            )
        if record:
            keep(kept, scenario.recording, alert=alert, namespace=namespace)
    result = json.loads(done.stdout)
    return Run(result[0] if isinstance(result, list) else result, namespace, seconds)
