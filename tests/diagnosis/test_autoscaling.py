"""Autoscalers, budgets, quotas."""

import pytest

from tests.diagnosis import objects as o
from tests.diagnosis.world import World

ALERT = {
    "labels": {"alertname": "KubeHpaReplicasMismatch", "namespace": "shop", "horizontalpodautoscaler": "web"}
}


def inactive(message: str) -> o.Data:
    return o.condition("ScalingActive", "False", "FailedGetResourceMetric", message)


ABLE = o.condition("AbleToScale", "True", "SucceededGetScale")


def test_a_target_that_does_not_exist_is_named_with_what_there_is_instead():
    missing = o.condition("AbleToScale", "False", "FailedGetScale", 'deployments.apps "web" not found')
    verdict, _ = World().add(o.hpa(missing), o.deployment("web-v2")).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "hpa-target-missing"
    assert "web-v2" in verdict.root.recommendations[0].sentence


def test_a_container_without_a_request_is_named():
    text = "failed to get cpu utilization: missing request for cpu in container web of Pod web-a-1"
    verdict, _ = World().add(o.hpa(ABLE, inactive(text)), o.deployment()).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "hpa-no-requests"
    assert str(verdict.root.recommendations[0].command) == (
        "kubectl -n shop set resources deployment/web -c web --requests=cpu=100m"
    )


def test_a_metrics_api_that_is_not_there_is_the_cause():
    text = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
        "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
    bounded = o.template(o.container(resources={"requests": {"cpu": "1"}}))
    world = World().add(o.hpa(ABLE, inactive(text)), o.deployment(pod_template=bounded))
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "hpa-no-metrics"
    assert any("Nothing serves metrics.k8s.io" in claim.text for claim in verdict.root.claims)


def test_pods_in_trouble_explain_why_an_autoscaler_gets_no_metrics():
    text = "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)"
    world = World().add(o.hpa(ABLE, inactive(text)), *o.deployed(o.crashing()))
    world.log("shop", "web-a-x1", "web", "KeyError: 'LEDGER_URL'\n", previous=True)
    verdict, _ = world.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "missing-variable"


def test_an_autoscaler_at_its_maximum_wants_more():
    limited = o.condition(
        "ScalingLimited", "True", "TooManyReplicas", "the desired replica count is more than the maximum"
    )
    verdict, _ = World().add(o.hpa(ABLE, limited, current=3, desired=3), o.deployment()).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "hpa-at-maximum"
    assert '"maxReplicas":6' in str(verdict.root.recommendations[0].command)


@pytest.mark.parametrize(
    "condition",
    [
        o.condition("ScalingLimited", "True", "TooFewReplicas"),
        o.condition("AbleToScale", "True", "ScaleDownStabilized"),
        o.condition("ScalingActive", "False", "ScalingDisabled"),
    ],
)
def test_what_an_autoscaler_says_in_normal_times_is_no_fault(condition: o.Data):
    verdict, _ = World().add(o.hpa(condition), o.deployment()).investigate(ALERT)
    assert verdict.outcome == "not-actionable"


DRAIN = "Drain is blocked by PodDisruptionBudget shop/web"


def budget(expected: int, desired: int, healthy: int, allowed: int, **spec: object) -> o.Data:
    counts = {
        "expectedPods": expected,
        "desiredHealthy": desired,
        "currentHealthy": healthy,
        "disruptionsAllowed": allowed,
    }
    return {
        "kind": "PodDisruptionBudget",
        "metadata": o.meta("web"),
        "spec": {"selector": {"matchLabels": {"app": "web"}}} | spec,
        "status": counts,
    }


def test_a_budget_that_never_allows_a_disruption_is_the_cause():
    world = World().add(budget(2, 2, 2, 0, minAvailable=2), o.pod("web-1"), o.pod("web-2"))
    verdict, _ = world.investigate(DRAIN)
    assert verdict.root and verdict.root.cause.id == "pdb-allows-no-disruption"
    assert "minAvailable: 2" in verdict.root.headline


def test_a_budget_short_of_healthy_pods_is_explained_by_the_pods():
    world = World().add(budget(1, 1, 0, 0, minAvailable=1), *o.deployed(o.crashing()))
    world.log("shop", "web-a-x1", "web", "KeyError: 'LEDGER_URL'\n", previous=True)
    verdict, _ = world.investigate(DRAIN)
    assert verdict.root and verdict.root.cause.id == "missing-variable"


def test_a_budget_whose_selector_matches_nothing_guards_nothing():
    verdict, _ = World().add(budget(0, 0, 0, 0, maxUnavailable=1)).investigate(DRAIN)
    assert verdict.root and verdict.root.cause.id == "pdb-selects-nothing"


def test_a_budget_with_pods_to_spare_is_healthy():
    world = World().add(budget(2, 1, 2, 1, minAvailable=1), o.pod("web-1"), o.pod("web-2"))
    verdict, _ = world.investigate(DRAIN)
    assert verdict.outcome == "not-actionable"


QUOTA = {
    "labels": {
        "alertname": "KubeQuotaFullyUsed",
        "namespace": "shop",
        "resourcequota": "team",
        "resource": "pods",
    }
}


def quota(used: str) -> o.Data:
    return {
        "kind": "ResourceQuota",
        "metadata": o.meta("team"),
        "status": {
            "hard": {"pods": "10", "requests.cpu": "4"},
            "used": {"pods": used, "requests.cpu": "500m"},
        },
    }


def test_a_full_quota_names_the_resource_and_whom_it_refuses():
    world = World().add(quota("10"))
    text = "Error creating: pods is forbidden: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10"
    world.event("ReplicaSet", "shop", "web-a", "FailedCreate", text)
    verdict, _ = world.investigate(QUOTA)
    assert verdict.root and verdict.root.cause.id == "quota-exceeded"
    assert "pods 10 of 10" in verdict.root.headline and "web-a" in verdict.root.headline


def test_a_quota_with_room_is_healthy():
    verdict, _ = World().add(quota("7")).investigate(QUOTA)
    assert verdict.outcome == "not-actionable"


def test_two_autoscalers_of_the_same_pods_are_named_as_the_reason():
    text = "pods by selector app=web are controlled by multiple HPAs: [shop/web shop/web-memory]"
    twice = o.condition("ScalingActive", "False", "AmbiguousSelector", text)
    verdict, _ = World().add(o.hpa(ABLE, twice), o.deployment()).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "hpa-cannot-scale"
    assert "Keep one HPA" in verdict.root.recommendations[0].sentence


def test_a_workload_that_is_said_not_to_scale_leads_to_its_autoscaler():
    text = "the HPA was unable to compute the replica count: unable to get external metric shop/queue/nil: no metrics"
    world = World().add(o.hpa(ABLE, inactive(text + " external.metrics.k8s.io")), o.deployment())
    verdict, _ = world.investigate("web in namespace shop does not scale although the queue is long")
    assert verdict.root and str(verdict.root.entity) == "shop/HorizontalPodAutoscaler/web"


def guard(name: str, *, allowed: int = 1, **labels: str) -> o.Data:
    counts = {"expectedPods": 1, "desiredHealthy": 1, "currentHealthy": 1, "disruptionsAllowed": allowed}
    spec = {"minAvailable": 1, "selector": {"matchLabels": labels or {"app": "web"}}}
    return {"kind": "PodDisruptionBudget", "metadata": o.meta(name), "spec": spec, "status": counts}


def test_a_pod_that_two_budgets_guard_cannot_be_evicted():
    world = World().add(guard("a"), guard("b"), o.pod("web-a-1"))
    verdict, _ = world.investigate("the drain hangs: pod shop/web-a-1 cannot be evicted")
    assert verdict.root and verdict.root.cause.id == "pdb-overlap"


def test_a_drain_that_hangs_leads_to_the_budget_of_a_pod_on_the_node():
    node = {"kind": "Node", "metadata": o.meta("n1", ""), "spec": {}, "status": {}}
    node["status"] = {"conditions": [o.condition("Ready", "True")]}
    world = World().add(guard("a", allowed=0), guard("b", allowed=0, app="other"), o.pod("web-a-1"), node)
    verdict, _ = world.investigate("the drain of node n1 hangs")
    assert verdict.root and str(verdict.root.entity) == "shop/PodDisruptionBudget/a"


def test_a_pod_that_may_be_evicted_leaves_a_hanging_drain_unexplained():
    world = World().add(guard("a"), o.pod("web-a-1"))
    verdict, _ = world.investigate("the drain hangs: pod shop/web-a-1 cannot be evicted")
    assert verdict.outcome == "inconclusive"


def test_a_workload_that_does_not_scale_and_has_no_autoscaler_is_not_called_well():
    verdict, _ = World().add(o.deployment()).investigate("web in namespace shop does not scale")
    assert verdict.outcome == "inconclusive"


def test_a_budget_whose_pod_is_unready_for_no_reason_that_shows_is_not_called_too_strict():
    world = World().add(budget(2, 2, 1, 0, minAvailable=2), o.pod("web-1"), o.pod("web-2", ready=False))
    verdict, _ = world.investigate(DRAIN)
    assert verdict.outcome == "inconclusive"
    assert verdict.root and verdict.root.cause.id == "pdb-pods-unhealthy"
