"""The cluster of a recording, as three servers tell it: Kubernetes API, Prometheus, a model that does its work."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agent.evidence.kinds import RESOURCES
from agent.evidence.query import Query
from tests.fuzz.manners import Good, Request
from tests.fuzz.recorded import Recorded
from tests.team.server import sensible

_NOTHING: dict[str, Any] = {"status": "success", "data": {"resultType": "matrix", "result": []}}


@dataclass
class Cluster:
    """Answers requests by what was recorded: objects and logs by path, lists by path and selector."""

    recorded: Recorded

    def __post_init__(self) -> None:
        self._said: dict[tuple[str, ...], Any] = {}
        for text, answer in self.recorded.by_query.items():
            self._said.setdefault(_key(Query.parse(text)), answer)

    def answer(self, request: Request) -> Good:
        """What a server without manners of its own says."""
        url = urlsplit(request.target)
        asked = dict(parse_qsl(url.query))
        match request.role:
            case "model":
                return Good(200, json.dumps(sensible(json.loads(request.body)).body).encode())
            case "prometheus":
                series = self._said.get(("metrics", asked.get("query", "")))
                return Good(200, json.dumps(_matrix(series) if series else _NOTHING).encode())
        found = self._said.get((url.path, asked.get("container", ""), asked.get("previous", "")))
        if isinstance(found, str):
            return Good(200, found.encode(), "text/plain")
        if found is None:
            found = self._said.get((url.path, asked.get("labelSelector", ""), asked.get("fieldSelector", "")))
        if found is None and asked.get("limit"):
            found = []
        if found is None:
            return Good(404, json.dumps(_not_found(url.path)).encode())
        document = {"kind": "List", "metadata": {}, "items": found} if isinstance(found, list) else found
        return Good(200, json.dumps(document).encode())


def _key(query: Query) -> tuple[str, ...]:
    """Path and selectors of the request a query leads to."""
    match query.verb:
        case "metrics":
            return "metrics", query.promql
        case "logs":
            path = RESOURCES["Pod"].path(query.namespace, query.name) + "/log"
            return path, query.container, "true" if query.previous else ""
        case "events":
            about = {"kind": query.kind, "name": query.name, "namespace": query.namespace}
            selector = ",".join(f"involvedObject.{key}={value}" for key, value in about.items())
            path = RESOURCES["Event"].path(query.namespace)
            return path, "", selector if query.kind else "type=Warning"
        case "usage":
            return RESOURCES["PodMetrics"].path(query.namespace, query.name), "", ""
        case _:
            return RESOURCES[query.kind].path(query.namespace, query.name), query.label, query.field


def _matrix(series: Any) -> dict[str, Any]:
    result = [
        {"metric": each["labels"], "values": [[at, str(value)] for at, value in each["points"]]}
        for each in series
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def _not_found(path: str) -> dict[str, Any]:
    plural, _, name = path.rpartition("/")
    return {
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
        "message": f'{plural.rpartition("/")[2]} "{name}" not found',
        "details": {"name": name, "kind": plural.rpartition("/")[2]},
    }  # fmt: skip
