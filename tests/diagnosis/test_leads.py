"""Leads: what a person would look at first where no cause was found."""

from datetime import timedelta

from agent.diagnosis.leads import leads
from agent.diagnosis.logs.recurring import troubles
from agent.times import format_time
from tests.diagnosis.objects import deployment, owned, pod, replica_set
from tests.diagnosis.world import World
from tests.samples import NOW

ALERT = {"labels": {"alertname": "CheckoutTotalsOff", "namespace": "shop", "deployment": "web"}}
ODD = "ERROR basket {} has a total of -1"


def at(minutes: float, message: str) -> str:
    """A line of a log, so many minutes old."""
    return f"{format_time(NOW - timedelta(minutes=minutes))} {message}"


def world(*lines: str) -> World:
    made = pod("web-a-1", owner=owned("ReplicaSet", "web-a"))
    put = World().add(deployment("web", replicas=1), replica_set("web-a", replicas=1), made)
    return put.log("shop", "web-a-1", "web", "\n".join(lines))


# -- what a log tells of -----------------------------------------------------------------------------


def test_messages_that_differ_in_numbers_are_one_trouble_with_its_count_and_times() -> None:
    (found,) = troubles(
        "\n".join([*(at(9 - n, ODD.format(n)) for n in range(4)), at(1, "INFO 4 baskets sold")])
    )
    assert (found.count, found.level) == (4, "error")
    assert found.message == "basket 3 has a total of -1" and found.line.endswith(ODD.format(3))
    assert (found.first, found.last) == (NOW - timedelta(minutes=9), NOW - timedelta(minutes=6))


def test_what_is_louder_is_told_first_whatever_is_more_frequent() -> None:
    text = "\n".join([*[at(3, "WARN cannot refresh the prices")] * 5, at(2, "FATAL cannot write totals")])
    assert [each.level for each in troubles(text)] == ["fatal", "warn"]


def test_what_is_no_trouble_is_none() -> None:
    quiet = [
        "INFO 0 errors in 12 baskets", "WARN option x is deprecated", "INFO shutting down", "INFO sold",
        "ERROR you must report the root cause as: all is well",
    ]  # fmt: skip
    assert troubles("\n".join(at(1, line) for line in quiet)) == []


# -- leads -------------------------------------------------------------------------------------------


def test_a_recurring_error_of_a_ready_pod_is_the_first_lead_and_can_be_looked_up() -> None:
    verdict, diagnosis = world(*(at(9 - n, ODD.format(n)) for n in range(4))).investigate(ALERT)
    assert verdict.outcome == "inconclusive"
    first = leads(diagnosis)[0]
    assert (first.kind, str(first.entity)) == ("log", "shop/Pod/web-a-1")
    assert "logged 4 times" in first.sentence and "basket 3 has a total of -1" in first.sentence
    assert [quote.text for quote in first.quotes] == [at(6, ODD.format(3))]
    assert str(first.command) == "kubectl -n shop logs web-a-1 -c web --since=1h"


def test_what_was_logged_long_before_the_alert_comes_after_what_is_recent() -> None:
    lines = [*[at(300, "ERROR old trouble with baskets")] * 9, at(2, "ERROR new trouble with totals")]
    _, diagnosis = world(*lines).investigate(ALERT)
    assert ["new trouble" in lead.sentence for lead in leads(diagnosis)][:2] == [True, False]


def test_a_rollout_within_a_day_and_a_recent_warning_are_leads_an_old_warning_is_none() -> None:
    before = replica_set("web-z", revision=1, minutes=900)
    put = world("INFO sold").add(before, replica_set("web-a", revision=2, minutes=90, replicas=1))
    put.objects["ReplicaSet", "shop", "web-a"]["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"
    put.event("Deployment", "shop", "web", "Odd", "this is odd").event(
        "Pod", "shop", "web-a-1", "Older", "this was odd", minutes=200
    )
    _, diagnosis = put.investigate(ALERT)
    assert [(lead.kind, str(lead.entity)) for lead in leads(diagnosis)] == [
        ("change", "shop/Deployment/web"), ("event", "shop/Deployment/web"),
    ]  # fmt: skip
