"""The cluster as a source: answers queries by reading the Kubernetes API, and never anything secret."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from agent.evidence.answer import Answer
from agent.evidence.identity import check_object, is_missing, listed
from agent.evidence.kinds import RESOURCES, Resource
from agent.evidence.kube_api import ClusterError, KubeApi
from agent.evidence.paging import Pages
from agent.evidence.projection import project
from agent.evidence.query import Query
from agent.evidence.reading import Refusal, answered
from agent.evidence.reduction import Reduction
from agent.evidence.sampling import LIMIT, Sample
from agent.evidence.wellness import condition
from agent.quantity import parse_quantity
from agent.ref import CLUSTER_SCOPED

__all__ = ["ClusterError", "ClusterSource"]

LIST_SHARE = 0.8  # of the time of a read, after which a list ends with what was read so far
LOG_LINES = 2000
LOG_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][\w.:-]*")
# What the API answers with 400 to a container that has no such log: a fact about the pod, not an error.
_NO_LOG = re.compile(r"previous terminated container|is waiting to start|is not valid for pod|not found")
# With status 200 the kubelet may answer, instead of a log, that it has none or that its file is gone.
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
        """Answer one query; the status of the answer says what went wrong."""
        return await answered(lambda: self._answer(query), self._timeout)

    def _answer(self, query: Query) -> Answer:
        try:
            return self._read(query)
        except Refusal as refusal:
            if refusal.missing != ("", "") and not _is_of(refusal, query):
                raise Refusal("error", f"something else is missing: {refusal.message}") from None
            raise

    def _read(self, query: Query) -> Answer:
        if query.kind.casefold() in ("secret", "secrets"):
            raise Refusal("forbidden", "Secrets are never read")
        for word in (query.kind, query.namespace, query.name, query.container):
            if word and word != "*" and not _NAME.fullmatch(word):
                raise Refusal("error", f"{word!r} is not a valid Kubernetes name")
        match query.verb:
            case "get":
                return self._get(_resource(query.kind), query)
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

    def _get(self, resource: Resource, query: Query) -> Answer:
        found = self._api.get(resource.path(query.namespace, query.name), resource.kind)
        check_object(found, resource, query.namespace, query.name)
        return Answer(data=project(found, resource.kind))

    def _list(self, resource: Resource, query: Query) -> Answer:
        selectors = {"labelSelector": query.label, "fieldSelector": query.field}
        return self._sampled(resource, query.namespace, selectors, age=_created, order=_place)

    def _events(self, query: Query) -> Answer:
        if query.kind:
            about = {"kind": query.kind, "name": query.name}
            if query.kind not in CLUSTER_SCOPED and query.namespace != "*":
                about["namespace"] = query.namespace
            selector = ",".join(f"involvedObject.{key}={value}" for key, value in about.items())
        else:
            selector = "type=Warning"
        selectors = {"fieldSelector": selector}
        return self._sampled(RESOURCES["Event"], query.namespace, selectors, age=event_time, order=event_time)

    def _sampled(
        self,
        resource: Resource,
        namespace: str,
        selectors: dict[str, str],
        *,
        age: Callable[[dict[str, Any]], str],
        order: Callable[[dict[str, Any]], Any],
    ) -> Answer:
        """A collection read to its end, or as far as the time limit and the server allow, and what is kept of it."""
        sample = Sample(
            judge=partial(condition, resource.kind),
            cut=lambda item: project(item, resource.kind, listed=True),
            time=age,
        )

        def keep(item: Any, size: int) -> None:
            check_object(item, resource, namespace)
            sample.add(item, size)

        pages = Pages(self._api, resource, namespace, selectors, self._timeout * LIST_SHARE)
        pages.read(keep)
        census = sample.census(ended=not pages.cut_short)
        notes = [f"{census}; {census.kept} of them are kept"] if census else []
        notes += [f"the list was not read to its end: {pages.cut_short}"] if pages.cut_short else []
        notes += sample.notes
        return Answer(data=sorted(sample.items, key=order), truncated=bool(notes), notes=notes, census=census)

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
            if refusal.code == 400 and refusal.reason and _NO_LOG.search(refusal.message):
                raise Refusal("not-found", refusal.message.removeprefix("HTTP 400: ")) from None
            raise
        if _LOST_LOG.match(text):
            raise Refusal("not-found", text.strip())
        return _folded(text, dropped or text.count("\n") >= LOG_LINES)

    def _usage(self, query: Query) -> Answer:
        resource = RESOURCES["PodMetrics"]
        path = resource.path(query.namespace, query.name)
        reduction = Reduction(lambda item: _listed(item, resource, query.namespace))
        if query.name:
            pods = [self._api.get(path, resource.kind)]
            check_object(pods[0], resource, query.namespace, query.name)
        else:
            pods = listed(self._api.get(path, resource.list_kind, reduction.keep))
        uses = [entry for pod in sorted(pods, key=_place) for entry in _consumption(pod)]
        notes = reduction.notes
        if len(uses) > LIMIT:
            notes.append(f"of {len(uses)} containers, only those that use most are kept")
            uses = _heaviest(uses)
        return Answer(data=uses, truncated=bool(notes), notes=notes)


def _is_of(refusal: Refusal, query: Query) -> bool:
    """Whether the object that the API reports missing is the one asked for; a log is also lost with its node."""
    kind = {"logs": "Pod", "usage": "PodMetrics"}.get(query.verb, query.kind)
    if query.verb == "logs" and refusal.missing[0] == "nodes":
        return True
    return bool(query.name) and is_missing(refusal, RESOURCES[kind], query.namespace, query.name)


def _resource(kind: str) -> Resource:
    if kind not in RESOURCES:
        raise Refusal("error", f"unknown kind {kind!r}; known are {', '.join(sorted(RESOURCES))}")
    return RESOURCES[kind]


def _listed(item: Any, resource: Resource, namespace: str) -> dict[str, Any]:
    """An item of a list as it is kept; raises Refusal for one that does not belong to the list."""
    check_object(item, resource, namespace)
    return project(item, resource.kind, listed=True)


def _folded(text: str, truncated: bool) -> Answer:
    """A log as evidence: repetition folded, with a note of what is missing."""
    from agent.evidence.folding import fold

    text, folded = fold(text)
    notes = (
        [f"only the last {LOG_LINES} lines, at most {LOG_BYTES >> 20} MiB, were read"] if truncated else []
    )
    if folded:
        notes.append(f"{folded} lines were left out by folding")
    return Answer(data=text, truncated=truncated, notes=notes)


def _place(item: dict[str, Any]) -> tuple[str, str]:
    meta = _metadata(item)
    return str(meta.get("namespace") or ""), str(meta.get("name") or "")


def _metadata(item: dict[str, Any]) -> dict[str, Any]:
    meta = item.get("metadata")
    return meta if isinstance(meta, dict) else {}


def _created(item: dict[str, Any]) -> str:
    return str(_metadata(item).get("creationTimestamp") or "")


def event_time(event: dict[str, Any]) -> str:
    """When an event was last seen, ISO 8601 in UTC without its Z, so that texts sort as times do."""
    series = event.get("series")
    observed = series.get("lastObservedTime") if isinstance(series, dict) else None
    seen = observed or event.get("lastTimestamp") or event.get("eventTime") or _created(event)
    return str(seen).rstrip("Z")


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


def _heaviest(uses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The LIMIT containers that use most, half of them by CPU and half by memory."""
    places = range(len(uses))
    chosen: set[int] = set()
    for resource in ("cpu", "memory"):
        ranked = sorted(places, key=lambda place: -uses[place][resource])
        chosen.update(ranked[: LIMIT // 2])
    return [uses[place] for place in sorted(chosen)]
