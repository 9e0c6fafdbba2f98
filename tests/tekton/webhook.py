"""A chat webhook on loopback, for tests of what people are told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


@dataclass
class Webhook:
    """/ok takes a message, /moved redirects to it, /gone answers 410; /busy answers 503 until `busy` posts came."""

    url: str = ""
    received: list[str] = field(default_factory=list)
    """The texts that were taken."""
    posts: int = 0
    busy: int = 2

    def file(self, folder: Path, path: str = "/ok") -> Path:
        """The file of a mounted Secret that holds the address."""
        file = folder / "url"
        file.write_text(f"{self.url}{path}\n")
        return file


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Run a webhook for the length of a block."""
    state = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.posts += 1
            busy = 503 if state.posts <= state.busy else 200
            status = {"/ok": 200, "/moved": 307, "/busy": busy}.get(self.path, 410)
            if status == 200:
                state.received.append(body["text"])
            self.send_response(status)
            self.send_header("Location", "/ok")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
