"""The case: a read-only view of the evidence of one incident that notes what rules still miss."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal, TypeVar

from agent.diagnosis.logs.noise import is_no_log
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Event, Log, Obj, Series, cut
from agent.evidence import query as q
from agent.evidence.census import Census
from agent.evidence.ledger import Evidence
from agent.evidence.query import Query
from agent.intake.alert import Alert
from agent.intake.runbook import Runbook
from agent.intake.subject import Subject
from agent.ref import CLUSTER_SCOPED, Ref

Objects = list[Obj]  # named here: inside Case, `list` is its method
Events = list[Event]
Need = Literal["all", "ill", "some"]
T = TypeVar("T")


class Lack(Enum):
    """Why there is no answer. All of them are false, so `answer or ...` and `if not answer` cover each of them.

    unread: it is asked now, and the next round knows. refused: it was asked and not answered, or only in part.
    absent: it was answered, and there is no such object.
    """

    UNREAD = "unread"
    REFUSED = "refused"
    ABSENT = "absent"

    def __bool__(self) -> Literal[False]:
        return False


@dataclass(frozen=True)
class Followed:
    """An object that somebody pointed at: by structure (`cause` empty) or by a finding's id."""

    ref: Ref
    by: Ref | None
    cause: str = ""


class Case:
    """What is known of an incident, and what is asked.

    Every accessor returns what the evidence says, or a `Lack`; what was not even asked is noted as an open
    question. So rules read straight on and stop at a lack; the next round, with the answers, they get further.
    """

    def __init__(
        self, evidence: Iterable[Evidence], *, alert: Alert, subject: Subject, runbook: Runbook, now: datetime
    ) -> None:
        self.alert, self.subject, self.runbook, self.now = alert, subject, runbook, now
        self.questions: dict[Query, str] = {}
        self.followed: dict[Ref, Followed] = {}
        self.current: Followed | None = None
        self.left_out: dict[
            str, None
        ] = {}  # what was not examined because there is too much of it, in sentences
        self._by_query = {e.query: e for e in evidence}
        self._lacking: set[Query] = set()
        self._cache: dict[tuple[Any, ...], Any] = {}

    # -- reading -------------------------------------------------------------------------------------

    def ask(self, query: Query, why: str = "") -> Evidence | Lack:
        """Return the evidence of an answered query; one that was not asked yet becomes a question."""
        found = self._by_query.get(query)
        if found is None:
            self.questions.setdefault(query, why)
            return Lack.UNREAD
        if found.ok:
            return found
        return Lack.ABSENT if found.status in ("not-found", "not-served") else Lack.REFUSED

    def get(self, kind: str, namespace: str, name: str, why: str = "") -> Obj | Lack:
        """Return one object; an item of a list that was read counts as read."""
        if not name or (not namespace and kind not in CLUSTER_SCOPED):
            return Lack.ABSENT
        query = q.get(kind, "" if kind in CLUSTER_SCOPED else namespace, name)
        ref = Ref(kind, query.namespace, name)
        if query not in self._by_query and ref in (known := self._listed()):
            return known[ref]
        found = self.ask(query, why)
        if isinstance(found, Lack):
            return found
        return Obj(ref, found.data, found) if isinstance(found.data, dict) else Lack.REFUSED

    def obj(self, ref: Ref, why: str = "") -> Obj | Lack:
        """One object by its reference."""
        return self.get(ref.kind, ref.namespace, ref.name, why)

    def absent(self, kind: str, namespace: str, name: str) -> Quote | None:
        """The quote of the answer "not found", or None when it exists or is unknown."""
        query = q.get(kind, "" if kind in CLUSTER_SCOPED else namespace, name)
        found = self._by_query.get(query)
        if found is None or found.status != "not-found":
            return None
        return Quote(found.id, found.text.split("\n", 1)[0][:400])

    def list(
        self,
        kind: str,
        namespace: str,
        *,
        label: str = "",
        field: str = "",
        why: str = "",
        need: Need = "all",
    ) -> Objects | Lack:
        """The objects of a kind in a namespace.

        Of a list that is too long only a part is kept. `need` says what must be in it for the analyzer to be
        right: all objects, all unhealthy ones, or some. A list with less counts as refused, and is
        reported as read in part.
        """
        found = self.ask(q.listing(kind, namespace, label=label, field=field), why)
        if isinstance(found, Lack):
            return found
        return self._objects(found) if self._holds(found, need) else Lack.REFUSED

    def is_partial(self, kind: str, namespace: str, *, label: str = "") -> bool:
        """Whether only a part of a list was kept; if so, that is reported."""
        found = self._by_query.get(q.listing(kind, namespace, label=label))
        return found is not None and found.ok and not self._holds(found, "all")

    def counted(self, kind: str, namespace: str, *, label: str = "") -> tuple[Census, Quote] | None:
        """The counts of a list of which only a part was kept, and their quote; None for any other."""
        found = self._by_query.get(q.listing(kind, namespace, label=label))
        if found is None or found.census is None:
            return None
        return found.census, Quote(found.id, cut(str(found.census)))

    def none_listed(self, kind: str, namespace: str, *, label: str = "", field: str = "") -> Quote | None:
        """The quote of a list that was answered and is empty, or None."""
        found = self._by_query.get(q.listing(kind, namespace, label=label, field=field))
        return (
            Quote(found.id, found.text.split("\n", 1)[0][:400])
            if found and found.ok and not found.data and found.census is None
            else None
        )

    def events(self, ref: Ref, why: str = "") -> Events | Lack:
        """The events about an object, oldest first."""
        found = self.ask(q.events(ref.namespace, ref.kind, ref.name), why)
        if isinstance(found, Lack):
            return found
        return self._events(found)

    def warnings(self, namespace: str, why: str = "") -> Events | Lack:
        """The warnings of a namespace, oldest first."""
        found = self.ask(q.events(namespace), why)
        if isinstance(found, Lack):
            return found
        return self._events(found)

    def log(self, pod: Ref, container: str, *, previous: bool = False, why: str = "") -> Log | Lack:
        """The log of a container; an empty one is a Log too, an answer in its place is none."""
        found = self.ask(q.logs(pod.namespace, pod.name, container, previous=previous), why)
        if isinstance(found, Lack):
            return found
        return Lack.REFUSED if is_no_log(str(found.data or "")) else Log(found)

    def series(self, promql: str, why: str = "") -> Sequence[Series] | Lack:
        """The series of a PromQL expression."""
        found = self.ask(q.metrics(promql), why)
        if isinstance(found, Lack):
            return found
        return self.once(("series", found.id), lambda: _series(found))

    def usage(self, namespace: str, pod: str = "", why: str = "") -> Sequence[dict[str, Any]] | Lack:
        """Current usage per container, from metrics-server."""
        found = self.ask(q.usage(namespace, pod), why)
        return found if isinstance(found, Lack) else [*(found.data or [])]

    def logs(self) -> Iterator[tuple[Ref, str, Log]]:
        """Every log that was read, with its pod and container."""
        for query, found in self._by_query.items():
            if query.verb == "logs" and found.ok:
                yield Ref("Pod", query.namespace, query.name), query.container, Log(found)

    def known_events(self) -> Iterator[Event]:
        """Every event that was read."""
        for query, found in self._by_query.items():
            if query.verb == "events" and found.ok:
                yield from self._events(found)

    def status(self, query: Query) -> str:
        """The status of a query's answer, empty when it was not asked."""
        found = self._by_query.get(query)
        return found.status if found else ""

    @property
    def is_blind(self) -> bool:
        """Whether not one read was answered."""
        return bool(self._by_query) and len(self.refused()) == len(self._by_query)

    def refused(self) -> Sequence[Evidence]:
        """Reads that failed for a reason other than that there is nothing to read."""
        return [e for e in self._by_query.values() if e.status not in ("ok", "not-found", "not-served")]

    def partial(self) -> Sequence[Evidence]:
        """Reads that lack something that may matter: the unhealthy objects are not all known, or it was asked for."""
        cut_short = [e for e in self._by_query.values() if e.ok and e.truncated]
        return [
            e for e in cut_short if e.query in self._lacking or e.census is None or not e.census.holds_ill
        ]

    def first(self, items: Iterable[T], most: int, what: str) -> Sequence[T]:
        """The first few of many; that the others are not examined is reported, with `what` they are."""
        items = [*items]
        if len(items) > most:
            self.left_out[
                f"{len(items) - most} of {len(items)} {what} (not examined: the limit is {most})"
            ] = None
        return items[:most]

    # -- following -----------------------------------------------------------------------------------

    def follow(self, ref: Ref) -> None:
        """Analyze another object as part of the same neighbourhood as the current one."""
        cause = self.current.cause if self.current else ""
        self.lead(ref, cause)

    @property
    def is_subject(self) -> bool:
        """Whether the object under analysis is what the alert is about: nothing pointed at it."""
        return self.current is not None and self.current.by is None

    @property
    def led_by(self) -> str:
        """The id of the cause whose finding pointed at the object under analysis; empty where none did."""
        return self.current.cause.partition("@")[0] if self.current else ""

    def lead(self, ref: Ref, cause: str) -> None:
        """Analyze an object because the finding with that id points at it."""
        by = self.current.ref if self.current else None
        known = self.followed.get(ref)
        if known is None or (
            cause and not known.cause and known.by == by
        ):  # a finding says more than an edge
            self.followed[ref] = Followed(ref, by, cause)

    # -- inside --------------------------------------------------------------------------------------

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """The value cached under that key, or else the one computed now."""
        if key not in self._cache:
            self._cache[key] = make()
        made: T = self._cache[key]
        return made

    def _holds(self, found: Evidence, need: Need) -> bool:
        census = found.census
        holds = census is None or need == "some" or (need == "ill" and census.holds_ill)
        if not holds:
            self._lacking.add(found.query)
        return holds

    def _events(self, found: Evidence) -> Events:
        return self.once(("events", found.id), lambda: _events(found))

    def _objects(self, found: Evidence) -> Objects:
        return self.once(("list", found.id), lambda: _items(found))

    def _listed(self) -> dict[Ref, Obj]:
        """Every object that was read as part of a list."""
        known = self._cache.get(("listed", ""))
        if known is None:
            lists = [e for e in self._by_query.values() if e.query.verb == "list" and e.ok]
            known = {obj.ref: obj for e in lists for obj in self._objects(e)}
            self._cache[("listed", "")] = known
        return known


def _items(found: Evidence) -> list[Obj]:
    items = [item for item in found.data or [] if isinstance(item, dict)]
    objects = []
    for item in items:
        ref = Ref.of(item, found.query.kind)
        ref = Ref(found.query.kind, ref.namespace, ref.name)
        objects.append(Obj(ref, item, found, f"[{ref.name}]"))
    return objects


def _events(found: Evidence) -> Events:
    items = [item for item in found.data or [] if isinstance(item, dict)]
    return [Event.read(item, position, found) for position, item in enumerate(items)]


def _series(found: Evidence) -> list[Series]:
    series = []
    for position, item in enumerate(found.data or []):
        points = [(float(t), float(v)) for t, v in item.get("points") or []]
        series.append(Series(dict(item.get("labels") or {}), points, found, position))
    return series
