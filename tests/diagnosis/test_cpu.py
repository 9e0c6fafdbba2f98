"""High CPU: told apart by request rate, rollout time, throttling, and what is not measured."""

import pytest

from agent.diagnosis.ranking import statement
from agent.evidence.answer import Answer
from tests.diagnosis import objects as o
from tests.diagnosis.world import World, ago, quoted

ALERT = "High CPU alert on web"
LIMITED = {"requests": {"cpu": "200m"}, "limits": {"cpu": "400m"}}
CPU, REQUESTS, THROTTLED = "container_cpu_usage", "requests?", "cfs_throttled"


def shop(
    *, rolled_out: float = 9000, resources: o.Data | None = None, template: o.Data | None = None
) -> World:
    """Three replicas of web; the last rollout so many minutes ago."""
    before = template or o.template(o.container(image="shop/web:1", resources=resources or {}))
    after = o.template(o.container(image="shop/web:2", resources=resources or {}))
    return World().add(*o.rolled_out(rolled_out, before, after, replicas=3))


def measured(world: World, cpu: list, requests: list | None = None, throttled: list | None = None) -> World:
    world.measured = {THROTTLED: throttled or [], CPU: cpu, REQUESTS: requests or []}
    return world


RISING = o.series((150, 0.3), (30, 1.2))
FLAT = o.series((180, 50.0))


def test_cpu_that_rises_with_the_requests_is_a_traffic_spike():
    verdict, _ = measured(shop(), RISING, o.series((150, 50.0), (30, 205.0))).investigate(ALERT)
    assert statement(verdict) == (
        "Analysis complete. High CPU observed due to traffic spike. "
        "Recommend scaling replicas and enabling HPA."
    )
    assert verdict.root and str(verdict.root.entity) == "shop/Deployment/web"
    assert "kubectl -n shop scale deployment/web --replicas=12" in [
        str(r.command) for r in verdict.root.recommendations
    ]
    assert [r.cause for r in verdict.ruled_out] == ["cpu-after-change"]


@pytest.mark.parametrize(
    ("condition", "actions"),
    [
        (o.condition("ScalingLimited", "True", "TooManyReplicas"), ["raising the HPA maximum"]),
        (
            o.condition("ScalingActive", "False", "FailedGetResourceMetric"),
            ["scaling replicas", "repairing the HPA"],
        ),
        (o.condition("ScalingActive", "True", "ValidMetricFound"), ["watching the HPA scale"]),
    ],
)
def test_an_autoscaler_changes_what_is_recommended_against_a_spike(condition: o.Data, actions: list[str]):
    world = measured(shop(), RISING, o.series((150, 50.0), (30, 205.0)))
    verdict, _ = world.add(o.hpa(condition, current=3)).investigate(ALERT)
    assert verdict.root and [r.action for r in verdict.root.recommendations] == actions


def test_cpu_that_rises_with_a_rollout_at_the_old_request_rate_is_the_rollout():
    verdict, _ = measured(shop(rolled_out=32), RISING, FLAT).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "cpu-after-change"
    assert "rollout of revision 2" in verdict.root.headline and "shop/web:1 -> :2" in verdict.root.headline
    assert str(verdict.root.recommendations[0].command) == "kubectl -n shop rollout undo deployment/web"
    assert [r.cause for r in verdict.ruled_out] == ["cpu-traffic-spike"]


def test_a_rollout_and_more_traffic_at_once_are_told_apart_by_cpu_per_request():
    more = o.series((150, 50.0), (30, 100.0))
    dearer, _ = measured(shop(rolled_out=32), RISING, more).investigate(ALERT)
    assert dearer.root and dearer.root.cause.id == "cpu-after-change"
    same, _ = measured(shop(rolled_out=32), RISING, o.series((150, 50.0), (30, 190.0))).investigate(ALERT)
    assert same.root and same.root.cause.id == "cpu-traffic-spike"


def test_a_rollout_of_hours_before_is_not_blamed():
    verdict, _ = measured(shop(rolled_out=120), RISING, FLAT).investigate(ALERT)
    assert verdict.outcome == "inconclusive"
    assert "without more traffic or a change" in verdict.sentence


def test_cpu_that_rises_after_an_edit_of_its_configuration_is_the_edit():
    reading = o.template(o.container(image="shop/web:2", envFrom=[{"configMapRef": {"name": "settings"}}]))
    fields = [{"manager": "kubectl-edit", "operation": "Update", "time": ago(33), "fields": ["data.WORKERS"]}]
    settings = {
        "kind": "ConfigMap",
        "metadata": o.meta("settings", managedFields=fields),
        "data": {"WORKERS": "64"},
    }
    world = shop().add(o.deployment(revision=2, pod_template=reading), settings)
    verdict, _ = measured(world, RISING, FLAT).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "cpu-after-change"
    assert verdict.root.headline == "High CPU observed since the edit of ConfigMap settings (data.WORKERS)"


def test_without_a_request_rate_a_rise_without_a_change_is_inconclusive_and_says_what_is_missing():
    verdict, _ = measured(shop(), RISING).investigate(ALERT)
    assert verdict.outcome == "inconclusive"
    assert "no request rate was measured" in verdict.sentence


def test_a_log_that_complains_meanwhile_carries_a_rise_without_traffic():
    world = measured(shop(), RISING, FLAT)
    world.log(
        "shop", "web-b-0", "web", "ERROR cannot parse job 17: IndexError: list index out of range\n" * 40
    )
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "cpu-without-load"
    assert "IndexError" in quoted(verdict.root)


def test_a_container_stopped_by_its_limit_at_the_load_of_ever_has_too_low_a_limit():
    world = measured(shop(resources=LIMITED), o.series((180, 1.19)), FLAT, o.series((180, 0.62)))
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "cpu-limit-too-low"
    assert "400m" in verdict.root.headline and "62%" in verdict.root.headline


def test_a_limit_lowered_before_is_named_with_both_values():
    former = o.template(o.container(image="shop/web:2", resources={"limits": {"cpu": "2"}}))
    world = shop(rolled_out=40, resources=LIMITED, template=former)
    verdict, _ = measured(world, o.series((180, 1.19)), FLAT, o.series((140, 0.0), (40, 0.7))).investigate(
        ALERT
    )
    assert verdict.root and "lowered from 2 to 400m" in verdict.root.headline
    assert str(verdict.root.recommendations[0].command).endswith("--limits=cpu=2")


def test_a_pod_alert_about_throttling_is_about_that_pod_and_names_its_workload():
    world = measured(shop(resources=LIMITED), o.series((180, 0.39)), FLAT, o.series((180, 0.5)))
    labels = {"alertname": "CPUThrottlingHigh", "namespace": "shop", "pod": "web-b-0", "container": "web"}
    verdict, _ = world.investigate({"labels": labels, "status": "firing"})
    assert verdict.root and str(verdict.root.entity) == "shop/Deployment/web"
    assert verdict.root.cause.id == "cpu-limit-too-low"


def test_a_rise_that_is_over_has_resolved_itself():
    past = o.series((100, 0.3), (30, 1.2), (50, 0.31))
    verdict, _ = measured(shop(), past, FLAT).investigate(ALERT)
    assert verdict.outcome == "self-resolved"


def test_a_level_well_below_what_is_set_is_not_actionable():
    verdict, _ = measured(shop(resources=LIMITED), o.series((180, 0.3)), FLAT).investigate(ALERT)
    assert verdict.outcome == "not-actionable"


def test_a_level_that_was_always_near_the_limit_is_not_called_healthy():
    verdict, _ = measured(shop(resources=LIMITED), o.series((180, 1.15)), FLAT).investigate(ALERT)
    assert verdict.outcome == "inconclusive"


def without_prometheus(world: World, cores: float) -> World:
    world.refuse["metrics"] = Answer("unreachable", message="no Prometheus was given")
    world.used = [
        {"namespace": "shop", "pod": f"web-b-{n}", "container": "web", "cpu": cores, "memory": 2**26}
        for n in range(3)
    ]
    return world


def test_with_metrics_server_alone_high_use_is_stated_and_no_reason_is_invented():
    verdict, _ = without_prometheus(shop(resources=LIMITED), 0.39).investigate(ALERT)
    assert verdict.outcome == "inconclusive"
    assert "without Prometheus the reason is not known" in verdict.sentence
    told = [line for line in verdict.missing if "no Prometheus was given" in line]
    assert len(told) == 1 and "Prometheus queries (unreachable: " in told[0]  # one line, and no PromQL in it


def test_with_metrics_server_alone_low_use_settles_the_alert():
    verdict, _ = without_prometheus(shop(resources=LIMITED), 0.04).investigate(ALERT)
    assert verdict.outcome == "self-resolved"


def test_with_metrics_server_alone_a_throttled_container_at_its_limit_has_too_low_a_limit():
    labels = {"alertname": "CPUThrottlingHigh", "namespace": "shop", "pod": "web-b-0", "container": "web"}
    verdict, _ = without_prometheus(shop(resources=LIMITED), 0.398).investigate({"labels": labels})
    assert verdict.root and verdict.root.cause.id == "cpu-limit-too-low"


def test_a_service_named_differently_leads_to_the_workload_behind_it():
    world = measured(shop(), RISING, o.series((150, 50.0), (30, 205.0)))
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    world.add({"kind": "Service", "metadata": o.meta("store"), "spec": spec})
    verdict, _ = world.investigate("High CPU alert on store")
    assert verdict.root and verdict.root.cause.id == "cpu-traffic-spike"


def test_with_nothing_measured_nothing_is_claimed():
    world = shop()
    world.refuse |= {verb: Answer("forbidden", message="forbidden") for verb in ("metrics", "usage")}
    verdict, _ = world.investigate(ALERT)
    assert verdict.outcome == "inconclusive" and verdict.root is None
