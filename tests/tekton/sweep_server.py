"""An Alertmanager and the PipelineRuns of a namespace, behind one server on loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RUNS = "/apis/tekton.dev/v1/namespaces/sre/pipelineruns"


@dataclass
class Cluster:
    """What fires and which runs there are; tests set both and read what was created."""

    url: str = ""
    alerts: Any = field(default_factory=list)
    """What /api/v2/alerts answers; bytes go as they are."""
    status: int = 200
    """Of that answer."""
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """Beginnings of names that the API server refuses, with its HTTP status."""
    taken: set[str] = field(default_factory=set)
    """Names that somebody takes between the list and the creation."""
    posted: list[str] = field(default_factory=list)
    """What the chat webhook at /chat was told."""
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, parameters and headers of each GET."""

    def add(self, run: dict[str, Any]) -> None:
        """Let there be a run."""
        self.runs[run["metadata"]["name"]] = run

    def of(self, kind: str) -> list[str]:
        """Names of the runs created as `single`, `batch` or `place`."""
        return [name for name in self.created if _kind(self.runs[name]) == kind]

    def end(self, name: str, status: str, at: str, **more: Any) -> None:
        """Let a run have ended."""
        self.runs[name]["status"] = {
            "startTime": "2026-01-31T11:00:00Z", "completionTime": at,
            "conditions": [{"type": "Succeeded", "status": status}],
        } | more  # fmt: skip


def _kind(run: dict[str, Any]) -> str:
    labels = run["metadata"]["labels"]
    return (
        "place"
        if "incident-agent/worked-by" in labels
        else "batch"
        if "incident-agent/batch" in labels
        else "single"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet
    cluster: Cluster

    def log_message(self, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client had heard enough
            self.close_connection = True

    def do_GET(self) -> None:
        cluster, url = self.cluster, urlsplit(self.path)
        parameters = {key: values[0] for key, values in parse_qs(url.query).items()}
        cluster.asked.append((url.path, parameters, dict(self.headers)))
        if url.path == "/api/v2/alerts":
            self._send(cluster.status, cluster.alerts)
        elif url.path == "/moved/api/v2/alerts":
            self._send(302, [], Location="/api/v2/alerts")
        else:
            start, limit = int(parameters.get("continue", 0)), int(parameters["limit"])
            items = list(cluster.runs.values())
            more = {"continue": str(start + limit)} if start + limit < len(items) else {}
            page = {"kind": "PipelineRunList", "metadata": more, "items": items[start : start + limit]}
            self._send(200, page)

    def do_POST(self) -> None:
        cluster = self.cluster
        run = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/chat":
            cluster.posted.append(run["text"])
            return self._send(200, {})
        if self.path != RUNS:
            return self._send(410, {})
        name = run["metadata"]["name"]
        for beginning, status in cluster.refused.items():
            if name.startswith(beginning):
                return self._send(
                    status, {"kind": "Status", "reason": "Forbidden", "message": "not this one"}
                )
        if name in cluster.runs or name in cluster.taken:
            return self._send(409, {"kind": "Status", "reason": "AlreadyExists"})
        run["metadata"]["creationTimestamp"] = "2026-01-31T12:00:00Z"
        cluster.add(run)
        cluster.created.append(name)
        return self._send(201, run)

    def _send(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving() -> Iterator[Cluster]:
    """Serve for the length of a block."""
    cluster = Cluster()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"cluster": cluster}))
    server.daemon_threads = True
    cluster.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
