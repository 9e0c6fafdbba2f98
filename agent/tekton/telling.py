"""Telling: one message for an alert that has no verdict, by the same webhook as verdicts."""

from pathlib import Path
from typing import Any

from agent.evidence.redaction import Redactor
from agent.intake.alert import Alert, AlertError, decode_base64, parse_alerts
from agent.intake.subject import route
from agent.line import printable
from agent.tekton.notify import URL_FILE, post
from agent.tekton.trouble import has_log

ATTEMPT = "incident-agent/attempt"
"""Label of a run that tries again what another did not investigate: 2, 3. Who starts these tells when they end."""
_NAMED = 3  # alerts of a batch
_TEXT = 200  # characters of an alert


def tell_not_investigated(
    run: dict[str, Any], why: str, task_run: dict[str, Any] | None = None, *, url_file: Path = URL_FILE
) -> bool:
    """Post that the alert of a PipelineRun was not investigated; whether there is a webhook to post to.

    `why` is a clause without a full stop, such as "killed, exit 137". Raises NotifyError.
    """
    return post(not_investigated(run, why, task_run), url_file)


def not_investigated(run: dict[str, Any], why: str, task_run: dict[str, Any] | None = None) -> str:
    """The message: which alert, why, and what to type."""
    said = f"NOT investigated: {alert_of(run)}: {why}"
    return Redactor().redact_text("; ".join((said, *commands(run, task_run))))


def commands(run: dict[str, Any], task_run: dict[str, Any] | None = None) -> list[str]:
    """What to type: to see more, and to investigate the alert again where that needs no bundle."""
    name, namespace = run["metadata"]["name"], run["metadata"].get("namespace", "default")
    look = "logs" if has_log(task_run) else "describe"
    typed = [f"to see more: tkn pipelinerun {look} {name} -n {namespace}"]
    pipeline = run.get("spec", {}).get("pipelineRef", {}).get("name")
    if pipeline:
        typed.append(
            f"to try again: tkn pipeline start {pipeline} -n {namespace} --use-pipelinerun {name} --showlog"
        )
    return typed


def alert_of(run: dict[str, Any]) -> str:
    """The alert that a PipelineRun carries, in words; of several the first, and how many."""
    values = {each.get("name"): each.get("value") for each in run.get("spec", {}).get("params") or []}
    given = values.get("alert") or values.get("alerts")
    try:
        alerts = parse_alerts(decode_base64(given)).alerts if isinstance(given, str) else []
    except AlertError:
        alerts = []
    if not alerts:
        return f"the alert of the run {run['metadata']['name']}"
    told = ", ".join(dict.fromkeys(_told(alert) for alert in alerts[:_NAMED]))
    return (
        told
        if len(alerts) == 1
        else f"{len(alerts)} alerts ({told}{', ...' if len(alerts) > _NAMED else ''})"
    )


def _told(alert: Alert) -> str:
    subject = route(alert).ref
    parts = [
        alert.name or alert.title,
        f"about {subject}" if subject else "",
        alert.severity and f"({alert.severity})",
    ]
    return printable(" ".join(filter(None, parts)))[:_TEXT]
