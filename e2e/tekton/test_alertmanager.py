"""A real Alertmanager posting to the listener: exactly one run per firing alert, whatever it groups and repeats."""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from e2e.cluster import paths
from e2e.support.monitoring import Alertmanager
from e2e.support.waiting import wait_for
from e2e.tekton.installation import Installation

# One group for each test by the label `case`; fast enough for a test, and repeats come while it looks.
CONFIGURATION = """
route:
  receiver: nobody
  group_by: [case]
  group_wait: 2s
  group_interval: 5s
  repeat_interval: 5s
  routes:
  - {{receiver: wrong-token, matchers: ['route = "wrong-token"']}}
  - {{receiver: groups, matchers: ['route = "groups"']}}
  - {{receiver: incident-agent, matchers: ['route = "alerts"']}}
receivers:
- name: nobody
- name: incident-agent
  webhook_configs:
  - url: http://el-incident-alerts.{namespace}.svc:8080
    http_config: {{authorization: {{type: Bearer, credentials: {token}}}}}
- name: groups
  webhook_configs:
  - url: http://el-incident-groups.{namespace}.svc:8080
    http_config: {{authorization: {{type: Bearer, credentials: {token}}}}}
- name: wrong-token
  webhook_configs:
  - url: http://el-incident-alerts.{namespace}.svc:8080
    http_config: {{authorization: {{type: Bearer, credentials: wrong}}}}
"""


@pytest.fixture(scope="module")
def sender(alertmanager: Alertmanager, installation: Installation) -> Iterator[Alertmanager]:
    """Alertmanager, configured to post to this installation; set back at the end."""
    token = installation.token.removeprefix("Bearer ")
    alertmanager.configure(CONFIGURATION.format(namespace=installation.space.name, token=token))
    yield alertmanager
    alertmanager.configure("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")


def alerts(count: int, route: str = "alerts", name: str = "KubePodCrashLooping") -> list[dict[str, Any]]:
    """Alerts of one group as Prometheus sends them."""
    case = secrets.token_hex(4)
    labels = {"alertname": name, "case": case, "route": route, "namespace": "nowhere", "severity": "warning"}
    now = datetime.now(UTC)
    return [
        {
            "labels": labels
            | {"pod": f"absent-{number}-{case}"},  # of different owners, so that none are one incident
            "annotations": {"summary": "A pod is crash looping."},
            "startsAt": (now - timedelta(seconds=300 - number)).isoformat(),
            "generatorURL": "http://prometheus.example.com/graph",
        }
        for number in range(count)
    ]


def fingerprints(sender: Alertmanager, sent: list[dict[str, Any]]) -> list[str]:
    """Alertmanager's fingerprints of what was sent, in that order."""

    def condition() -> list[str]:
        known = {
            each["labels"]["pod"]: each["fingerprint"] for each in sender.alerts() if "pod" in each["labels"]
        }
        return [known[each["labels"]["pod"]] for each in sent if each["labels"]["pod"] in known]

    return wait_for(lambda: found if len(found := condition()) == len(sent) else [], 30, "alerts to be known")


def runs_of(installation: Installation, *wanted: str) -> list[str]:
    """Names of the runs of single alerts with these fingerprints."""
    found = installation.runs("incident-agent/fingerprint")
    return sorted(
        name
        for name, run in found.items()
        if run["metadata"]["labels"]["incident-agent/fingerprint"] in wanted
    )


def repeated(installation: Installation, name: str, times: int = 1) -> None:
    """Wait until the listener has been asked again for a run that there is."""
    refused = re.compile(re.escape(name) + r'[\\"]* already exists')  # JSON within JSON within JSON

    def condition() -> int:
        seen = len(refused.findall(installation.listener_log("alerts")))
        assert seen >= times, f"{seen} repeats of {name}"
        return seen

    wait_for(condition, 90, "a repeated notification")


def test_the_sample_configuration_is_one_that_alertmanager_takes(alertmanager: Alertmanager):
    sample = (paths.PROJECT / "tekton" / "samples" / "alertmanager.yml").read_text()
    check = "cat > /alertmanager/sample.yml && amtool check-config /alertmanager/sample.yml"
    command = ("-n", "monitoring", "exec", "-i", "deployment/alertmanager", "--", "sh", "-c", check)
    assert "SUCCESS" in alertmanager.cluster.kubectl(*command, input=sample)


def test_one_firing_alert_is_one_run_however_often_it_is_repeated(
    sender: Alertmanager, installation: Installation
):
    sent = alerts(1)
    sender.send(sent)
    (fingerprint,) = fingerprints(sender, sent)
    (name,) = wait_for(lambda: runs_of(installation, fingerprint), 60, "the run")
    repeated(installation, name, times=2)
    assert runs_of(installation, fingerprint) == [name]


def test_a_group_is_one_run_of_its_firing_alerts_and_when_it_grows_one_more_of_the_new(
    sender: Alertmanager, installation: Installation
):
    sent = alerts(4)
    sender.send(sent[:1])
    first, *_ = fingerprints(sender, sent[:1])
    wait_for(lambda: runs_of(installation, first), 60, "the run of the alert that is to be resolved")
    sent[0]["endsAt"] = datetime.now(UTC).isoformat()
    sender.send(sent)
    others = fingerprints(sender, sent[1:])
    batches = wait_for(lambda: _batches(installation, others), 60, "the batch")
    installation.ended(batches[0])
    worked = [name for batch in _batches(installation, others) for name in installation.worked(batch)]
    assert sorted(name.split("-")[1] for name in worked) == sorted(others)
    assert len(runs_of(installation, first, *others)) == 1


def test_an_alert_that_fires_again_is_one_more_run(sender: Alertmanager, installation: Installation):
    sent = alerts(1)
    sender.send(sent)
    (fingerprint,) = fingerprints(sender, sent)
    wait_for(lambda: runs_of(installation, fingerprint), 60, "the run")
    sender.send([sent[0] | {"endsAt": datetime.now(UTC).isoformat()}])
    wait_for(lambda: _resolved(sender, fingerprint), 60, "Alertmanager to forget the alert")
    sender.send([sent[0] | {"startsAt": datetime.now(UTC).isoformat()}])
    wait_for(lambda: len(runs_of(installation, fingerprint)) == 2, 60, "the second run")


def _resolved(sender: Alertmanager, fingerprint: str) -> bool:
    return fingerprint not in {each["fingerprint"] for each in sender.alerts()}


def test_watchdog_and_a_wrong_token_start_nothing(sender: Alertmanager, installation: Installation):
    before = set(installation.runs())
    refused = alerts(1, name="Watchdog") + alerts(1, route="wrong-token")
    sender.send(refused)
    known = fingerprints(sender, refused)
    last = alerts(1)
    sender.send(last)
    (fingerprint,) = fingerprints(sender, last)
    (name,) = wait_for(lambda: runs_of(installation, fingerprint), 60, "the run of an alert sent later")
    repeated(installation, name, times=2)  # by then the others have been posted too
    assert runs_of(installation, *known) == []
    assert {each for each in set(installation.runs()) - before if "batch" in each} == set()


def test_a_large_group_is_worked_in_one_run_each_alert_exactly_once(
    sender: Alertmanager, installation: Installation
):
    sent = alerts(20)
    sender.send(sent)
    known = fingerprints(sender, sent)
    batch, *_ = wait_for(lambda: _batches(installation, known), 60, "the batch")
    installation.ended(batch)
    worked = installation.worked(batch)
    assert set(worked.values()) == {1}
    assert sorted(name.split("-")[1] for name in worked) == sorted(known)
    assert runs_of(installation, *known) == []


def _batches(installation: Installation, known: list[str]) -> list[str]:
    """Names of the batches that carry any of these alerts."""
    return [
        name
        for name, run in installation.runs("incident-agent/batch=true").items()
        if any(each in run["metadata"]["annotations"]["incident-agent/episodes"] for each in known)
    ]


def test_the_other_listener_works_a_group_in_one_run(sender: Alertmanager, installation: Installation):
    sent = alerts(3, route="groups")
    sender.send(sent)
    known = fingerprints(sender, sent)
    (batch,) = wait_for(lambda: _batches(installation, known), 60, "the batch")
    installation.ended(batch)
    assert sorted(name.split("-")[1] for name in installation.worked(batch)) == sorted(known)
    assert runs_of(installation, *known) == []
