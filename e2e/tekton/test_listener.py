"""Notifications posted to the listeners: which runs they start, and what reaches them."""

import base64
import json
import re
from collections import Counter

import pytest

from e2e.support.waiting import wait_for
from e2e.tekton.installation import BATCH, Installation, episodes, results, state
from e2e.tekton.payload import alert, notification, run_name
from tekton.triggers.listener import BATCH_BYTES, FOLD

LISTENER = "eventlistener=incident-alerts"
HOSTILE = (
    "\"double\" 'single' `tick` \\back\\slash\nnewline\ttab \r\n <b>&amp;</b> %s %n ${HOME} $HOME $(HOME) "
    "$(OPENAI_API_KEY) $(params.alert) $(params.image) $(context.taskRun.name) $(tt.params.name) $(uid) "
    "$(tasks.investigate.results.outcome) $$(HOME) {{ .Values }} \x01\x1b[31m \u202e \U0001f525 日本語 é "
)


def sentinel(installation: Installation, listener: str = "alerts") -> None:
    """Post an alert and wait for its run: what was posted before has been worked by then."""
    last = alert()
    installation.post(notification(last), listener=listener)
    if listener == "alerts":
        installation.started(run_name(last))
    else:
        installation.batch_of(last)


def test_a_notification_of_one_firing_alert_starts_a_run_of_its_own(installation: Installation):
    firing, resolved = alert(), alert(status="resolved")
    assert installation.post(notification(firing, resolved)) == 202
    run = installation.started(run_name(firing))[run_name(firing)]
    assert run_name(resolved) not in installation.runs()
    assert run["metadata"]["labels"]["incident-agent/fingerprint"] == firing["fingerprint"]
    assert run["metadata"]["labels"]["incident-agent/alertname"] == "KubePodCrashLooping"


def test_two_alerts_at_once_do_not_touch_each_other(installation: Installation):
    both = alert(), alert()
    for each in both:
        installation.post(notification(each))
    for each in both:
        run = installation.ended(run_name(each))
        assert state(run)["status"] == "True"
        assert results(run)["entity"] == f"nowhere/Pod/{each['labels']['pod']}"
        assert results(run)["incident-id"] == run_name(each).removeprefix("incident-")


def test_the_same_notification_again_starts_nothing(installation: Installation):
    firing = alert()
    installation.post(notification(firing))
    first = installation.started(run_name(firing))[run_name(firing)]["metadata"]["uid"]
    installation.post(notification(firing))
    sentinel(installation)
    assert installation.runs()[run_name(firing)]["metadata"]["uid"] == first
    assert len([name for name in installation.runs() if firing["fingerprint"] in name]) == 1


def test_an_alert_that_fires_again_starts_one_more_run(installation: Installation):
    first = alert()
    again = first | {"startsAt": "2026-01-31T13:00:00Z"}
    installation.post(notification(first))
    installation.post(notification(again))
    installation.started(run_name(first), run_name(again))
    assert len([name for name in installation.runs() if first["fingerprint"] in name]) == 2


def test_what_is_not_to_be_investigated_starts_no_run(installation: Installation):
    refused = {
        "resolved": alert(status="resolved"),
        "watchdog": alert("Watchdog"),
        "inhibitor": alert("InfoInhibitor"),
        "severity none": alert(labels={"alertname": "Something", "severity": "none"}),
    }
    for each in refused.values():
        assert installation.post(notification(each)) == 202
    sentinel(installation)
    names = installation.runs()
    assert [why for why, each in refused.items() if run_name(each) in names] == []


def test_a_wrong_token_or_none_starts_no_run(installation: Installation):
    alerts = {token: alert() for token in ("", "Bearer wrong", installation.token.removeprefix("Bearer "))}
    for token, each in alerts.items():
        installation.post(notification(each), token=token)
        installation.post(notification(each), token=token, listener="groups")
    sentinel(installation)
    sentinel(installation, "groups")
    assert [token for token, each in alerts.items() if run_name(each) in installation.runs()] == []
    assert [token for token, each in alerts.items() if installation.batches(each)] == []
    for listener in ("alerts", "groups"):
        said = installation.listener_log(listener)
        assert len([line for line in said.splitlines() if "wrong_token" in line]) >= len(alerts)


def test_what_is_no_json_is_refused_or_starts_nothing(installation: Installation):
    before = len(installation.runs())
    statuses = [installation.post(body) for body in (b"", b"{", b"not json", b"[]", b'{"alerts": "no list"}')]
    assert all(status in (202, 400) for status in statuses), statuses
    sentinel(installation)
    assert len(installation.runs()) == before + 1


def test_missing_optional_fields_do_not_cost_a_run(installation: Installation):
    bare = {"fingerprint": alert()["fingerprint"], "labels": {"alertname": "Bare"}}
    installation.post({"alerts": [bare]})
    name = f"incident-{bare['fingerprint']}-0"
    installation.started(name)
    assert state(installation.ended(name))["status"] == "True"


@pytest.mark.parametrize("started", ["2026-02-30T12:00:00Z", "2026-01-31T", "soon", 7, None])
def test_a_start_that_is_no_time_costs_neither_its_alert_nor_the_others(
    started: object, installation: Installation
):
    odd, good = alert(startsAt=started), alert()
    assert installation.post(notification(odd)) == 202
    assert installation.post(notification(odd, good)) == 202
    name = f"incident-{odd['fingerprint']}-0"
    installation.started(name)
    wait_for(
        lambda: {name, run_name(good)} in [set(episodes(run)) for run in installation.runs(BATCH).values()],
        60,
        "the batch of both",
    )


def test_an_alert_without_a_fingerprint_is_investigated_too(installation: Installation):
    subject = alert()["labels"]["pod"]
    installation.post({"alerts": [{"labels": {"alertname": "Bare", "namespace": "nowhere", "pod": subject}}]})

    def condition() -> str:
        for name, run in installation.runs(BATCH).items():
            carried = {param["name"]: param["value"] for param in run["spec"]["params"]}["alerts"]
            if subject in base64.b64decode(carried).decode():
                return name
        return ""

    name = wait_for(condition, 60, "a run for the alert without a fingerprint")
    assert results(installation.ended(name))["entity"] == f"nowhere/Pod/{subject}"


def test_hostile_text_reaches_the_agent_byte_for_byte_and_changes_nothing(installation: Installation):
    text = HOSTILE + "x" * (64 * 1024 - len(HOSTILE.encode()))
    hostile = alert(annotations={"summary": "Hostile $(HOME) `id`", "description": text})
    installation.post(notification(hostile))
    run = installation.ended(run_name(hostile))
    assert state(run)["status"] == "True", state(run)
    task_run = installation.task_runs(run_name(hostile))["investigate"]
    pod = installation.space.get("pod", task_run["status"]["podName"])
    (step,) = [each for each in pod["spec"]["containers"] if each["name"] == "step-investigate"]
    (received,) = [each["value"] for each in step["env"] if each["name"] == "INCIDENT_ALERT_BASE64"]
    assert json.loads(base64.b64decode(received)) == hostile
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", received)
    assert "Alert: Hostile $(HOME) `id`" in installation.log(run_name(hostile)).splitlines()
    assert run["spec"]["taskRunTemplate"]["serviceAccountName"] == "incident-agent"


def test_several_alerts_are_worked_in_one_batch_each_alert_once(installation: Installation):
    alerts = [alert(startsAt=f"2026-01-31T14:{minute:02}:00Z") for minute in range(5)]
    installation.post(notification(*alerts))
    installation.post(notification(*alerts))
    name = installation.batch_of(*alerts)
    assert state(installation.ended(name))["status"] == "True"
    assert installation.worked(name) == Counter({run_name(each): 1 for each in alerts})
    assert not set(map(run_name, alerts)) & set(installation.runs())
    assert results(installation.ended(name))["summary"].startswith("5 incidents: ")
    assert installation.batches(*alerts) == [name]


def test_of_more_alerts_than_a_batch_holds_the_oldest_are_worked(installation: Installation):
    alerts = [alert(startsAt=f"2026-01-31T{16 + n // 60}:{n % 60:02}:00Z") for n in range(FOLD + 5)]
    installation.post(notification(*alerts))
    assert installation.batch_of(*alerts[:FOLD]) == f"incident-batch-{run_name(alerts[FOLD - 1])[9:]}-{FOLD}"


def test_a_notification_too_large_for_a_run_is_left_to_the_sweep_and_the_listener_goes_on(
    installation: Installation,
):
    alerts = [alert(annotations={"description": "z" * 31_000}) for _ in range(64)]
    body = json.dumps(notification(*alerts)).encode()
    assert len(body) > 2 * BATCH_BYTES
    before = _restarts(installation)
    for _ in range(3):
        assert installation.post(body) == 202
    sentinel(installation)
    assert installation.batches(*alerts) == []
    assert _restarts(installation) == before


def _restarts(installation: Installation) -> dict[str, int]:
    """The listener's pods, with how often each was started again; at first they may wait for their rights."""
    pods = installation.space.objects("pods", LISTENER)
    return {p["metadata"]["name"]: p["status"]["containerStatuses"][0]["restartCount"] for p in pods}


def test_an_alert_too_large_for_a_variable_is_worked_in_a_batch(installation: Installation):
    large = alert(annotations={"description": "y" * 120_000})
    installation.post(notification(large))
    name = installation.batch_of(large)
    assert state(installation.ended(name))["status"] == "True"
    assert installation.worked(name) == Counter({run_name(large): 1})


def test_the_listener_for_groups_works_a_whole_notification_in_one_run(installation: Installation):
    alerts = [alert() for _ in range(3)]
    installation.post(notification(*alerts, alert(status="resolved"), alert("Watchdog")), listener="groups")
    name = installation.batch_of(*alerts)
    assert state(installation.ended(name))["status"] == "True"
    assert installation.worked(name) == Counter({run_name(each): 1 for each in alerts})
