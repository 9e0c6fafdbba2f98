"""What changed, and when."""

import pytest

from agent.diagnosis.case import Case
from agent.diagnosis.facts.changes import Change, config_changes, last_rollout, recent_change
from agent.intake.alert import parse_alerts
from agent.intake.runbook import choose
from agent.intake.subject import route
from tests.diagnosis import objects as o
from tests.diagnosis.world import NOW, World, ago, collected


def case_of(world: World, *queries: str) -> Case:
    alert = parse_alerts(b"shop/web is slow").alerts[0]
    return Case(collected(world, *queries), alert=alert, subject=route(alert), runbook=choose(alert), now=NOW)


def rollout_of(*sets: o.Data, revision: int, pods: tuple[o.Data, ...] = ()) -> tuple[Change | None, Case]:
    world = World().add(o.deployment(revision=revision), *sets, *pods)
    case = case_of(
        world, "get Deployment shop/web", "list ReplicaSet shop label=app=web", "events shop Deployment/web",
        "list Pod shop label=app=web",
    )  # fmt: skip
    web = case.get("Deployment", "shop", "web")
    assert web
    return last_rollout(case, web) or None, case


def version(image: str, **resources: str) -> o.Data:
    bounds = {"limits": resources} if resources else {}
    return o.template(o.container(image=image, resources=bounds))


def test_a_rollout_is_the_difference_to_the_revision_before_at_the_birth_of_its_replica_set():
    change, _ = rollout_of(
        o.replica_set("web-a", revision=1, minutes=900, pod_template=version("shop/web:1")),
        o.replica_set("web-b", revision=2, minutes=20, pod_template=version("shop/web:2")),
        revision=2,
    )
    assert change and change.kind == "rollout"
    assert [str(d) for d in change.differences] == ["containers[web].image: shop/web:1 -> :2"]
    assert change.at and change.at.isoformat() == "2026-11-22T11:40:00+00:00"


def test_after_a_rollback_the_old_replica_set_is_the_new_revision_and_its_scaling_up_the_time():
    world = World().add(
        o.deployment(revision=3),
        o.replica_set("web-b", revision=2, minutes=60, pod_template=version("shop/web:2")),
        o.replica_set("web-a", revision=3, minutes=900, history="1", pod_template=version("shop/web:1")),
    )
    world.event("Deployment", "shop", "web", "ScalingReplicaSet", "Scaled up replica set web-a from 0 to 1",
                type="Normal", minutes=7)  # fmt: skip
    case = case_of(
        world, "get Deployment shop/web", "list ReplicaSet shop label=app=web", "events shop Deployment/web"
    )
    web = case.get("Deployment", "shop", "web")
    change = last_rollout(case, web) if web else None
    assert change and change.kind == "rollback"
    assert [str(d) for d in change.differences] == ["containers[web].image: shop/web:2 -> :1"]
    assert change.at and change.at.isoformat() == "2026-11-22T11:53:00+00:00"


def test_after_a_rollback_without_events_the_oldest_pod_tells_the_time():
    change, _ = rollout_of(
        o.replica_set("web-b", revision=2, minutes=60, pod_template=version("shop/web:2")),
        o.replica_set("web-a", revision=3, minutes=900, history="1", pod_template=version("shop/web:1")),
        revision=3,
        pods=(o.pod("web-a-1", owner=o.owned("ReplicaSet", "web-a"), minutes=9),),
    )
    assert change and change.at and change.at.isoformat() == "2026-11-22T11:51:00+00:00"


def test_the_first_version_of_a_workload_is_no_change():
    change, _ = rollout_of(o.replica_set("web-a", revision=1, minutes=3), revision=1)
    assert change is None


def test_a_lowered_limit_is_told_from_a_raised_one():
    change, _ = rollout_of(
        o.replica_set("web-a", revision=1, pod_template=version("shop/web:1", memory="1Gi", cpu="250m")),
        o.replica_set(
            "web-b", revision=2, minutes=9, pod_template=version("shop/web:1", memory="512Mi", cpu="1")
        ),
        revision=2,
    )
    assert change
    assert [d.lowered for d in change.touching("limits.memory")] == [True]
    assert [d.lowered for d in change.touching("limits.cpu")] == [False]


def test_a_rollout_of_last_week_is_not_recent():
    _, case = rollout_of(
        o.replica_set("web-a", revision=1, minutes=20_000, pod_template=version("shop/web:1")),
        o.replica_set("web-b", revision=2, minutes=10_000, pod_template=version("shop/web:2")),
        revision=2,
    )
    web = case.get("Deployment", "shop", "web")
    assert web and last_rollout(case, web) and recent_change(case, web) is None


def test_every_line_of_a_change_can_be_quoted():
    world = World().add(
        o.deployment(revision=2),
        o.replica_set("web-a", revision=1, pod_template=version("shop/web:1")),
        o.replica_set("web-b", revision=2, pod_template=version("shop/web:2", memory="64Mi")),
    )
    queries = ("get Deployment shop/web", "list ReplicaSet shop label=app=web")
    case, texts = case_of(world, *queries), [e.text for e in collected(world, *queries)]
    web = case.get("Deployment", "shop", "web")
    change = last_rollout(case, web) if web else None
    assert change and len(change.claim().quotes) == 4  # the time, both images, the new limit
    assert all(any(quote.text in text for text in texts) for quote in change.claim().quotes)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_stateful_and_daemon_sets_are_compared_by_their_controller_revisions(kind: str):
    def revision_of(number: int, image: str, minutes: float) -> o.Data:
        about: o.Data = {"labels": {"app": "web"}, "ownerReferences": o.owned(kind, "web")}
        return {
            "kind": "ControllerRevision",
            "metadata": o.meta(f"web-{number}", minutes=minutes, **about),
            "data": {"spec": {"template": {"$patch": "replace"} | version(image)}},
            "revision": number,
        }

    owner = o.deployment() | {"kind": kind}
    world = World().add(owner, revision_of(1, "shop/web:1", 900), revision_of(2, "shop/web:2", 15))
    case = case_of(world, f"get {kind} shop/web", "list ControllerRevision shop label=app=web")
    web = case.get(kind, "shop", "web")
    change = recent_change(case, web) if web else None
    assert change and change.summary == "containers[web].image: shop/web:1 -> :2"


def config(edited: float) -> o.Data:
    fields = [
        {"manager": "kubectl-create", "operation": "Update", "time": ago(9000), "fields": ["data.OLD"]},
        {"manager": "kubectl-edit", "operation": "Update", "time": ago(edited), "fields": ["data.LEVEL"]},
    ]
    meta = o.meta("settings", minutes=9000, managedFields=fields)
    return {"kind": "ConfigMap", "metadata": meta, "data": {"LEVEL": "x"}}


def edits(template: o.Data, edited: float) -> list[Change]:
    world = World().add(o.deployment(pod_template=template), config(edited))
    case = case_of(world, "get Deployment shop/web", "get ConfigMap shop/settings")
    web = case.get("Deployment", "shop", "web")
    return (config_changes(case, web) or []) if web else []


FROM_KEY = {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "LEVEL"}}}
READERS = {
    "all its keys as variables": o.template(o.container(envFrom=[{"configMapRef": {"name": "settings"}}])),
    "one key as a variable": o.template(o.container(env=[FROM_KEY])),
    "a volume": o.template(volumes=[{"name": "conf", "configMap": {"name": "settings"}}]),
}


@pytest.mark.parametrize("how", READERS)
def test_an_edit_of_a_config_map_that_the_workload_reads_is_a_change(how: str):
    (change,) = edits(READERS[how], edited=12)
    assert (change.kind, change.summary) == ("config", "data.LEVEL")
    assert change.at and change.at.isoformat() == "2026-11-22T11:48:00+00:00"


def test_an_edit_of_two_days_ago_is_not_recent():
    assert edits(READERS["a volume"], edited=2900) == []


def test_a_config_map_nobody_reads_is_not_looked_at():
    assert edits(o.template(), edited=12) == []
