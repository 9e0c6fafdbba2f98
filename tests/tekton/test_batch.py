import base64
import json
from typing import Any

import pytest

from agent.intake.alert import AlertError, parse_alerts
from agent.tekton.batch import remaining

START = "2026-01-31T12:00:00Z"


def alert(number: int, started: str = START) -> dict[str, Any]:
    labels = {"alertname": "KubePodCrashLooping", "pod": f"p-{number}"}
    return {"status": "firing", "labels": labels, "fingerprint": f"{number:016x}", "startsAt": started}


def episode(number: int) -> str:
    return f"incident-{number:016x}-1769860800"


def single(number: int, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": episode(number), "labels": {}}, "status": status}


def batch(
    name: str, numbers: range, created: str = START, status: str = "", **payload: Any
) -> dict[str, Any]:
    document = {"version": "4", "alerts": [alert(number) for number in numbers]} | payload
    return {
        "metadata": {
            "name": name, "creationTimestamp": created, "labels": {"incident-agent/batch": "true"},
            "annotations": {"incident-agent/episodes": " ".join(map(episode, numbers))},
        },
        "spec": {"params": [{"name": "alerts", "value": base64.b64encode(json.dumps(document).encode()).decode()}]},
        "status": {"conditions": [{"type": "Succeeded", "status": status}]},
    }  # fmt: skip


def left(own: dict[str, Any], *others: dict[str, Any]) -> list[str]:
    payload = remaining(own, [own, *others]).payload
    return [each["fingerprint"] for each in json.loads(payload)["alerts"]] if payload else []


def fingerprints(*numbers: int) -> list[str]:
    return [f"{number:016x}" for number in numbers]


def test_a_batch_on_its_own_works_all_it_carries():
    assert left(batch("a", range(3))) == fingerprints(0, 1, 2)


def test_an_alert_that_has_a_run_of_its_own_is_left_to_it():
    assert left(batch("a", range(3)), single(1)) == fingerprints(0, 2)


def test_what_an_earlier_batch_carries_is_left_to_it():
    own = batch("b", range(4), created="2026-01-31T12:05:00Z")
    assert left(own, batch("a", range(2))) == fingerprints(2, 3)


def test_of_two_batches_made_in_the_same_second_the_names_decide():
    first, second = batch("a", range(2)), batch("b", range(2))
    assert left(first, second) == fingerprints(0, 1)
    assert left(second, first) == []


def test_a_run_that_failed_took_nothing():
    failed = {"conditions": [{"type": "Succeeded", "status": "False"}]}
    own = batch("b", range(3), created="2026-01-31T12:05:00Z")
    assert left(own, batch("a", range(3), status="False"), single(0, **failed)) == fingerprints(0, 1, 2)


def test_an_alert_that_fired_again_is_another_one():
    own = batch("b", range(0), alerts=[alert(0, "2026-01-31T13:00:00Z")])
    assert left(own, single(0)) == fingerprints(0)


def test_what_was_left_out_is_said():
    found = remaining(batch("b", range(3), truncatedAlerts=4.0), [single(0), single(1)])
    assert found.notes == (
        f"1 of the alerts are handled by the run {episode(0)}",
        f"1 of the alerts are handled by the run {episode(1)}",
        "Alertmanager left out 4 more alerts; raise max_alerts in its webhook_config",
    )


def test_nothing_left_is_an_empty_payload():
    assert remaining(batch("b", range(1)), [single(0)]).payload == b""


@pytest.mark.parametrize(
    "value",
    ["", "no base64!", base64.b64encode(b"no json").decode(), base64.b64encode(b'{"alerts": 1}').decode()],
)
def test_a_parameter_that_carries_no_payload_is_refused_in_one_line(value: str):
    run = {"metadata": {"name": "b"}, "spec": {"params": [{"name": "alerts", "value": value}]}}
    with pytest.raises(AlertError, match=r"^[^\n]+$"):
        remaining(run, [])
    with pytest.raises(AlertError, match="has no parameter alerts"):
        remaining({"metadata": {"name": "b"}, "spec": {}}, [])


@pytest.mark.parametrize("number", ["3", [], {}, None, True, -1, 1e300, float("inf"), "x"])
def test_a_number_of_left_out_alerts_that_is_none_costs_nothing(number: Any):
    found = remaining(batch("a", range(2), truncatedAlerts=number), [])
    assert [each["fingerprint"] for each in json.loads(found.payload)["alerts"]] == fingerprints(0, 1)
    assert found.notes == ()


@pytest.mark.parametrize("number", [3, 3.0])
def test_alerts_that_alertmanager_left_out_are_told_once(number: float):
    found = remaining(batch("a", range(2), truncatedAlerts=number), [])
    (note,) = [*found.notes, *parse_alerts(found.payload).notes]
    assert note.startswith("Alertmanager left out 3 more alerts")
