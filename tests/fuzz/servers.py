"""Stage `servers`: a Kubernetes API, a Prometheus or a model server that answers as none should."""

import json
import random
import socketserver
import threading
from functools import partial
from pathlib import Path

from tests.fuzz.canaries import Canaries
from tests.fuzz.case import Case
from tests.fuzz.cluster import Cluster
from tests.fuzz.manners import MANNERS, Request, send
from tests.fuzz.recorded import choose, plant

COUNT = 500
CODES = (0,)
_DUMB = {
    "html",
    "redirect",
    "endless",
    "bomb",
    "silent",
    "reset",
    "code",
    "busy",
    "deep",
}  # never tell anything
PATIENCE = ["--read-timeout", "0.5", "--model-timeout", "0.7"]
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:{port}"}}]
users: [{name: u, user: {token: fuzz}}]
"""


def make(chance: random.Random) -> Case:
    """A scenario's cluster on a server with one of the manners, for all requests or for some."""
    recorded = choose(chance)
    canaries = Canaries(chance)
    plant(recorded, canaries, chance)
    who = chance.choice(["api", "api", "api", "prometheus", "model"])
    share = chance.choice([1.0, 1.0, 0.5, 0.2])
    manner = chance.choice(sorted(MANNERS))
    options = [*PATIENCE, "--kubeconfig", "{}/kubeconfig", "--prometheus", "http://127.0.0.1:{port}/prometheus",
               "--record", "{}/again"]  # fmt: skip
    if who == "model":
        options += ["--model", "openai:fuzz", "--model-url", "http://127.0.0.1:{port}/v1", "--max-usd", "0"]
    return Case(
        recorded.alert,
        options=options,
        files={"kubeconfig": KUBECONFIG.encode()},
        secrets=canaries.planted,
        blind=who == "api" and share == 1.0 and manner in _DUMB,
        serve=partial(serve, Cluster(recorded), who, manner, share, chance.random()),
    )


def serve(cluster: Cluster, who: str, manner: str, share: float, seed: float, folder: Path) -> None:
    """Serve until killed. The port goes into `port`, what was sent to a model into `requests`."""
    chance = random.Random(seed)
    lock = threading.Lock()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while request := Request.read(self.rfile):
                with lock, (folder / "requests").open("ab") as log:
                    log.write(f"{request.method} {request.target}\n".encode() + request.body + b"\n")
                good = cluster.answer(request)
                odd = request.role == who and chance.random() < share
                if not send(self.request, MANNERS[manner if odd else "well"](chance, good)):
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            pass  # the client has gone

    with Server(("127.0.0.1", 0), Handler) as server:
        draft = folder / "port.draft"
        draft.write_text(json.dumps(server.server_address[1]))
        draft.replace(folder / "port")
        server.serve_forever()
