"""Containers killed for memory, and kills that only look like it."""

from agent.diagnosis.finding import Sure
from agent.diagnosis.ranking import Verdict
from tests.diagnosis.objects import container, crashing, deployment, owned, pod, replica_set, template
from tests.diagnosis.world import World

ALERT = {
    "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "web-b-x1", "container": "web"}
}


def limited(amount: str) -> dict:
    return container(resources={"limits": {"memory": amount}})


def world(status: dict, *, before: str = "", now: str = "64Mi", probe: bool = False) -> World:
    """Deployment web whose container has the limit `now`, and had `before` until 20 minutes ago."""
    own = limited(now) if now else container()
    if probe:
        own["livenessProbe"] = {"httpGet": {"path": "/", "port": 80}}
    put = World().add(
        deployment(replicas=1, ready=0, revision=2, pod_template=template(own)),
        replica_set("web-b", revision=2, replicas=1, minutes=20, pod_template=template(own)),
        pod(
            "web-b-x1", status, ready=False, owner=owned("ReplicaSet", "web-b"), minutes=20, containers=[own]
        ),
    )
    if before:
        put.add(replica_set("web-a", revision=1, minutes=900, pod_template=template(limited(before))))
    return put.log("shop", "web-b-x1", "web", "index loaded\n", previous=True)


def verdict(put: World) -> Verdict:
    return put.investigate(ALERT)[0]


def test_a_kill_at_the_limit_names_the_limit_and_advises_a_higher_one() -> None:
    found = verdict(world(crashing(code=137, reason="OOMKilled")))
    assert found.root and found.root.cause.id == "oom-killed"
    assert found.sentence == "The container web is killed because it reaches its memory limit of 64Mi"
    commands = [str(r.command) for r in found.root.recommendations]
    assert "kubectl -n shop set resources deployment/web -c web --limits=memory=128Mi" in commands


def test_a_limit_that_was_lowered_before_is_the_cause() -> None:
    found = verdict(world(crashing(code=137, reason="OOMKilled"), before="256Mi"))
    assert found.root and found.root.cause.id == "oom-limit-lowered"
    assert any("256Mi -> 64Mi" in claim.text for claim in found.root.claims)
    assert str(found.root.recommendations[0].command) == "kubectl -n shop rollout undo deployment/web"


def test_a_limit_that_was_raised_before_is_not_blamed() -> None:
    found = verdict(world(crashing(code=137, reason="OOMKilled"), before="32Mi"))
    assert found.root and found.root.cause.id == "oom-killed"


def test_a_child_killed_for_memory_counts_although_the_parent_exits_with_1() -> None:
    found = verdict(world(crashing(code=1, reason="OOMKilled")))
    assert found.root and found.root.cause.id == "oom-killed"


def test_without_a_limit_of_its_own_the_node_was_out_of_memory() -> None:
    found = verdict(world(crashing(code=137, reason="OOMKilled"), now=""))
    assert found.root and found.root.cause.id == "node-out-of-memory"


def test_a_kill_reported_too_late_at_a_limit_is_likely_memory_but_less_sure() -> None:
    found = verdict(world(crashing(code=137, reason="Error")))
    assert found.root and found.root.cause.id == "oom-killed"
    assert found.root.sure is Sure.LIKELY


def test_a_kill_by_the_liveness_probe_is_not_memory() -> None:
    put = world(crashing(code=137, reason="Error"), probe=True)
    killing = "Container web failed liveness probe, will be restarted"
    refused = "Liveness probe failed: HTTP probe failed with statuscode: 404"
    put.event("Pod", "shop", "web-b-x1", "Killing", killing, type="Normal", field_path="spec.containers{web}")
    put.event("Pod", "shop", "web-b-x1", "Unhealthy", refused, field_path="spec.containers{web}")
    found = verdict(put)
    assert found.root and found.root.cause.id == "probe-wrong-path"


def test_a_kill_without_limit_and_without_events_stays_open() -> None:
    assert verdict(world(crashing(code=137, reason="Error"), now="")).outcome == "inconclusive"


def test_a_worker_that_is_killed_at_the_limit_is_no_heap_of_a_runtime():
    from tests.diagnosis import objects as o
    from tests.diagnosis.world import World

    own = o.container(resources={"limits": {"memory": "60Mi"}})
    world = World().add(o.deployment(replicas=1), o.replica_set("web-a", replicas=1))
    world.add(o.pod("web-a-1", owner=o.owned("ReplicaSet", "web-a"), containers=[own]))
    world.log(
        "shop", "web-a-1", "web", "[ERROR] Worker (pid:46) was sent SIGKILL! Perhaps out of memory?\n" * 3
    )
    labels = {"alertname": "HighErrorRate", "namespace": "shop", "deployment": "web"}
    verdict, _ = world.investigate({"labels": labels})
    assert verdict.root and verdict.root.cause.id == "oom-killed"


def test_a_limit_that_a_limit_range_gave_is_said_to_be_its() -> None:
    put = world(crashing(code=137, reason="OOMKilled"))
    note = "LimitRanger plugin set: memory limit for container web"
    put.objects["Pod", "shop", "web-b-x1"]["metadata"]["annotations"] = {"kubernetes.io/limit-ranger": note}
    spec = {"limits": [{"type": "Container", "default": {"memory": "64Mi"}}]}
    put.add({"kind": "LimitRange", "metadata": {"name": "small", "namespace": "shop"}, "spec": spec})
    found = verdict(put)
    assert found.root and any("LimitRange small" in claim.text for claim in found.root.claims)


REFUSED = (
    "failed to create containerd task: runc create failed: unable to start container process: "
    "container init was OOM-killed (memory limit too low?): unknown"
)


def unstartable(**volume: object) -> World:
    status = crashing(code=128, reason="StartError")
    status["lastState"]["terminated"]["message"] = REFUSED
    put = world(status)
    spec = put.objects["Pod", "shop", "web-b-x1"]["spec"]
    spec["volumes"] = [{"name": "buffer", "emptyDir": volume}]
    spec["containers"][0]["volumeMounts"] = [{"name": "buffer", "mountPath": "/buffer"}]
    return put


def test_a_volume_in_memory_that_fills_the_limit_keeps_the_container_from_starting() -> None:
    found = verdict(unstartable(medium="Memory"))
    assert found.root and found.root.cause.id == "oom-killed"
    assert "the contents of its in-memory volume buffer" in found.sentence


def test_a_limit_that_holds_not_even_the_runtime_is_too_small_to_start_in() -> None:
    found = verdict(unstartable())
    assert found.root and found.root.cause.id == "memory-limit-too-small-to-start"
