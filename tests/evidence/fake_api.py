"""A Kubernetes API server on loopback: canned objects, pages, selectors, logs, refusals and delays."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.evidence.kinds import RESOURCES, Resource
from tests import loopback

CHUNK = b"x" * 1000 + b"\n"


def pod(number: int, namespace: str = "shop") -> dict[str, Any]:
    """A pod about as large as real ones are."""
    return {
        "metadata": {"namespace": namespace, "name": f"web-{number:04}", "labels": {"app": "web"}},
        "spec": {"nodeName": f"node-{number % 50}", "containers": [{"name": "web", "image": "web:1"}]},
        "status": {"phase": "Running"},
    }


@dataclass
class FakeApi:
    """What the server holds and what it was asked; tests set the first and read the second."""

    url: str = ""
    # path -> object, list of a collection's items, or what makes status and body of the parameters
    objects: dict[str, Any] = field(default_factory=dict)
    logs: dict[str, bytes | int] = field(default_factory=dict)  # path -> text, or a size in bytes
    refusals: dict[str, tuple[int, Any]] = field(default_factory=dict)  # path -> status and body
    delays: dict[str, float] = field(default_factory=dict)  # path -> seconds of silence
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # path and parameters
    headers: list[dict[str, str]] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    changes: list[tuple[str, Any]] = field(default_factory=list)  # path and what was to be merged, in order
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def last(self) -> dict[str, str]:
        """The parameters of the last request."""
        return self.requests[-1][1]

    def kubeconfig(self, path: Path, **user: Any) -> str:
        """Write a kubeconfig for this server and return its path."""
        return loopback.kubeconfig(path, self.url, **user)


class _Handler(loopback.Handler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet
    api: FakeApi

    def setup(self) -> None:
        super().setup()
        self.api.connections += 1

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client had heard enough
            self.close_connection = True

    def do_GET(self) -> None:
        api, url = self.api, urlsplit(self.path)
        parameters = {key: values[0] for key, values in parse_qs(url.query).items()}
        api.requests.append((url.path, parameters))
        api.headers.append(dict(self.headers))
        api.methods.add(self.command)
        api.stopping.wait(api.delays.get(url.path, 0))
        if url.path in api.refusals:
            self._send(*api.refusals[url.path])
        elif url.path in api.logs:
            self._stream(api.logs[url.path])
        elif callable(found := api.objects.get(url.path)):
            self._send(*found(parameters))
        elif isinstance(found, list):
            self._send(200, _page(found, parameters, url.path))
        elif found is not None:
            resource, _ = resource_at(url.path)
            self._send(200, ({"kind": resource.kind} if resource else {}) | found)
        elif url.path == "/version":
            self._send(200, {"major": "1", "minor": "34", "gitVersion": "v1.34.0"})
        elif (answer := absent(url.path)) is not None:
            self._send(404, answer)
        else:
            self._send(200, _page([], parameters, url.path))

    def do_PATCH(self) -> None:
        """Take a merge patch; it is kept and changes no object."""
        api, change = self.api, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        api.methods.add(self.command)
        if self.path in api.refusals:
            self._send(*api.refusals[self.path])
        elif not isinstance(change, dict) or self.headers["Content-Type"] != "application/merge-patch+json":
            self._send(400, status("not a merge patch"))
        else:
            api.changes.append((self.path, change))
            self._send(200, api.objects.get(self.path, {}))

    def _send(self, code: int, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, log: bytes | int) -> None:
        """Send chunk by chunk without a length, as the API server streams logs."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pieces = [log] if isinstance(log, bytes) else (CHUNK * 64 for _ in range(log // (len(CHUNK) * 64)))
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b"")
        self.wfile.write(b"0\r\n\r\n")


def status(message: str, reason: str = "", **details: str) -> dict[str, Any]:
    """A Status object, which is how the API says no."""
    return {
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": message, "reason": reason, "details": details,
    }  # fmt: skip


def absent(path: str) -> dict[str, Any] | bytes | None:
    """What the API answers for an object it does not have, for an API it does not serve; None for a collection."""
    resource, name = resource_at(path)
    if resource is None:
        return b"404 page not found\n"
    words = f'{resource.plural} "{name}" not found'
    return status(words, "NotFound", kind=resource.plural, name=name) if name else None


def resource_at(path: str) -> tuple[Resource | None, str]:
    """The resource and the name of what is at a path of the API."""
    parts = path.strip("/").split("/")
    api = "/".join(parts[1 : 2 if parts[0] == "api" else 3])
    rest = parts[2 if parts[0] == "api" else 3 :]
    rest = rest[2:] if rest[0:1] == ["namespaces"] and len(rest) > 2 else rest
    found = [r for r in RESOURCES.values() if r.api == api and rest and r.plural == rest[0]]
    return (found[0] if found else None), (rest[1] if len(rest) > 1 else "")


def _page(items: list[Any], parameters: dict[str, str], path: str) -> dict[str, Any]:
    items = [item for item in items if _selected(item, parameters.get("labelSelector", ""))]
    start, limit = int(parameters.get("continue", 0)), int(parameters.get("limit", len(items) or 1))
    more = {"continue": str(start + limit)} if start + limit < len(items) else {}
    resource, _ = resource_at(path)
    kind = resource.list_kind if resource else "List"
    return {"kind": kind, "apiVersion": "v1", "metadata": more, "items": items[start : start + limit]}


def _selected(item: dict[str, Any], selector: str) -> bool:
    """Whether an item has the labels of a selector of equalities."""
    labels = item.get("metadata", {}).get("labels") or {}
    wanted = [term.partition("=") for term in selector.split(",") if "=" in term]
    return all(labels.get(key) == value for key, _, value in wanted)


@contextmanager
def serving() -> Iterator[FakeApi]:
    """Run a fake API server for the length of a block."""
    held = FakeApi()

    class Handler(_Handler):
        api = held

    with loopback.serving(Handler) as held.url:
        try:
            yield held
        finally:
            held.stopping.set()
