"""Memory that grows: a leak, more load, a change, or simply near the limit."""

from agent.evidence.answer import Answer
from tests.diagnosis import objects as o
from tests.diagnosis.world import NOW, World

ALERT = "High memory usage of shop/web"
MIB = 2**20
BOUNDED = {"limits": {"memory": "512Mi"}}


def shop(*, rolled_out: float = 9000) -> World:
    """Two replicas of web with a limit of 512Mi; the last rollout so many minutes ago."""
    after = o.template(o.container(image="shop/web:2", resources=BOUNDED))
    return World().add(
        *o.rolled_out(rolled_out, o.template(o.container(resources=BOUNDED)), after, replicas=2)
    )


def line(start: float, end: float, count: int = 180) -> list[o.Data]:
    """A series that goes straight from one value to another."""
    first = NOW.timestamp() - 60 * (count - 1)
    points = [[first + 60 * i, start + (end - start) * i / (count - 1)] for i in range(count)]
    return [{"labels": {}, "points": points}]


def measured(world: World, memory: list, requests: list | None = None) -> World:
    world.measured = {"working_set": memory, "requests?": requests or []}
    return world


FLAT = o.series((180, 40.0))


def test_memory_that_grows_straight_at_the_load_of_ever_is_a_leak():
    verdict, _ = measured(shop(), line(120 * MIB, 420 * MIB), FLAT).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "memory-leak"
    assert "100.6Mi an hour" in verdict.root.headline
    assert [r.cause for r in verdict.ruled_out] == ["memory-load"]


def test_memory_that_grows_with_the_requests_is_load():
    verdict, _ = measured(shop(), line(120 * MIB, 420 * MIB), line(40, 160)).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "memory-load"


def test_memory_that_steps_up_with_a_rollout_is_the_rollout():
    step = o.series((150, 150.0 * MIB), (30, 400.0 * MIB))
    verdict, _ = measured(shop(rolled_out=32), step, FLAT).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "memory-after-change"
    assert "shop/web:1 -> :2" in verdict.root.headline


def test_memory_that_steps_up_with_the_requests_is_load():
    step = o.series((150, 150.0 * MIB), (30, 400.0 * MIB))
    verdict, _ = measured(shop(), step, o.series((150, 40.0), (30, 120.0))).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "memory-load"


def test_a_step_that_nothing_explains_is_inconclusive():
    step = o.series((150, 150.0 * MIB), (30, 400.0 * MIB))
    verdict, _ = measured(shop(), step, FLAT).investigate(ALERT)
    assert verdict.outcome == "inconclusive" and "without more load or a change" in verdict.sentence


def test_memory_well_below_its_limit_that_does_not_grow_is_not_actionable():
    verdict, _ = measured(shop(), o.series((180, 200.0 * MIB)), FLAT).investigate(ALERT)
    assert verdict.outcome == "not-actionable"


def test_of_a_few_minutes_nobody_can_say_that_memory_does_not_grow():
    verdict, _ = measured(shop(), o.series((4, 200.0 * MIB)), o.series((4, 40.0))).investigate(ALERT)
    assert verdict.outcome == "inconclusive"


def test_memory_always_near_its_limit_is_not_called_healthy():
    verdict, _ = measured(shop(), o.series((180, 490.0 * MIB)), FLAT).investigate(ALERT)
    assert verdict.outcome == "inconclusive"


def test_with_metrics_server_alone_the_use_is_stated_and_no_reason_is_invented():
    world = shop()
    world.refuse["metrics"] = Answer("unreachable", message="no Prometheus was given")
    world.used = [
        {"namespace": "shop", "pod": "web-b-0", "container": "web", "cpu": 0.1, "memory": 500 * MIB}
    ]
    verdict, _ = world.investigate(ALERT)
    assert verdict.outcome == "inconclusive" and "98% of its limit" in verdict.sentence
