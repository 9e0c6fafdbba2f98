"""Clusters of thousands of objects on a real server, which serves pages as the API server does."""

import json
import time
from collections.abc import Iterable
from typing import Any

from agent.evidence.answer import Answer
from agent.evidence.cluster import ClusterSource
from agent.evidence.kinds import RESOURCES
from agent.evidence.query import Query
from tests.diagnosis.objects import Data, owned, pod
from tests.diagnosis.world import World
from tests.evidence.fake_api import FakeApi

Fault = tuple[int, Any] | float


class Collection:
    """The objects of one kind, serialised once, in the order given; answers `limit`, `continue`, selectors.

    `faults` are answered once each in place of the page that begins at that object: status and body, or
    so many seconds of silence before it.
    """

    def __init__(self, kind: str, objects: Iterable[Data], faults: dict[int, Fault] | None = None) -> None:
        self._kind = f"{kind}List".encode()
        self._items = [(_labels(each), _fields(each), json.dumps(each).encode()) for each in objects]
        self._chosen: dict[tuple[str, str], list[bytes]] = {}
        self._faults = dict(faults or {})

    def __call__(self, parameters: dict[str, str]) -> tuple[int, bytes]:
        items = self._select(parameters.get("labelSelector", ""), parameters.get("fieldSelector", ""))
        start = int(parameters.get("continue") or 0)
        fault = self._faults.pop(start, None)
        if isinstance(fault, tuple):
            return fault[0], json.dumps(fault[1]).encode()
        time.sleep(fault or 0)
        end = start + int(parameters.get("limit") or len(items) or 1)
        meta = json.dumps({"continue": str(end)} if end < len(items) else {}).encode()
        return 200, _page(self._kind, meta, items[start:end])

    def _select(self, labels: str, fields: str) -> list[bytes]:
        if (labels, fields) not in self._chosen:
            wanted = [_terms(text) for text in (labels, fields)]
            self._chosen[labels, fields] = [
                body
                for *known, body in self._items
                if all(have.get(key) == value for have, want in zip(known, wanted, strict=True)
                       for key, value in want.items())
            ]  # fmt: skip
        return self._chosen[labels, fields]


class Crowd(World):
    """A world on a real server: what a test fills in is served page by page; what else there may be is empty."""

    def __init__(self, api: FakeApi, read_seconds: float = 60) -> None:
        super().__init__()
        self.read_seconds = read_seconds
        self.api = api
        for resource in RESOURCES.values():
            api.objects |= {resource.path(namespace): [] for namespace in ("", "shop")}
        self._source = ClusterSource.connect(timeout=read_seconds)

    def fill(
        self, kind: str, namespace: str, objects: Iterable[Data], faults: dict[int, Fault] | None = None
    ) -> None:
        """Serve these as all objects of a kind in a namespace, one by one as well."""
        objects, path = [*objects], RESOURCES[kind].path(namespace)
        for each in objects:
            each.pop("kind", None)  # a list names the kind of its items once
        self.api.objects[path] = self.api.objects[RESOURCES[kind].path("")] = Collection(
            kind, objects, faults
        )
        single = {"apiVersion": RESOURCES[kind].api, "kind": kind}
        self.api.objects |= {f"{path}/{each['metadata']['name']}": single | each for each in objects}

    async def answer(self, query: Query) -> Answer:
        """What the server says."""
        return await self._source.answer(query)


def _page(kind: bytes, meta: bytes, items: list[bytes]) -> bytes:
    return b'{"kind":"%s","metadata":%s,"items":[%s]}' % (kind, meta, b",".join(items))


def pods(count: int, *, owner: str = "web-a", app: str = "web", namespace: str = "shop") -> list[Data]:
    """Pods of one ReplicaSet that are well, as large as real ones with what controllers write about them."""
    fields: Data = {"f:spec": {f"f:field-{number}": {".": {}, "f:name": {}} for number in range(40)}}
    managed = [{"manager": "kubelet", "operation": "Update", "fieldsV1": fields}]
    return [
        _managed(
            pod(f"{owner}-{number:05}", app=app, namespace=namespace, owner=owned("ReplicaSet", owner)),
            managed,
        )
        for number in range(count)
    ]


def _managed(data: Data, managed: list[Data]) -> Data:
    data["metadata"]["managedFields"] = managed
    return data


def _labels(data: Data) -> dict[str, str]:
    return data["metadata"].get("labels") or {}


def _fields(data: Data) -> dict[str, str]:
    """What the API server selects by: names, places and what an event is about."""
    about = {f"involvedObject.{key}": value for key, value in (data.get("involvedObject") or {}).items()}
    meta = {f"metadata.{key}": data["metadata"].get(key, "") for key in ("name", "namespace")}
    node = {"spec.nodeName": (data.get("spec") or {}).get("nodeName", "")}
    return about | meta | node | {"type": data.get("type", "")}


def _terms(selector: str) -> dict[str, str]:
    return dict(term.split("=", 1) for term in selector.split(",") if "=" in term)
