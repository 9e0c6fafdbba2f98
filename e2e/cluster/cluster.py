"""The kind cluster: its configuration, its life, and whether it may be taken away."""

import json
import os
import subprocess
import time
from pathlib import Path

import yaml

from e2e.cluster import bounded_runtime, paths
from e2e.cluster.errors import ClusterError
from e2e.cluster.shell import Shell
from e2e.cluster.stages import duration, say
from e2e.cluster.toolchain import Toolchain

NAME = "incident-agent"
READY_SECONDS = 180
NETWORK = "kind"


def configuration(built: bool, bounded: bool) -> dict:
    """kind's configuration. built: the node is ours, and brings its own pod network. bounded: this host lacks a
    capability, so the kubelet must not try to raise limits or lower OOM scores."""
    shape = yaml.safe_load((paths.HERE / "kind.yaml").read_text())
    if built:
        shape["networking"] = {"disableDefaultCNI": True}
    if bounded:
        shape["featureGates"] = {"KubeletInUserNamespace": True}
    return shape


class Cluster:
    """One kind cluster, by name."""

    def __init__(self, tools: Toolchain, name: str = NAME, kubeconfig: Path = paths.KUBECONFIG) -> None:
        self.tools, self.name, self.kubeconfig = tools, name, kubeconfig
        self.shell = Shell(paths.cache() / "logs" / f"cluster-{name}.log")

    @property
    def node(self) -> str:
        """The container that is the node."""
        return f"{self.name}-control-plane"

    def exists(self) -> bool:
        """Whether kind knows a cluster of this name."""
        return self.name in self.shell.output(self.tools.kind, "get", "clusters").split()

    def configuration_file(self) -> Path:
        """kind's configuration for this host, written beside the kubeconfig."""
        file = self.kubeconfig.parent / "kind.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        bounded = bool(bounded_runtime.missing_on_this_host())
        file.write_text(yaml.safe_dump(configuration(self.tools.built, bounded)))
        return file

    def create(self) -> None:
        """Create the cluster and wait until its node is Ready and pods can be made; a running one is kept."""
        began = time.monotonic()
        if self.exists():
            self.shell.run(self.tools.kind, "export", "kubeconfig", "--name", self.name, *self._kubeconfig_flag())
            say(f"cluster {self.name} is already running")
        else:
            image = ["--image", self.tools.node_image] if self.tools.node_image else []
            self.shell.run(self.tools.kind, "create", "cluster", "--name", self.name, *image, *self._kubeconfig_flag(),
                           "--config", self.configuration_file())  # fmt: skip
        self.await_ready()
        say(f"cluster {self.name} is ready after {duration(time.monotonic() - began)}")

    def await_ready(self) -> None:
        """Wait for the node, and for the ServiceAccount without which no pod of `default` starts."""
        ready = f"--timeout={READY_SECONDS}s"
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", ready)
        self.kubectl("wait", "--for=create", "serviceaccount/default", ready)

    def delete(self) -> None:
        """Delete the cluster and, if nobody else uses it, kind's docker network."""
        self.shell.run(self.tools.kind, "delete", "cluster", "--name", self.name, *self._kubeconfig_flag())
        self.kubeconfig.unlink(missing_ok=True)
        self.record.unlink(missing_ok=True)

    def kubectl(self, *arguments: str | Path) -> str:
        """Standard output of kubectl against this cluster; raises ClusterError with what it printed."""
        command = [self.tools.kubectl, "--kubeconfig", self.kubeconfig, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            shown = " ".join(map(str, arguments))[:120]
            raise ClusterError(f"`kubectl {shown}` failed: {result.stderr.strip()[-500:]}")
        return result.stdout

    def _kubeconfig_flag(self) -> list[str]:
        return ["--kubeconfig", str(self.kubeconfig)]

    # Who made the cluster: what a person left running is never taken away; what a killed test run left is.

    @property
    def record(self) -> Path:
        """Where it is noted which test run owns the cluster; absent when a person does."""
        return paths.cache() / "clusters" / f"{self.name}.json"

    def claim(self) -> None:
        """Note that this process owns the cluster and will delete it."""
        self.record.parent.mkdir(parents=True, exist_ok=True)
        self.record.write_text(json.dumps({"pid": os.getpid()}))

    def release(self) -> None:
        """From now on a person owns the cluster."""
        self.record.unlink(missing_ok=True)

    def abandoned(self) -> bool:
        """Whether a test run made the cluster and ended without deleting it."""
        if not self.record.exists():
            return False
        pid = json.loads(self.record.read_text())["pid"]
        return pid != os.getpid() and not Path(f"/proc/{pid}").exists()
