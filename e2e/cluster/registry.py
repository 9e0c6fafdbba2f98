"""The in-memory registry on kind's network that stands for the public ones, and the two that do not let in.

Image pulls in the cluster are real: what is published here is pulled, any other tag is NotFound, one host asks for
credentials that nobody has, one refuses connections, and every host not named here does not exist.
"""

import json
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from e2e.cluster import paths
from e2e.cluster.errors import ClusterError
from e2e.cluster.images import PREFIX
from e2e.cluster.shell import Shell, answers

IMAGE = f"{PREFIX}registry:local"
PORT = 5000
PORT_ON_HOST = 30500
START_SECONDS = 30
CONTENT_LABEL = "incident-agent.content"

UPSTREAMS = (
    "docker.io", "registry-1.docker.io", "quay.io", "gcr.io", "ghcr.io", "registry.k8s.io", "k8s.gcr.io",
    "public.ecr.aws", "mcr.microsoft.com", "docker.elastic.co", "registry.gitlab.com", "cgr.dev",
)  # fmt: skip
UNAUTHORISED = "private.registry.test"
UNREACHABLE = "down.registry.test"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def hosts_file(server: str) -> str:
    """containerd's hosts.toml that answers for one upstream by `server` and by nothing else."""
    return f'server = "{server}"\n[host."{server}"]\n  capabilities = ["pull", "resolve"]\n'


class Registry:
    """The registries of one cluster: containers CLUSTER-registry and CLUSTER-registry-locked on kind's network.

    fixed_port: whether it listens on PORT_ON_HOST of this host, so that people find it; else on a free port.
    """

    def __init__(self, cluster: str, fixed_port: bool, network: str = "kind") -> None:
        self.container, self.locked, self.network = (
            f"{cluster}-registry",
            f"{cluster}-registry-locked",
            network,
        )
        self.fixed_port = fixed_port
        self.shell = Shell(paths.cache() / "logs" / f"registry-{cluster}.log")

    @cached_property
    def address(self) -> str:
        """127.0.0.1:PORT, as this host reaches it."""
        return self.shell.output("docker", "port", self.container, f"{PORT}/tcp")

    def mirrors(self, built: bool) -> dict[str, str]:
        """Host to the text of its hosts.toml; built: the public registries are not reachable and are answered too."""
        return {
            **dict.fromkeys(UPSTREAMS if built else (), hosts_file(f"http://{self.container}:{PORT}")),
            UNAUTHORISED: hosts_file(f"http://{self.locked}:{PORT}"),
            UNREACHABLE: hosts_file(f"http://{self.container}:{PORT + 1}"),
        }

    def start(self, published: dict[str, list[str]], digest: str) -> bool:
        """Run both registries and publish; False when one ran that has this content (`digest`) and was kept."""
        if self.content() == digest:
            return False
        self.stop()
        blobs = paths.cache() / "registry"
        blobs.mkdir(parents=True, exist_ok=True)
        port = PORT_ON_HOST if self.fixed_port else ""
        self.shell.run("docker", "run", "-d", "--name", self.container, "--network", self.network,
                       "--publish", f"127.0.0.1:{port}:{PORT}", "--volume", f"{blobs}:/blobs", IMAGE,
                       "registry", "serve", "--address", f"0.0.0.0:{PORT}", "--disk", "/blobs")  # fmt: skip
        self.await_answer()
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(lambda item: self.publish(*item), published.items()))
        # The locked registry starts last, and carries the label that says all of this was done.
        password = "$(head -c 12 /dev/urandom | base64)"
        serve = f"echo /:user:{password} > /tmp/httpd.conf; exec httpd -f -p {PORT} -c /tmp/httpd.conf"
        self.shell.run("docker", "run", "-d", "--name", self.locked, "--network", self.network,
                       "--label", f"{CONTENT_LABEL}={digest}", f"{PREFIX}busybox:1.35", "sh", "-c", serve)  # fmt: skip
        return True

    def stop(self) -> None:
        """Remove both registries; layers stay in the cache, so that the next start need not send them again."""
        self.shell.run("docker", "rm", "-f", self.container, self.locked)

    def content(self) -> str:
        """The digest of what the running registries hold, or nothing."""
        if not answers("docker", "exec", self.container, "/bin/crane", "version"):
            return ""
        wanted = '{{if .State.Running}}{{index .Config.Labels "' + CONTENT_LABEL + '"}}{{end}}'
        shown = subprocess.run(
            ["docker", "inspect", "-f", wanted, self.locked], capture_output=True, text=True
        )
        return shown.stdout.strip()

    def await_answer(self) -> None:
        """Wait until the registry answers; raises ClusterError after START_SECONDS."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self._request("GET", "/v2/"):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ClusterError(f"the registry at {self.address} does not answer: {error}") from None
                time.sleep(0.2)

    def publish(self, image: str, names: list[str]) -> None:
        """Push one of the engine's images under the first of `names` (repository:tag); the others are aliases."""
        first, *aliases = names
        target = f"{self.address}/{first}"
        self.shell.run("docker", "tag", image, target)
        self.shell.run("docker", "push", "--quiet", target)
        self.shell.run("docker", "rmi", target)
        for alias in aliases:
            self.alias(first, alias)

    def alias(self, name: str, alias: str) -> None:
        """Give a published image one more name."""
        with self._request("GET", self._manifest(name)) as response:
            manifest, kind = response.read(), response.headers["Content-Type"]
        with self._request("PUT", self._manifest(alias), manifest, kind):
            return

    def has(self, name: str) -> bool:
        """Whether repository:tag is published."""
        try:
            with self._request("HEAD", self._manifest(name)):
                return True
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise

    def cluster_address(self) -> str:
        """IP:PORT as the cluster sees it; Tekton's bundle resolver speaks plain HTTP to private addresses only."""
        networks = json.loads(
            self.shell.output("docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", self.container)
        )
        return f"{networks[self.network]['IPAddress']}:{PORT}"

    @staticmethod
    def _manifest(name: str) -> str:
        repository, _, tag = name.rpartition(":")
        return f"/v2/{repository}/manifests/{tag}"

    def _request(self, method: str, path: str, body: bytes | None = None, kind: str = MANIFEST_TYPE) -> Any:
        headers = {"Accept": MANIFEST_TYPE, **({"Content-Type": kind} if body else {})}
        request = urllib.request.Request(f"http://{self.address}{path}", body, headers, method=method)
        return urllib.request.urlopen(request, timeout=30)
