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

from e2e.cluster import paths
from e2e.cluster.errors import ClusterError
from e2e.cluster.images import PREFIX
from e2e.cluster.shell import Shell, answers

IMAGE = f"{PREFIX}registry:local"
CONTAINER = "incident-agent-registry"
LOCKED_CONTAINER = "incident-agent-registry-locked"
HOST_PORT = 30500
PORT = 5000
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


def mirrors(built: bool) -> dict[str, str]:
    """Host to the text of its hosts.toml. built: the public registries are not reachable and are answered here too."""
    open_door = hosts_file(f"http://{CONTAINER}:{PORT}")
    return {
        **dict.fromkeys(UPSTREAMS if built else (), open_door),
        UNAUTHORISED: hosts_file(f"http://{LOCKED_CONTAINER}:{PORT}"),
        UNREACHABLE: hosts_file(f"http://{CONTAINER}:{PORT + 1}"),
    }


class Registry:
    """The registries of one cluster network."""

    def __init__(self, network: str = "kind") -> None:
        self.network = network
        self.shell = Shell(paths.cache() / "logs" / "registry.log")
        self.address = f"127.0.0.1:{HOST_PORT}"

    def start(self, published: dict[str, list[str]], digest: str) -> None:
        """Run both registries and publish; a running one with the same content (`digest`) is kept."""
        if self.content() == digest:
            return
        self.stop()
        blobs = paths.cache() / "registry"
        blobs.mkdir(parents=True, exist_ok=True)
        self.shell.run("docker", "run", "-d", "--name", CONTAINER, "--network", self.network,
                       "--publish", f"{self.address}:{PORT}", "--volume", f"{blobs}:/blobs", IMAGE,
                       "registry", "serve", "--address", f"0.0.0.0:{PORT}", "--disk", "/blobs")  # fmt: skip
        self.await_answer()
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(lambda item: self.publish(*item), published.items()))
        # The locked registry starts last, and carries the label that says all of this was done.
        locked = "echo '/:user:'$(head -c 12 /dev/urandom | base64) > /tmp/httpd.conf; exec httpd -f -p 5000 -c /tmp/httpd.conf"
        self.shell.run("docker", "run", "-d", "--name", LOCKED_CONTAINER, "--network", self.network,
                       "--label", f"{CONTENT_LABEL}={digest}", f"{PREFIX}busybox:1.35", "sh", "-c", locked)  # fmt: skip

    def stop(self) -> None:
        """Remove both registries; layers stay in the cache, so that the next start need not send them again."""
        self.shell.run("docker", "rm", "-f", CONTAINER, LOCKED_CONTAINER)

    def content(self) -> str:
        """The digest of what the running registries hold, or nothing."""
        if not answers("docker", "exec", CONTAINER, "/bin/crane", "version"):
            return ""
        wanted = "{{if .State.Running}}{{index .Config.Labels \"" + CONTENT_LABEL + "\"}}{{end}}"
        shown = subprocess.run(["docker", "inspect", "-f", wanted, LOCKED_CONTAINER], capture_output=True, text=True)
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
            self.shell.output("docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", CONTAINER)
        )
        return f"{networks[self.network]['IPAddress']}:{PORT}"

    @staticmethod
    def _manifest(name: str) -> str:
        repository, _, tag = name.rpartition(":")
        return f"/v2/{repository}/manifests/{tag}"

    def _request(self, method: str, path: str, body: bytes | None = None, kind: str = MANIFEST_TYPE):  # noqa: ANN202
        headers = {"Accept": MANIFEST_TYPE, **({"Content-Type": kind} if body else {})}
        request = urllib.request.Request(f"http://{self.address}{path}", body, headers, method=method)
        return urllib.request.urlopen(request, timeout=30)
