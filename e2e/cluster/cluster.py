"""The kind cluster: its configuration and its life."""

import io
import subprocess
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

import yaml

from e2e.cluster import bounded_runtime, paths
from e2e.cluster.errors import ClusterError
from e2e.cluster.shell import Shell
from e2e.cluster.stages import duration, say
from e2e.cluster.toolchain import Toolchain

NAME = "incident-agent"
READY_SECONDS = 180


def configuration(built: bool, bounded: bool, fixed_ports: bool) -> dict:
    """kind's configuration. built: the node image is ours and brings its own pod network. bounded: this host lacks a
    capability, so the kubelet must not try to raise limits or lower OOM scores. fixed_ports: the ports of kind.yaml
    on this host; else free ones, so that two clusters can run side by side."""
    shape = yaml.safe_load((paths.HERE / "kind.yaml").read_text())
    if not fixed_ports:
        for mapping in shape["nodes"][0]["extraPortMappings"]:
            mapping["hostPort"] = 0
    if built:
        shape["networking"]["disableDefaultCNI"] = True
    if bounded:
        shape["featureGates"] = {"KubeletInUserNamespace": True}
    return shape


class Cluster:
    """One kind cluster, by name."""

    def __init__(self, tools: Toolchain, name: str = NAME, kubeconfig: Path | None = None) -> None:
        self.tools, self.name = tools, name
        own = paths.KUBECONFIG if name == NAME else paths.STATE / f"kubeconfig-{name}"
        self.kubeconfig = kubeconfig or own
        self.shell = Shell(paths.cache() / "logs" / f"cluster-{name}.log")

    @property
    def node(self) -> str:
        """The container that is the node."""
        return f"{self.name}-control-plane"

    @property
    def fixed_ports(self) -> bool:
        """Whether this is the cluster that people work with, whose ports are always the same."""
        return self.name == NAME

    def address(self, node_port: int) -> str:
        """`http://127.0.0.1:PORT` of this host for one of the node ports in kind.yaml."""
        return "http://" + self.shell.output("docker", "port", self.node, f"{node_port}/tcp")

    def exists(self) -> bool:
        """Whether kind knows a cluster of this name; without kind there is none."""
        return (
            self.tools.kind.exists()
            and self.name in self.shell.output(self.tools.kind, "get", "clusters").split()
        )

    def configuration_file(self) -> Path:
        """kind's configuration for this host, written beside the kubeconfig."""
        file = paths.STATE / f"kind-{self.name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        bounded = bool(bounded_runtime.missing_on_this_host())
        file.write_text(yaml.safe_dump(configuration(self.tools.built, bounded, self.fixed_ports)))
        return file

    def create(self) -> None:
        """Create the cluster, or keep the one that runs, and wait until pods can be made in it."""
        if self.exists():
            self.shell.run(self.tools.kind, "export", "kubeconfig", "--name", self.name, *self._kubeconfig())
            self.await_ready()
        else:
            began = time.monotonic()
            say(f"creating cluster {self.name}")
            image = ["--image", self.tools.node_image] if self.tools.node_image else []
            self.shell.run(self.tools.kind, "create", "cluster", "--name", self.name, *image, *self._kubeconfig(),
                           "--config", self.configuration_file())  # fmt: skip
            self.keep_service_addresses_inside()
            self.await_ready()
            say(f"cluster {self.name} is ready after {duration(time.monotonic() - began)}")

    def keep_service_addresses_inside(self) -> None:
        """Refuse, on the node, what is addressed to a Service and was not redirected to a pod.

        Until kube-proxy has written the rules of a new Service, its address is routed out of the node like any other.
        Where something out there answers, as a proxy does, the API server keeps that connection and asks a stranger
        for the metrics API, or for admission, from then on.
        """
        services = yaml.safe_load((paths.HERE / "kind.yaml").read_text())["networking"]["serviceSubnet"]
        for chain in ("OUTPUT", "FORWARD"):
            self.shell.run(
                "docker", "exec", self.node, "iptables", "-I", chain, "-d", services, "-j", "REJECT"
            )

    def await_ready(self) -> None:
        """Wait for the node, and for the ServiceAccount without which no pod of `default` starts."""
        limit = f"--timeout={READY_SECONDS}s"
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", limit)
        self.kubectl("wait", "--for=create", "serviceaccount/default", limit)

    def delete(self) -> None:
        """Delete the cluster."""
        self.shell.run(self.tools.kind, "delete", "cluster", "--name", self.name, *self._kubeconfig())
        self.kubeconfig.unlink(missing_ok=True)

    def load(self, image: str) -> None:
        """Put one of the engine's images into the node."""
        self.shell.run(self.tools.kind, "load", "docker-image", image, "--name", self.name)

    def export_logs(self, folder: Path) -> None:
        """The logs of the node and of everything on it.

        kind exports what it can and then complains of the rest (a node image of ours has no crictl): no error here.
        """
        try:
            self.shell.run(self.tools.kind, "export", "logs", folder, "--name", self.name)
        except ClusterError as error:
            say(f"the logs of {self.name} are not complete: {error}")

    def write_node_files(self, folder: str, files: Mapping[str, str]) -> None:
        """Write files, by their path below `folder`, into the node's file system."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, text in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        unpack = ["docker", "exec", "-i", self.node, "sh", "-c", f"mkdir -p {folder} && tar -x -C {folder}"]
        subprocess.run(unpack, input=packed.getvalue(), check=True, capture_output=True)

    def kubectl(self, *arguments: str | Path, input: str = "") -> str:
        """Standard output of kubectl against this cluster; raises ClusterError with what it printed."""
        command = [self.tools.kubectl, "--kubeconfig", self.kubeconfig, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, input=input)
        if result.returncode != 0:
            shown = " ".join(map(str, arguments))[:120]
            raise ClusterError(f"`kubectl {shown}` failed: {result.stderr.strip()[-500:]}")
        return result.stdout

    def _kubeconfig(self) -> list[str]:
        return ["--kubeconfig", str(self.kubeconfig)]
