"""The cluster as a source: answers queries by reading the Kubernetes API, and never anything secret."""

import re
from typing import Any, Self

from agent.evidence.answer import Answer
from agent.evidence.kinds import RESOURCES, Resource
from agent.evidence.kube_api import ClusterError, KubeApi
from agent.evidence.projection import project
from agent.evidence.query import Query
from agent.evidence.reading import Refusal, answered
from agent.quantity import parse_quantity
from agent.ref import CLUSTER_SCOPED

__all__ = ["ClusterError", "ClusterSource"]

PAGE = 200
PAGES = 2
LOG_LINES = 2000
LOG_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][\w.:-]*")
# What the API answers with 400 to a container that has no such log: a fact about the pod, no mistake.
_NO_LOG = re.compile(r"previous terminated container|is waiting to start|is not valid for pod|not found")
# With status 200 the kubelet says in place of a log that it has none, or that its file is gone.
_LOST_LOG = re.compile(
    r"unable to retrieve container logs for \S+\s*$"
    r"|failed to (?:try resolving symlinks in path|open log file) \"?/var/log/(?:pods|containers)/"
)


class ClusterSource:
    """Answers queries from a live cluster: GETs only, each in a thread of its own within a time limit."""

    name = "kubernetes"

    def __init__(self, api: KubeApi, timeout: float) -> None:
        self._api = api
        self._timeout = timeout

    @classmethod
    def connect(cls, kubeconfig: str | None = None, context: str | None = None, timeout: float = 5.0) -> Self:
        """Choose the cluster: the kubeconfig given, $KUBECONFIG, ~/.kube/config, or the pod's ServiceAccount.

        `timeout` is seconds per read. Raises ClusterError for a kubeconfig that is missing or damaged
        and for an unknown context; a server that cannot be reached shows in the answers.
        """
        return cls(KubeApi.connect(kubeconfig, context, timeout), timeout)

    async def answer(self, query: Query) -> Answer:
        """Answer one query; whatever goes wrong is said by the status of the answer."""
        return await answered(lambda: self._read(query), self._timeout)

    def _read(self, query: Query) -> Answer:
        if query.kind.casefold() in ("secret", "secrets"):
            raise Refusal("forbidden", "Secrets are never read")
        for word in (query.kind, query.namespace, query.name, query.container):
            if word and word != "*" and not _NAME.fullmatch(word):
                raise Refusal("error", f"{word!r} is not a name of Kubernetes")
        match query.verb:
            case "get":
                resource = _resource(query.kind)
                return Answer(
                    data=project(self._api.get(resource.path(query.namespace, query.name)), query.kind)
                )
            case "list":
                return self._list(_resource(query.kind), query)
            case "events":
                return self._events(query)
            case "logs":
                return self._logs(query)
            case "usage":
                return self._usage(query)
            case verb:
                raise Refusal("error", f"the cluster does not answer {verb!r}")

    def _list(self, resource: Resource, query: Query) -> Answer:
        selectors = {"labelSelector": query.label, "fieldSelector": query.field}
        items, truncated = self._pages(resource.path(query.namespace), selectors)
        items = [project(item, resource.kind, listed=True) for item in items]
        return _listing(sorted(items, key=_place), truncated)

    def _events(self, query: Query) -> Answer:
        if query.kind:
            about = {"kind": query.kind, "name": query.name}
            if query.kind not in CLUSTER_SCOPED and query.namespace != "*":
                about["namespace"] = query.namespace
            selector = ",".join(f"involvedObject.{key}={value}" for key, value in about.items())
        else:
            selector = "type=Warning"
        items, truncated = self._pages(RESOURCES["Event"].path(query.namespace), {"fieldSelector": selector})
        items = [project(item, "Event", listed=True) for item in items]
        return _listing(sorted(items, key=event_time), truncated)

    def _pages(self, path: str, selectors: dict[str, str]) -> tuple[list[dict[str, Any]], bool]:
        """The objects of the first pages of a collection, and whether there are more."""
        parameters: dict[str, str | int] = {"limit": PAGE} | {
            key: text for key, text in selectors.items() if text
        }
        items: list[dict[str, Any]] = []
        for _ in range(PAGES):
            page = self._api.get(path, **parameters)
            items += page.get("items") or []
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                return items, False
            parameters["continue"] = more
        return items, True

    def _logs(self, query: Query) -> Answer:
        path = RESOURCES["Pod"].path(query.namespace, query.name) + "/log"
        parameters: dict[str, str | int] = {
            "container": query.container,
            "timestamps": "true",
            "tailLines": LOG_LINES,
        }
        if query.previous:
            parameters["previous"] = "true"
        try:
            text, dropped = self._api.tail(path, LOG_BYTES, **parameters)
        except Refusal as refusal:
            if refusal.code == 400 and _NO_LOG.search(refusal.message):
                raise Refusal("not-found", refusal.message.removeprefix("HTTP 400: ")) from None
            raise
        if _LOST_LOG.match(text):
            raise Refusal("not-found", text.strip())
        return _folded(text, dropped or text.count("\n") >= LOG_LINES)

    def _usage(self, query: Query) -> Answer:
        path = RESOURCES["PodMetrics"].path(query.namespace, query.name)
        found = self._api.get(path)
        pods = [found] if query.name else found.get("items") or []
        return Answer(data=[entry for pod in sorted(pods, key=_place) for entry in _consumption(pod)])


def _resource(kind: str) -> Resource:
    if kind not in RESOURCES:
        raise Refusal("error", f"unknown kind {kind!r}; known are {', '.join(sorted(RESOURCES))}")
    return RESOURCES[kind]


def _listing(items: list[dict[str, Any]], truncated: bool) -> Answer:
    notes = [f"only the first {PAGE * PAGES} objects were read"] if truncated else []
    return Answer(data=items, truncated=truncated, notes=notes)


def _folded(text: str, truncated: bool) -> Answer:
    """A log as evidence: repetition folded, and a note of what is not there."""
    from agent.evidence.folding import fold

    text, folded = fold(text)
    notes = (
        [f"only the last {LOG_LINES} lines, at most {LOG_BYTES >> 20} MiB, were read"] if truncated else []
    )
    if folded:
        notes.append(f"{folded} lines were left out by folding")
    return Answer(data=text, truncated=truncated, notes=notes)


def _place(item: dict[str, Any]) -> tuple[str, str]:
    meta = item.get("metadata") or {}
    return str(meta.get("namespace") or ""), str(meta.get("name") or "")


def event_time(event: dict[str, Any]) -> str:
    """When an event was last seen, ISO 8601 in UTC without its Z, so that texts sort as times do."""
    series = event.get("series") or {}
    seen = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(seen or (event.get("metadata") or {}).get("creationTimestamp") or "").rstrip("Z")


def _consumption(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """CPU (cores) and memory (bytes) of each container of a PodMetrics object."""
    namespace, name = _place(pod)
    return [
        {
            "namespace": namespace,
            "pod": name,
            "container": container.get("name", ""),
            "cpu": round(parse_quantity(container["usage"]["cpu"]), 9),
            "memory": int(parse_quantity(container["usage"]["memory"])),
        }
        for container in sorted(pod.get("containers") or [], key=lambda each: str(each.get("name")))
    ]
