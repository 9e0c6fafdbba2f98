"""Tekton results: the verdict in a few small values, together far below the 4,096 bytes a Task has for them.

All results of a TaskRun share one termination message of 4,096 bytes with Tekton's own JSON
(pkg/termination/write.go of Tekton Pipelines), so each value has a budget of its own, measured as it is
written there: JSON inside of JSON, with Go's escapes.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from agent.files import write_whole
from agent.line import printable
from agent.verdict.output import as_json
from agent.verdict.result import Result

TOTAL_BYTES = 3328
"""Bound of all values as Tekton stores them, in bytes; the sum of the budgets below stays under it."""
ENTITY_BYTES = 512  # namespace 63, kind 63 and name 253 characters at most, which are ASCII
SUMMARY_BYTES = 1024
CONCLUSION_BYTES = 256
WORD_BYTES = 128

_URGENCY = ("failed", "inconclusive", "diagnosed", "self-resolved", "not-actionable")
_NONE = "none"


def tekton_results(results: Iterable[Result]) -> dict[str, str]:
    """Each Tekton result by name. Of several incidents, the one that most needs a person represents all.

    Values are single lines, in which `$(` is written `$ (`, so that no later template expands them.
    """
    counts: Counter[str] = Counter()
    whole = hashlib.sha256()

    def counted(result: Result) -> Result:
        counts[result.outcome] += 1
        whole.update(as_json(result).encode())
        return result

    first = min(map(counted, results), key=lambda each: (_URGENCY.index(each.outcome), -each.confidence))
    digest = whole.hexdigest()
    incident_id = _bounded(first.incident_id, WORD_BYTES)
    return {
        "incident-id": incident_id,
        "outcome": first.outcome,
        "cause": _bounded(first.cause or _NONE, WORD_BYTES),
        "entity": _bounded(first.entity or first.subject.entity or _NONE, ENTITY_BYTES),
        "confidence": f"{first.confidence:.2f}",
        "severity": _bounded(first.alert.severity or _NONE, WORD_BYTES),
        "summary": _bounded(_summary(first, counts), SUMMARY_BYTES),
        "result-digest": f"sha256:{digest}",
        "report_ARTIFACT_OUTPUTS": json.dumps(
            {"uri": f"urn:incident-agent:{incident_id}:{first.run_id}", "digest": f"sha256:{digest}"}
        ),
        **conclusion(first.outcome),
    }


def no_results(outcome: str, summary: str) -> dict[str, str]:
    """The results of a run that investigated nothing."""
    digest = f"sha256:{hashlib.sha256().hexdigest()}"
    return {
        "incident-id": _NONE,
        "outcome": outcome,
        "cause": _NONE,
        "entity": _NONE,
        "confidence": "0.00",
        "severity": _NONE,
        "summary": _bounded(summary, SUMMARY_BYTES),
        "result-digest": digest,
        "report_ARTIFACT_OUTPUTS": json.dumps({"uri": "urn:incident-agent:none", "digest": digest}),
        **conclusion(outcome),
    }


def conclusion(outcome: str, *more: str) -> dict[str, str]:
    """The result `conclusion`: how the run ended in one sentence, and what else is to be known of it."""
    ended = "No outcome was reached" if outcome == "failed" else "The investigation reached an outcome"
    return {"conclusion": _bounded("; ".join((ended, *more)) + ".", CONCLUSION_BYTES)}


def not_investigated(why: str) -> dict[str, str]:
    """The result of a run without an outcome: why that is."""
    return {"not-investigated": _bounded(why, SUMMARY_BYTES)}


def write_nothing(directory: Path, outcome: str, summary: str) -> None:
    """Write the results of a run that investigated nothing; raises OutputError."""
    write_values(directory, no_results(outcome, summary))


def write_values(directory: Path, values: dict[str, str]) -> None:
    """Write result files without a line end, which Tekton would keep; raises OutputError."""
    for name, value in values.items():
        write_whole(directory / name, value)


def stored_size(values: dict[str, str]) -> int:
    """How many bytes Tekton's termination message needs for the values."""
    return len(_go_json([{"key": name, "value": value, "type": 1} for name, value in values.items()]))


def _summary(first: Result, counts: Counter[str]) -> str:
    if counts.total() == 1:
        return first.summary or first.investigator
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _URGENCY if counts[outcome])
    return f"{counts.total()} incidents: {told}. First: {first.summary or first.investigator}"


def _bounded(text: str, limit: int) -> str:
    """One printable line of at most `limit` bytes as Tekton stores it, cut at a character."""
    line = printable(text).replace("$(", "$ (")
    if len(_go_json(line)) <= limit:
        return line
    low, high = 0, min(len(line), limit)
    while low < high:  # the longest start that fits with the dots after it
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(_go_json(line[:middle] + "...")) <= limit else (low, middle - 1)
    return line[:low] + "..."


def _go_json(value: object) -> bytes:
    """The value as Go's encoding/json writes it, which escapes <, > and & too."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace")
