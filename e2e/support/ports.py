"""A local port to something in the cluster."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError


@contextmanager
def forward(cluster: Cluster, namespace: str, target: str, port: int) -> Iterator[str]:
    """`http://127.0.0.1:PORT` for a port of `pod/NAME` or `svc/NAME`, for as long as the context lasts.

    Raises ClusterError with what kubectl said when the target has no ready pod.
    """
    kubectl = [str(cluster.tools.kubectl), "--kubeconfig", str(cluster.kubeconfig), "-n", namespace]
    command = [*kubectl, "port-forward", "--address", "127.0.0.1", target, f":{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stderr
            # kubectl prints this line once it listens; at the end of its life it prints nothing more.
            listening = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
            if not listening:
                raise ClusterError(f"no port to {namespace}/{target}: {process.stderr.read().strip()}")
            yield f"http://127.0.0.1:{listening[1]}"
        finally:
            process.terminate()
