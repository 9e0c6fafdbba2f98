"""What fills up, by measurement."""

from agent.diagnosis.read import promql
from tests.diagnosis.objects import node, series
from tests.diagnosis.test_scheduling import said, told
from tests.diagnosis.test_storage import claim, volume
from tests.diagnosis.world import World

ALERT = {
    "labels": {
        "alertname": "KubePersistentVolumeFillingUp",
        "namespace": "shop",
        "persistentvolumeclaim": "data",
    }
}


def host(name: str, **labels: str) -> dict[str, dict[str, str]]:
    return {"labels": {"alertname": name, "instance": "10.0.0.1:9100", "job": "node-exporter"} | labels}


def bound(*parts: tuple[int, float]) -> World:
    world = World().add(claim(phase="Bound", volumeName="pv-1"), volume("pv-1", "Bound"))
    world.measured["kubelet_volume_stats"] = series(*parts)
    return world


def test_a_volume_that_is_nearly_full() -> None:
    verdict, _ = bound((20, 0.7), (20, 0.97)).investigate(ALERT)
    assert said(verdict) == ("volume-full", "shop/PersistentVolumeClaim/data")
    assert "0.97" in told(verdict)


def test_a_volume_that_will_be_full_within_hours() -> None:
    rising = bound()
    rising.measured["kubelet_volume_stats"] = series(*((1, 0.5 + step / 100) for step in range(30)))
    verdict, _ = rising.investigate(ALERT)
    assert said(verdict)[0] == "volume-full"
    assert verdict.root and "full in about" in verdict.root.headline


def test_a_volume_that_was_cleared_has_recovered() -> None:
    verdict, _ = bound((20, 0.97), (20, 0.3)).investigate(ALERT)
    assert verdict.outcome == "self-resolved"


def test_without_a_measurement_nothing_is_said_of_a_filling_volume() -> None:
    verdict, _ = (
        World().add(claim(phase="Bound", volumeName="pv-1"), volume("pv-1", "Bound")).investigate(ALERT)
    )
    assert verdict.outcome == "inconclusive"


def test_a_full_disk_of_a_host_is_found_by_its_address() -> None:
    world = World().add(node())
    world.measured["node_filesystem"] = series((30, 0.98))
    verdict, _ = world.investigate(host("NodeFilesystemAlmostOutOfSpace", mountpoint="/"))
    assert said(verdict) == ("node-disk-full", "Node/n1")


def test_memory_cpu_and_clock_of_a_host_are_told_apart() -> None:
    for alert, metric, value, cause in (
        ("NodeMemoryHighUtilization", "node_memory", 0.96, "node-memory-high"),
        ("NodeCPUHighUsage", "node_cpu", 0.99, "node-cpu-saturated"),
        ("NodeClockSkewDetected", "node_timex", 3.4, "node-clock-skew"),
    ):
        world = World().add(node())
        world.measured[metric] = series((30, value))
        verdict, _ = world.investigate(host(alert))
        assert said(verdict) == (cause, "Node/n1")


def test_a_host_that_is_calm_by_measurement_is_not_accused() -> None:
    world = World().add(node())
    world.measured["node_memory"] = series((30, 0.4))
    verdict, _ = world.investigate(host("NodeMemoryHighUtilization"))
    assert verdict.outcome == "not-actionable"


def test_a_hostile_label_cannot_change_the_expression() -> None:
    expression = promql.disk_used('10.0.0.1"} or vector(1) #', '/"} or vector(1) #')
    assert 'mountpoint="/\\"} or vector(1) #"' in expression
    assert 'instance=~"10\\\\.0\\\\.0\\\\.1\\"' in expression
