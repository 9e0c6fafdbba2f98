"""Errors and latency: since a change, under load, stopped by a limit; else the pods' logs and dependencies."""

import pytest

from tests.diagnosis import objects as o
from tests.diagnosis.world import World

ERRORS = "Error rate of shop/web is high"
SLOW = "Latency of shop/web is high"
CALM = o.series((180, 50.0))


def shop(*, rolled_out: float = 9000, resources: o.Data | None = None) -> World:
    before = o.template(o.container(resources=resources or {}))
    after = o.template(o.container(image="shop/web:2", resources=resources or {}))
    return World().add(*o.rolled_out(rolled_out, before, after)).log("shop", "web-b-0", "web", "ready\n")


def measured(world: World, **series: list) -> World:
    """Series by name: errors, latency, requests, cpu, throttled."""
    keys = {
        "errors": "5xx",
        "latency": "quantile",
        "requests": "requests?",
        "cpu": "cpu_usage",
        "throttled": "throttled",
    }
    world.measured = {keys[name]: series[name] for name in keys if name in series}
    return world


def test_errors_that_begin_with_a_rollout_are_the_rollout():
    world = measured(shop(rolled_out=32), errors=o.series((150, 0.05), (30, 9.0)), requests=CALM)
    verdict, _ = world.investigate(ERRORS)
    assert verdict.root and verdict.root.cause.id == "errors-after-change"
    assert str(verdict.root.recommendations[0].command) == "kubectl -n shop rollout undo deployment/web"


def test_errors_without_a_change_are_explained_by_what_the_log_says_of_a_dependency():
    world = measured(shop(), errors=o.series((150, 0.05), (30, 9.0)), requests=CALM)
    refused = (
        'ERROR GET /cart failed: connection to server at "cart-db", port 5432 failed: Connection refused\n'
    )
    world.log("shop", "web-b-0", "web", refused * 30)
    verdict, _ = world.investigate(ERRORS)
    assert verdict.root and verdict.root.cause.family == "dependency"
    assert "cart-db" in verdict.root.headline


def test_errors_that_nothing_explains_are_inconclusive():
    world = measured(shop(), errors=o.series((150, 0.05), (30, 9.0)), requests=CALM)
    verdict, _ = world.investigate(ERRORS)
    assert verdict.outcome == "inconclusive" and "server errors" in verdict.sentence


def test_errors_that_are_over_have_resolved_themselves():
    world = measured(shop(), errors=o.series((100, 0.05), (20, 9.0), (60, 0.05)), requests=CALM)
    verdict, _ = world.investigate(ERRORS)
    assert verdict.outcome == "self-resolved"


def test_latency_that_rises_with_the_requests_is_load():
    world = measured(
        shop(), latency=o.series((150, 0.1), (30, 0.9)), requests=o.series((150, 50.0), (30, 200.0))
    )
    verdict, _ = world.investigate(SLOW)
    assert verdict.root and verdict.root.cause.id == "latency-under-load"
    assert [r.action for r in verdict.root.recommendations] == ["scaling replicas", "enabling HPA"]


def test_latency_of_a_container_that_its_limit_stops_is_the_limit():
    world = measured(
        shop(resources={"limits": {"cpu": "200m"}}), latency=o.series((150, 0.1), (30, 0.9)), requests=CALM,
        cpu=o.series((180, 0.2)), throttled=o.series((150, 0.0), (30, 0.8)),
    )  # fmt: skip
    verdict, _ = world.investigate(SLOW)
    assert verdict.root and verdict.root.cause.id == "cpu-limit-too-low"


def test_latency_that_begins_with_a_rollout_is_the_rollout():
    world = measured(shop(rolled_out=32), latency=o.series((150, 0.1), (30, 0.9)), requests=CALM)
    verdict, _ = world.investigate(SLOW)
    assert verdict.root and verdict.root.cause.id == "latency-after-change"


def test_errors_of_a_workload_that_is_scaled_to_zero_are_that():
    verdict, _ = World().add(o.deployment(replicas=0)).investigate(ERRORS)
    assert verdict.root and verdict.root.cause.id == "scaled-to-zero"


@pytest.mark.parametrize("alert", [ERRORS, SLOW])
def test_with_nothing_measured_and_a_quiet_log_nothing_is_claimed(alert: str):
    verdict, _ = shop().investigate(alert)
    assert verdict.outcome == "inconclusive" and verdict.root is None


def test_latency_that_nothing_explains_is_inconclusive_and_load_is_ruled_out():
    world = measured(shop(), latency=o.series((150, 0.1), (30, 0.9)), requests=CALM)
    verdict, _ = world.investigate(SLOW)
    assert verdict.outcome == "inconclusive"
    assert verdict.root and verdict.root.cause.id == "latency-high"
    assert "latency-under-load" in [each.cause for each in verdict.ruled_out]
