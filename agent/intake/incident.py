"""Incidents: what is investigated once, made of the alerts about one owner."""

from dataclasses import dataclass
from datetime import UTC, datetime

from agent.intake.alert import Alert, not_actionable
from agent.intake.subject import Subject, route
from agent.kinds import WORKLOADS
from agent.names import owner_name

_SEVERITIES = {
    "critical": 0, "page": 0, "emergency": 0, "fatal": 0, "error": 1, "high": 1, "warning": 2, "info": 4,
}  # fmt: skip
_UNKNOWN_SEVERITY = 3
# Kinds that share a name with the workload they belong to, by rule (a pod) or by habit (a Service).
_LIKE_OWNERS = (*WORKLOADS, "Pod", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget")
_Routed = tuple[Alert, Subject]
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Incident:
    """One or more alerts about one owner, and where the investigation starts."""

    id: str
    """Fingerprint and Unix start of the oldest alert: the same for every repeat; a valid Kubernetes name."""
    alerts: tuple[Alert, ...]
    """The oldest first."""
    subject: Subject
    """The subject of the leading alert."""
    skipped: str = ""
    """Why it must not be investigated; empty when it should be."""
    leading: int = 0
    """Which of the alerts leads: the most severe, then the most specific in its subject, then the oldest."""

    @property
    def alert(self) -> Alert:
        """The leading alert."""
        return self.alerts[self.leading]


def incidents(alerts: list[Alert]) -> list[Incident]:
    """Gather alerts into incidents, in the order of the input; an alert not to be worked is one by itself."""
    groups: dict[tuple[str, ...], list[_Routed]] = {}
    for position, alert in enumerate(alerts):
        subject = route(alert)
        key = ("skipped", str(position)) if not_actionable(alert) else _owner(alert, subject)
        group = groups.setdefault(key, [])
        if (alert, subject) not in group:
            group.append((alert, subject))
    taken: dict[str, int] = {}
    return [_incident(group, taken) for group in groups.values()]


def _incident(group: list[_Routed], taken: dict[str, int]) -> Incident:
    """The incident of one group; a number after the id separates groups that share a fingerprint."""
    group = sorted(group, key=lambda routed: routed[0].starts_at or _LATEST)
    first = group[0][0]
    name = f"{first.fingerprint}-{int(first.starts_at.timestamp())}" if first.starts_at else first.fingerprint
    count = taken[name] = taken.get(name, 0) + 1
    leading = min(
        range(len(group)), key=lambda at: _precedence(*group[at])
    )  # of equals the first, the oldest
    return Incident(
        id=name if count == 1 else f"{name}-{count}",
        alerts=tuple(alert for alert, _ in group),
        subject=group[leading][1],
        skipped=not_actionable(first),
        leading=leading,
    )


def urgency(alert: Alert) -> int:
    """The place of an alert's severity in the order of work: the smaller, the sooner."""
    return _SEVERITIES.get(alert.severity, _UNKNOWN_SEVERITY)


def _owner(alert: Alert, subject: Subject) -> tuple[str, ...]:
    """What alerts must share to be one incident; without a subject, nothing but the fingerprint."""
    ref = subject.ref
    if ref and ref.kind in _LIKE_OWNERS:
        return ("owner", ref.namespace, owner_name(ref.kind, ref.name))
    if ref:
        return ("object", str(ref))
    if subject.node:
        return ("node", subject.node)
    if subject.service:
        return ("owner", subject.namespace, owner_name(subject.hints.get("kind", ""), subject.service))
    return ("alert", alert.fingerprint)


def _precedence(alert: Alert, subject: Subject) -> tuple[int, int]:
    return urgency(alert), _vagueness(subject)


def _vagueness(subject: Subject) -> int:
    """How far the subject is from one container: then a pod, a workload, another object, a bare name."""
    if subject.ref is None:
        return 4 if subject.service or subject.node else 5
    if subject.ref.kind == "Pod":
        return 0 if subject.container else 1
    return 2 if subject.ref.kind in WORKLOADS else 3
