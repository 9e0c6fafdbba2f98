"""A storm: a hundred alerts in a group that grows while it is notified."""

from collections import Counter

from e2e.tekton.installation import Installation, episodes, state
from e2e.tekton.payload import alert, notification, run_name
from tekton.triggers.listener import WIDTH

POSTS = (40, 70, 100, 100)


def test_of_a_hundred_alerts_none_is_lost_and_none_worked_twice(installation: Installation):
    alerts = [alert(startsAt=f"2026-01-31T{15 + n // 60}:{n % 60:02}:00Z") for n in range(max(POSTS))]
    wanted = set(map(run_name, alerts))
    for count in POSTS:
        assert installation.post(notification(*alerts[:count])) == 202
    installation.started(*map(run_name, alerts[:WIDTH]))
    for count in sorted(set(POSTS)):
        installation.batch_of(*alerts[WIDTH:count])
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
