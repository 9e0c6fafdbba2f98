"""Which source answers a query: a recording everything, or the cluster and Prometheus each their own."""

from collections.abc import Callable
from datetime import UTC, datetime

from agent.evidence.answer import Answer, Source
from agent.evidence.query import Query
from agent.settings import Settings

Route = Callable[[Query], Source]


class NoPrometheus:
    """The source used when no Prometheus was given."""

    name = "prometheus"

    async def answer(self, query: Query) -> Answer:
        """Answer with the option that is missing."""
        return Answer("unreachable", message="no Prometheus was given; name one with --prometheus URL")


def open_sources(
    settings: Settings, starts_at: datetime | None, say: Callable[[str], None]
) -> tuple[Route, datetime]:
    """The route of queries and the time the run takes as now; what is wrong with a part of them is said.

    Raises RecordingError, ClusterError or PrometheusError with one line for people. Nothing is read yet.
    """
    if settings.replay:
        from agent.evidence.recording import RecordingSource

        recording = RecordingSource(settings.replay)
        if recording.warning:
            say(f"note: {recording.warning}")
        return (lambda query: recording), recording.recorded_at

    from agent.evidence.cluster import ClusterSource

    now = datetime.now(UTC)
    cluster = ClusterSource.connect(
        settings.kubeconfig or None, settings.context or None, settings.read_timeout
    )
    prometheus: Source = NoPrometheus()
    if settings.prometheus:
        from agent.evidence.prometheus import PrometheusSource

        prometheus = PrometheusSource(
            settings.prometheus, starts_at=starts_at, now=now, timeout=settings.read_timeout
        )
    return (lambda query: prometheus if query.verb == "metrics" else cluster), now
