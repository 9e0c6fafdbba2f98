"""Stage `alerts`: payloads as no sender should send them."""

import copy
import json
import random
from typing import Any

from tests.fuzz.canaries import Canaries
from tests.fuzz.case import Case
from tests.fuzz.mutation import hostile, long_text, mutate_bytes, mutate_data, mutate_text
from tests.fuzz.recorded import Recorded, as_json, choose
from tests.hostile import values

COUNT = 10_000
CODES = (0, 2)
_EMPTY = as_json({"version": 1, "recorded_at": "2026-11-22T12:00:00Z", "entries": []})
_PLAIN = (
    "High CPU alert on payment-service",
    "pod web-1 in namespace shop is crash looping",
    "disk full on node n1",
)


def make(chance: random.Random) -> Case:
    """A payload on an empty recording, or on the one its alert was made for."""
    recorded = choose(chance) if chance.random() < 0.15 else None
    canaries = Canaries(chance)
    alert = _payload(chance, recorded, canaries)
    files = recorded.files() if recorded else {"manifest.json": _EMPTY}
    through = chance.choice(["file", "file", "stdin", "base64"]) if len(alert) < 50_000 else "file"
    return Case(
        alert,
        options=["--replay", "{}/recording"],
        files={f"recording/{name}": content for name, content in files.items()},
        secrets=canaries.planted,
        through=through,
    )


def _payload(chance: random.Random, recorded: Recorded | None, canaries: Canaries) -> bytes:
    if chance.random() < 0.2:
        return _text(chance, canaries)
    if chance.random() < 0.05:
        return values.nested(chance.choice([10, 900, 1100, 50_000]), chance.choice("[{")).encode()
    document = _document(chance, recorded)
    for _ in range(chance.choice([0, 1, 1, 2, 5, 20])):
        if isinstance(document, dict | list):
            mutate_data(chance, document)
    if chance.random() < 0.2:
        _plant(document, canaries)
    data = _encoded(chance, document)
    return mutate_bytes(chance, data) if chance.random() < 0.2 and not canaries.planted else data


def _plant(document: Any, canaries: Canaries) -> None:
    """A secret in the description of every alert, behind all mutations: none may spoil what gives it away."""
    alerts = document.get("alerts", [document]) if isinstance(document, dict) else document
    for alert in alerts if isinstance(alerts, list) else []:
        if isinstance(alert, dict) and isinstance(alert.get("annotations"), dict):
            alert["annotations"]["description"] = canaries.line()


def _text(chance: random.Random, canaries: Canaries) -> bytes:
    text = chance.choice(_PLAIN)
    for _ in range(chance.randrange(4)):
        text = mutate_text(chance, text)
    if chance.random() < 0.1:
        text += long_text(chance)
    if chance.random() < 0.2:
        text += f"\n{canaries.line()}"
    data = text.encode("utf-8", "surrogatepass")
    return mutate_bytes(chance, data) if chance.random() < 0.2 and not canaries.planted else data


def _document(chance: random.Random, recorded: Recorded | None) -> Any:
    """A webhook, a list, or an alert; what a person writes seldom."""
    alert = _alert(chance, recorded)
    several = [copy.deepcopy(alert) for _ in range(chance.choice([0, 1, 1, 2, 3, 30]))]
    for number, each in enumerate(several):
        each["labels"]["pod"] = (
            f"{each['labels'].get('pod', 'web')}-{number}" if number else each["labels"].get("pod", "web")
        )
    webhook = {
        "version": chance.choice(["4", "4", "4", 4, None, "3", [], hostile(chance)]),
        "status": "firing",
        "receiver": "agent",
        "groupKey": "{}:{}",
        "truncatedAlerts": chance.choice([0, 0, 3, hostile(chance)]),
        "commonLabels": chance.choice([{}, {"cluster": "c"}, hostile(chance)]),
        "alerts": several,
    }
    return chance.choice([webhook, webhook, webhook, several, alert, hostile(chance)])


def _alert(chance: random.Random, recorded: Recorded | None) -> dict[str, Any]:
    try:
        alert = json.loads(recorded.alert) if recorded else {}
    except ValueError:
        alert = {}
    labels = {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "web-7", "severity": "warning"}
    alert.setdefault("labels", labels)
    alert.setdefault("annotations", {"summary": "Pod is crash looping."})
    alert["status"] = chance.choice(
        ["firing", "firing", "firing", "resolved", {"state": "active"}, hostile(chance)]
    )
    alert["startsAt"] = chance.choice([*values.TIMES, "2026-11-22T12:00:00Z", hostile(chance)])
    for holder in (alert["labels"], alert["annotations"]):
        if chance.random() < 0.5:
            key = chance.choice(list(holder))
            holder[key] = mutate_text(chance, str(holder[key]))
        if chance.random() < 0.1:
            holder[str(hostile(chance))[:200]] = hostile(chance)
    return alert


def _encoded(chance: random.Random, document: Any) -> bytes:
    try:
        text = json.dumps(document, ensure_ascii=chance.random() < 0.5)
    except ValueError:
        text = json.dumps(str(document))
    if chance.random() < 0.1:
        text = json.dumps(text)  # quoted once too often
    return text.encode("utf-8", "surrogatepass")
