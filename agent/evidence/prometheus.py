"""Prometheus as a source: answers `metrics` queries with ranges around the alert and up to now."""

import json
import math
import os
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from agent.errors import UserError
from agent.evidence.answer import Answer, Status
from agent.evidence.bounds import NAME, shorten
from agent.evidence.decoding import DecodingError, Each, TooLarge, decode
from agent.evidence.intake import chunks
from agent.evidence.opener import opener
from agent.evidence.query import Query
from agent.evidence.reading import Refusal, answered

TOKEN_VARIABLE = "INCIDENT_PROMETHEUS_TOKEN"
MAX_BODY = 4 << 20
MAX_SERIES = 20
MAX_POINTS = 180
MAX_NOTES = 5
MAX_WARNING = 300  # characters
_BEFORE = timedelta(hours=3)  # what normal looked like
_OLD = timedelta(hours=6)
_AFTER = timedelta(hours=2)  # for an old alert: how it went on
_RECENT = timedelta(hours=1)  # for an old alert: whether it is still so
_STATUSES: dict[int, Status] = {401: "unauthorized", 403: "forbidden"}


class PrometheusError(UserError):
    """An address that cannot be a Prometheus server; one line for a person."""


@dataclass(frozen=True)
class Window:
    """A range of time to ask for."""

    start: datetime
    end: datetime


def windows(starts_at: datetime | None, now: datetime) -> tuple[list[Window], int]:
    """Which ranges to ask for, and the step in seconds that gives at most 180 points over all of them.

    From 3 h before the alert began until now; for an alert older than 6 h, the hours around its
    beginning and the last hour. An alert without a beginning, or with one in the future, began now.
    A range starts a little later where that is needed for a point at its very end.
    """
    start = min(starts_at or now, now)
    if now - start <= _OLD:
        ranges = [Window(start - _BEFORE, now)]
    else:
        ranges = [Window(start - _BEFORE, start + _AFTER), Window(now - _RECENT, now)]
    seconds = sum((each.end - each.start).total_seconds() for each in ranges)
    points = MAX_POINTS - len(ranges)  # a range has a point at both of its ends
    step = timedelta(seconds=15 * math.ceil(seconds / points / 15))
    whole = [Window(each.end - (each.end - each.start) // step * step, each.end) for each in ranges]
    return whole, int(step.total_seconds())


class PrometheusSource:
    """Answers `metrics` queries from a Prometheus, each within `timeout` seconds.

    `url` is where its API lives, http or https, without /api/v1; raises PrometheusError for another.
    A bearer token is taken from the environment (INCIDENT_PROMETHEUS_TOKEN).
    """

    name = "prometheus"

    def __init__(
        self,
        url: str,
        *,
        starts_at: datetime | None = None,
        now: datetime | None = None,
        timeout: float = 5.0,
    ) -> None:
        self._url = _checked(url)
        self._windows, self._step = windows(starts_at, now or datetime.now(UTC))
        self._timeout = timeout
        self._token = os.environ.get(TOKEN_VARIABLE, "").strip()

    async def answer(self, query: Query) -> Answer:
        """Answer one query; the status of the answer says what went wrong."""
        if query.verb != "metrics":
            return Answer("error", message=f"Prometheus does not answer {query.verb!r}")
        return await answered(lambda: self._read(query.promql), self._timeout)

    def _read(self, promql: str) -> Answer:
        kept, notes = _Kept(), []
        for window in self._windows:
            body = self._get(promql, window, kept.add)
            warnings = body.get("warnings")
            notes += (
                [str(warning)[:MAX_WARNING] for warning in warnings] if isinstance(warnings, list) else []
            )
        if kept.total > MAX_SERIES:
            notes.insert(0, f"only {MAX_SERIES} of {kept.total} series are kept")
        notes = list(dict.fromkeys(notes))[:MAX_NOTES]
        return Answer(data=kept.series, truncated=kept.total > MAX_SERIES, notes=notes)

    def _get(self, promql: str, window: Window, each: Each) -> dict[str, Any]:
        """The answer without its series, which are passed to `each`."""
        from urllib.error import HTTPError, URLError
        from urllib.request import Request

        parameters = {
            "query": promql,
            "start": f"{window.start.timestamp():.3f}",
            "end": f"{window.end.timestamp():.3f}",
            "step": self._step,
        }
        request = Request(
            f"{self._url}/api/v1/query_range?{urlencode(parameters)}", headers={"Accept": "application/json"}
        )
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with (
                opener().open(request, timeout=self._timeout) as response,
                closing(chunks(response.read1, self._timeout, MAX_BODY)) as body,
            ):
                return _checked_answer(decode(body, ("data", "result"), each))
        except HTTPError as err:
            with err, closing(chunks(err.read1, self._timeout)) as body:
                words = _words(err.code, next(body, b""))
                raise Refusal(_STATUSES.get(err.code, "error"), words) from None
        except TooLarge as err:
            raise Refusal("error", f"the answer contains {err}; aggregate, or select fewer series") from None
        except DecodingError as err:
            raise Refusal(
                "error", f"the server that answered is not Prometheus: it answered with {err}"
            ) from None
        except URLError as err:
            if isinstance(err.reason, TimeoutError):
                raise TimeoutError from None
            raise Refusal("unreachable", f"{self._url}: {err.reason}") from None
        except OSError as err:
            if isinstance(err, TimeoutError):
                raise
            raise Refusal("unreachable", f"{self._url}: {err}") from None


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        port_is_a_number = parts.port is None or parts.port > 0
    except ValueError:
        port_is_a_number = False
    if not port_is_a_number or parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise PrometheusError("the address of Prometheus is not a URL like http://prometheus:9090")
    if parts.username is not None:
        raise PrometheusError(
            f"the address of Prometheus contains credentials; put a bearer token in {TOKEN_VARIABLE}"
        )
    return url.rstrip("/")


def _words(code: int, body: bytes) -> str:
    """What Prometheus says about a query it refuses, or else the HTTP status."""
    try:
        return str(json.loads(body)["error"])[:1000]
    except (ValueError, RecursionError, KeyError, TypeError):
        return f"HTTP {code}, which may not be from Prometheus"


def _checked_answer(body: Any) -> dict[str, Any]:
    """Check that an answer contains a list of series, even an empty one; other servers answer differently."""
    if not isinstance(body, dict):
        raise Refusal(
            "error", "the server that answered is not Prometheus: it did not answer with a JSON object"
        )
    data = body.get("data")
    result = data.get("result") if isinstance(data, dict) and data.get("resultType") == "matrix" else None
    if body.get("status") != "success" or not isinstance(result, list):
        raise Refusal(
            "error", f"Prometheus answered without a result: {str(body.get('error') or 'no message')[:1000]}"
        )
    return body


class _Kept:
    """The first series in the order of their labels, however many there are."""

    def __init__(self) -> None:
        self._points: dict[tuple[tuple[str, str], ...], list[list[float]]] = {}
        self._seen: set[int] = set()

    @property
    def total(self) -> int:
        """How many series with points there were."""
        return len(self._seen)

    @property
    def series(self) -> list[dict[str, Any]]:
        """Those that are kept."""
        return [{"labels": dict(labels), "points": points} for labels, points in sorted(self._points.items())]

    def add(self, found: Any, size: int = 0) -> None:
        """Note the points of one series in one window."""
        if not isinstance(found, dict) or not isinstance(found.get("metric"), dict):
            raise Refusal("error", "Prometheus answered with a series without labels (metric)")
        if not isinstance(found.get("values"), list):
            raise Refusal("error", "Prometheus answered with a series without values")
        points = _points(found["values"])
        if not points:
            return
        labels = sorted(
            (shorten(str(name), NAME), shorten(str(value))) for name, value in found["metric"].items()
        )
        self._seen.add(hash(tuple(labels)))
        self._points.setdefault(tuple(labels), []).extend(points)
        if len(self._points) > MAX_SERIES:  # what is not among the first now cannot be among them later
            del self._points[max(self._points)]


def _points(values: list[Any]) -> list[list[float]]:
    """[[unix seconds, value], ...] without NaN and Inf; no more than were asked for."""
    points = [[float(at), float(value)] for at, value in values[:MAX_POINTS]]
    return [point for point in points if math.isfinite(point[1])]
