"""Alerts: what starts an investigation, read leniently from what Alertmanager or a person sends."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from agent.errors import UserError
from agent.intake.fields import clean, clip, kind, one_line, shown, texts, time
from agent.intake.subject import route

MAX_BYTES = 1024 * 1024  # of one payload
MAX_ALERTS = 1000  # of one payload
MAX_NOTES = 20
EXPECTED = "expected an Alertmanager webhook (version 4), one alert, a list of alerts, or plain text"

_JSON_START = re.compile(r'\s*(?:\{|\[\s*(?:[\[{"\]\d-]|(?:true|false|null)\b|$))')
_RESOLVED_TEXT = re.compile(r"\W*resolved\b", re.IGNORECASE)
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_NOTHING = ("null", "none", "undefined", "true", "false", "nan")  # what a broken template leaves
_META_ALERTS = {
    "Watchdog": "it always fires, to prove that alerting works",
    "DeadMansSwitch": "it always fires, to prove that alerting works",
    "InfoInhibitor": "it only silences alerts of severity info",
}


class AlertError(UserError):
    """Input that is not an alert. The message is one line for people: what is wrong, and what is expected."""


@dataclass(frozen=True)
class Alert:
    """One alert. Labels, annotations and title are untrusted text, free of control characters."""

    name: str
    """The alertname; empty for plain text."""
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime | None
    """UTC; stable while the alert keeps firing, so fingerprint and start name one episode."""
    fingerprint: str
    """16 hex digits, Alertmanager's own where it is given."""
    title: str
    """One line of at most 200 characters: what the result shows after "Alert:"."""
    plain_text: str = ""
    """The whole text of an alert that came as plain text; empty for a structured one."""
    suppressed: bool = False
    """Alertmanager's API says that it is silenced or inhibited."""

    @property
    def severity(self) -> str:
        """The severity label in lower case, or nothing."""
        return self.labels.get("severity", "").strip().lower()

    @property
    def runbook_url(self) -> str:
        """The runbook's address when it is a web address, or nothing."""
        url = self.annotations.get("runbook_url", "").strip()
        return url if re.fullmatch(r"https?://\S+", url) else ""

    @property
    def text(self) -> str:
        """What the alert says in words: name, summary, description and plain text."""
        said = (self.annotations.get(key, "") for key in ("summary", "description", "message"))
        return "\n".join(part for part in (self.name, *said, self.plain_text) if part)


@dataclass
class Payload:
    """The contents of one input: its alerts in the order given, and what was accepted leniently."""

    alerts: list[Alert] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep one remark; beyond MAX_NOTES they are dropped, since a bad sender repeats itself."""
        if text not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(text)


def parse_alerts(data: bytes) -> Payload:
    """Read the alerts of a webhook payload, an alert object, a list, or plain text; raises AlertError."""
    if len(data) > MAX_BYTES:
        raise AlertError(f"the alert has {len(data):,} bytes or more; the limit is {MAX_BYTES:,} bytes")
    text = _unquoted(_decode(data))
    payload = Payload()
    if not _JSON_START.match(text):
        payload.alerts.append(_plain(text, payload))
        return payload
    for where, entry in _entries(_load(text), payload):
        alert = _structured(entry, where, payload)
        if alert:
            payload.alerts.append(alert)
    if not payload.alerts:
        why = f" ({payload.notes[-1]})" if payload.notes else ""
        raise AlertError(f"no alert in the input{why}; {EXPECTED}")
    return payload


def decode_base64(text: str) -> bytes:
    """Decode the standard or the URL-safe alphabet; padding and white space are free; raises AlertError."""
    if len(text) > 2 * MAX_BYTES:
        raise AlertError(f"the base64 text has {len(text):,} characters; the limit is {2 * MAX_BYTES:,}")
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters outside ASCII
        raise AlertError("not base64: expected a complete text of A-Z a-z 0-9 + / (or - _)") from None


def encode_base64(data: bytes) -> str:
    """Encode in the standard alphabet, on one line: safe in every template, parameter and shell word."""
    return base64.b64encode(data).decode("ascii")


def left_out(document: dict[str, Any]) -> int:
    """How many alerts a webhook says it left out; 0 if its field is not a number of alerts."""
    number = document.get("truncatedAlerts")
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1e9:
        return 0
    return int(number)


def not_actionable(alert: Alert) -> str:
    """Why the alert must not be investigated; empty when it should be."""
    name = alert.name or alert.title
    if alert.status == "resolved":
        return "the alert is resolved"
    if name in _META_ALERTS:
        return f"{name} is a meta alert: {_META_ALERTS[name]}"
    if alert.severity == "none":
        return "the alert has severity none"
    if alert.suppressed:
        return "the alert is silenced or inhibited in Alertmanager"
    return ""


def _decode(data: bytes) -> str:
    if b"\0" in data:
        raise AlertError(f"the alert is binary (a NUL byte at offset {data.index(0)}); expected UTF-8 text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise AlertError(f"the alert is not UTF-8 text ({byte}); expected JSON or plain text") from None
    if not text.strip():
        raise AlertError(f"the alert is empty; {EXPECTED}")
    return text


def _unquoted(text: str) -> str:
    """The text in a JSON string, as a template leaves it that quotes once too often."""
    if text[:1] == text.strip()[-1:] == '"':
        with suppress(ValueError, RecursionError):
            return str(json.loads(text))
    return text


def _load(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AlertError(f"not JSON: {constant} is not a JSON value; expected a number, or text in quotes")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        cut = "; is it truncated?" if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg else ""
        raise AlertError(f"not JSON: {error.msg} at {where}{cut}") from None
    except RecursionError:
        raise AlertError("not an alert: the JSON is nested too deeply") from None
    except ValueError:  # an integer of thousands of digits
        raise AlertError("not an alert: a number in the JSON is too long") from None


def _entries(document: Any, payload: Payload) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects that should be alerts, each with its position."""
    common: dict[str, Any] = {}
    if isinstance(document, dict) and "alerts" in document:
        _check_version(document, payload)
        entries = document["alerts"]
        if not isinstance(entries, list):
            raise AlertError(f"not a webhook: alerts is {kind(entries)}; expected a list of alerts")
        common = {key: document.get("common" + key.title()) for key in ("labels", "annotations")}
        if truncated := left_out(document):
            payload.note(f"Alertmanager left out {truncated} more alerts (truncatedAlerts; see max_alerts)")
        prefix = "alerts"
    elif isinstance(document, dict):
        if not isinstance(document.get("labels"), dict):
            found = ", ".join(sorted(shown(key) for key in document)[:8]) or "nothing"
            raise AlertError(f"an object that is not an alert: it has no labels (found {found}); {EXPECTED}")
        entries, prefix = [document], "alert"
    elif isinstance(document, list):
        entries, prefix = document, "list"
    else:
        raise AlertError(f"{kind(document)} is not an alert; {EXPECTED}")
    if len(entries) > MAX_ALERTS:
        payload.note(f"{len(entries)} alerts; only the first {MAX_ALERTS} are read")
    for index, entry in enumerate(entries[:MAX_ALERTS]):
        where = f"{prefix}[{index}]"
        if isinstance(entry, dict):
            shared = {key: value for key, value in common.items() if value and key not in entry}
            yield where, entry | shared
        else:
            payload.note(f"{where} is ignored: {kind(entry)} is not an alert")


def _check_version(document: dict[str, Any], payload: Payload) -> None:
    version = document.get("version")
    if version == "4":
        return
    if version is None:
        payload.note("the payload states no version; it is read as an Alertmanager webhook, version 4")
    elif version == 4:
        payload.note("the webhook's version is a number; it is read as version 4")
    elif "orgId" in document:
        payload.note("a Grafana webhook; it is read as an Alertmanager webhook, version 4")
    else:
        found = f'"{shown(version)}"' if isinstance(version, str) else kind(version)
        raise AlertError(f'webhook version {found} is not known; expected "version": "4" of Alertmanager')


def _structured(entry: dict[str, Any], where: str, payload: Payload) -> Alert | None:
    labels = texts(entry.get("labels"), f"{where}.labels", payload.note)
    annotations = texts(entry.get("annotations"), f"{where}.annotations", payload.note)
    if not labels and not annotations:
        payload.note(f"{where} is ignored: it has no labels")
        return None
    name = labels.get("alertname", "").strip()
    if not name:
        payload.note(f"{where} has no label alertname")
    status, suppressed = _status(entry.get("status"), where, payload)
    given = entry.get("fingerprint")
    given = given.lower() if isinstance(given, str) else ""
    alert = Alert(
        name=name,
        status=status,
        labels=labels,
        annotations=annotations,
        starts_at=time(entry.get("startsAt"), f"{where}.startsAt", payload.note),
        fingerprint=given if _FINGERPRINT.fullmatch(given) else _fingerprint(name, labels),
        title="",
        suppressed=suppressed,
    )
    return replace(alert, title=title_of(alert))


def _plain(text: str, payload: Payload) -> Alert:
    text = clean(text).strip()
    if not any(character.isalpha() for character in text) or text.lower() in _NOTHING:
        raise AlertError(f"the alert contains no words; {EXPECTED}")
    text = clip(text, "the text", payload.note)
    return Alert(
        name="",
        status="resolved" if _RESOLVED_TEXT.match(text) else "firing",
        labels={},
        annotations={},
        starts_at=None,
        fingerprint=_fingerprint(text, {}),
        title=one_line(text.splitlines()[0]),
        plain_text=text,
    )


def title_of(alert: Alert) -> str:
    """The summary of an alert with labels, or its name and what it is about."""
    if summary := one_line(alert.annotations.get("summary", "")):
        return summary
    subject = route(alert)
    about = str(subject.ref or subject.service or subject.node)
    name = alert.name or "Alert"
    return one_line(f"{name} on {about}" if about else name)


def _status(value: Any, where: str, payload: Payload) -> tuple[Literal["firing", "resolved"], bool]:
    """The status, and whether the alert is suppressed; Alertmanager's API v2 says both in status.state."""
    state = value.get("state") if isinstance(value, dict) else value
    word = state.strip().lower() if isinstance(state, str) else ""
    if word == "resolved":
        return "resolved", False
    if word not in ("firing", "active", "suppressed", "unprocessed") and value is not None:
        payload.note(f"{where}.status is neither firing nor resolved; it is read as firing")
    return "firing", word == "suppressed"


def _fingerprint(name: str, labels: dict[str, str]) -> str:
    identity = json.dumps([name, sorted(labels.items())], ensure_ascii=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
