"""Storms: a group that grows while it is notified, and a real Alertmanager whose listener is killed."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from e2e.support.monitoring import Alertmanager
from e2e.support.waiting import wait_for
from e2e.tekton import storm
from e2e.tekton.installation import MANY, Installation, cap, episodes, pipeline_run, state
from e2e.tekton.payload import alert, notification, run_name

POSTS = (40, 70, 100, 100)


def test_of_a_hundred_alerts_none_is_lost_and_none_worked_twice(installation: Installation):
    alerts = [alert(startsAt=f"2026-01-31T{15 + n // 60}:{n % 60:02}:00Z") for n in range(max(POSTS))]
    wanted = set(map(run_name, alerts))
    for count in POSTS:
        assert installation.post(notification(*alerts[:count])) == 202
    for count in sorted(set(POSTS)):
        installation.batch_of(*alerts[:count])
    runs = installation.runs()
    batches = [name for name, run in runs.items() if name not in wanted and _carries(run, wanted)]
    assert len(batches) == len(set(POSTS))
    worked = Counter(wanted & set(runs))
    for name in batches:
        assert state(installation.ended(name))["status"] == "True"
        worked += installation.worked(name)
    assert {name: times for name, times in worked.items() if times > 1} == {}
    assert set(worked) == wanted
    for name in wanted & set(runs):
        assert state(installation.ended(name))["status"] == "True"


def _carries(run: dict, wanted: set[str]) -> bool:
    return "incident-agent/batch" in run["metadata"]["labels"] and bool(set(episodes(run)) & wanted)


@pytest.fixture
def sender(alertmanager: Alertmanager, installation: Installation) -> Iterator[Alertmanager]:
    """Alertmanager, configured to post each alert to this installation; set back at the end."""
    storm.settled(installation)
    cap(installation.space, storm.CAP)
    storm.configure(alertmanager, installation)
    yield alertmanager
    cap(installation.space, MANY)
    alertmanager.configure("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")


def test_when_the_listener_is_killed_in_a_storm_the_sweep_finds_each_alert_once(
    sender: Alertmanager, installation: Installation
):
    with storm.watching(installation) as most:
        wanted = storm.send(sender, storm.alerts(60))
        storm.kill_listener(installation)
        said = storm.make_good(installation, wanted)
    assert said[0]["firing"] == 60
    assert sum(each["started"] for each in said) > 0
    worked = storm.verdicts(installation, wanted)
    assert wanted - set(worked) == set()
    assert {name: times for name, times in worked.items() if times > 1} == {}
    assert most.looks > 10
    assert 0 < most.pods <= storm.CAP
    again = storm.sweep(installation)
    assert (again["investigated"], again["started"], again["done"]) == (60, 0, True)


@pytest.fixture
def full(installation: Installation) -> Iterator[None]:
    """An installation without room for any pod of a run; with room again at the end."""
    storm.settled(installation)
    cap(installation.space, 0)
    yield
    cap(installation.space, MANY)


def test_a_run_that_waits_has_no_pod_and_no_timeout_running(installation: Installation, full: None):
    name = installation.start(pipeline_run("Pod nowhere/absent-0 is crash looping"))
    waiting = wait_for(lambda: _waiting(installation, name), 60, "the run to wait")
    assert "startTime" not in waiting["status"]  # from which the timeout of a task is counted
    assert installation.space.objects("pods", f"tekton.dev/pipelineRun={name}") == []
    cap(installation.space, MANY)
    assert state(installation.ended(name))["status"] == "True"


def test_without_room_the_listener_starts_nothing_and_says_so(installation: Installation, full: None):
    firing = alert()
    installation.post(notification(firing))
    words = f"{run_name(firing)}.*the sweep starts this when there is room"
    wait_for(lambda: re.search(words, installation.listener_log("alerts")), 60, "the refusal in the log")
    assert run_name(firing) not in installation.runs()


def _waiting(installation: Installation, run: str) -> dict:
    task_run = installation.task_runs(run)["investigate"]
    assert state(task_run)["reason"] == "ExceededResourceQuota", state(task_run)
    return task_run
