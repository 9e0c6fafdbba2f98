"""Results for tests of what Tekton is told of them."""

from datetime import UTC, datetime
from typing import Any

from agent.verdict.result import AlertPart, Result, SubjectPart, UsagePart, VersionsPart

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def result(**more: Any) -> Result:
    """A diagnosed incident; fields given replace its own."""
    alert = AlertPart(
        name="KubePodCrashLooping", title="A pod is crash looping.", status="firing", severity="warning", labels={},
        annotations={}, starts_at=NOW, fingerprint="1a30ba71cca2921f", runbook_url="", grouped=1,
    )  # fmt: skip
    usage = UsagePart(
        model="rules", calls=4, prompt_tokens=0, completion_tokens=0, usd=0.0, seconds=0.2, reads=7
    )
    fields: dict[str, Any] = {
        "incident_id": "1a30ba71cca2921f-1769860800", "run_id": "0123456789ab", "started_at": NOW, "finished_at": NOW,
        "alert": alert, "subject": SubjectPart(entity="shop/Pod/cart-0", container="", service="", why="the label pod"),
        "outcome": "diagnosed", "reason": "", "summary": "The container was killed at its memory limit.",
        "cause": "oom-killed", "cause_title": "Out of memory", "entity": "shop/StatefulSet/cart", "confidence": 0.9,
        "chain": [], "claims": [], "ruled_out": [], "observations": [], "recommendations": [], "missing": [],
        "evidence": [], "commander": "", "investigator": "", "transcript": [], "usage": usage,
        "versions": VersionsPart(agent="0.1.0", autogen="0.7.5", python="3.11"),
    }  # fmt: skip
    return Result(**fields | more)
