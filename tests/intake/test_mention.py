"""Prose names an object only where the sentence makes a word a name."""

from dataclasses import astuple

import pytest

from agent.intake.mention import MAX_TEXT, Mention, find_mention


def said(text: str) -> str:
    """What a text names, short: `Kind namespace/name in place`, with what is not said left out."""
    mention = find_mention(text)
    place = f" in {mention.place}" if mention.place else ""
    return f"{mention.kind} {mention.namespace}/{mention.name}{place}".strip()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Pod bank/desk-5f (main) is in waiting state.", "Pod bank/desk-5f"),
        ("pod/desk-5f in namespace bank on container main has been waiting", "Pod bank/desk-5f"),
        ("25% throttling of CPU in namespace bank for container main in pod desk-5f.", "Pod bank/desk-5f"),
        ("Deployment generation for bank/desk does not match", "Deployment bank/desk"),
        ("Rollout of deployment bank/desk is not progressing", "Deployment bank/desk"),
        ("deployment.apps/desk failed in bank", "Deployment /desk in bank"),
        ("deployment desk in namespace bank keeps crashing", "Deployment bank/desk"),
        ("desk-api deployment in bank has 0 ready replicas", "Deployment /desk-api in bank"),
        ("3 Pods of DaemonSet bank/log are not scheduled.", "DaemonSet bank/log"),
        ("stateful set db in namespace data is not ready", "StatefulSet data/db"),
        ("cronjob bank/nightly-report did not run", "CronJob bank/nightly-report"),
        ("The job backup failed", "Job /backup"),
        ("HPA bank/desk has been running at max replicas", "HorizontalPodAutoscaler bank/desk"),
        ("PDB bank/desk expects 2 more healthy pods", "PodDisruptionBudget bank/desk"),
        (
            "Persistent volume claim data-db-0 in namespace bank is full",
            "PersistentVolumeClaim bank/data-db-0",
        ),
        ("pvc data-db-0 is stuck Pending in namespace db", "PersistentVolumeClaim db/data-db-0"),
        ("The persistent volume pv-1 has status Failed.", "PersistentVolume /pv-1"),
        ("ingress shop in namespace web answers 404", "Ingress web/shop"),
        ("svc/desk has no endpoints in namespace bank", "Service bank/desk"),
        ("replica set bank/desk-5f7d8c9b6d has too few pods", "ReplicaSet bank/desk-5f7d8c9b6d"),
        ("namespace: bank, deployment: desk, severity: critical", "Deployment bank/desk"),
        ('namespace="test" pod="data"', "Pod test/data"),
        ("http://desk.bank.svc.cluster.local:8080/healthz returns 503", "Service bank/desk"),
        ("bank/desk-5f7d8c9b6d-q2zxw is crash looping", "Pod bank/desk-5f7d8c9b6d-q2zxw"),
    ],
)
def test_an_object_with_its_kind(text, named):
    assert said(text) == named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("High CPU alert on payment-service", "/payment-service"),
        ("checkout is returning 500s in prod", "/checkout in prod"),
        ("Checkout is down", "/checkout"),
        ("It happened again. Checkout is down", "/checkout"),
        ("the frontend is slow in eu-west-1", "/frontend"),
        ("error rate of checkout above 5%", "/checkout"),
        ("High latency in payments", "/payments"),
        ("cpu throttling for payment in production", "/payment in production"),
        ("Could not reach the cache from cart", "/cart"),
        ("CPU usage of the orders service is above 90%", "/orders"),
        ("orders service down", "/orders"),
        ("Payment service is failing", "/payment"),
        ("service=payment-service namespace=prod", "prod/payment-service"),
        ("SLO burn: checkout-api p99 latency > 2s for 5m", "/checkout-api"),
        ("bank/desk is failing", "bank/desk"),
        ("100% of the desk/desk-web targets in bank namespace are down.", "bank/desk-web"),
        ("pods of payment-service are crash-looping", "/payment-service"),
    ],
)
def test_a_bare_name(text, named):
    assert said(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "Something is wrong",
        "users complain that the site is slow",
        "Pod restarts high",
        "Pod crash looping",
        "Nodes are not ready",
        "Deployment rollout stuck",
        "service mesh is down",
        "memory usage is high on the cluster",
        "TCP/IP errors and read/write timeouts are high",
        "production database is down",
        "Out-of-memory kills, non-ready pods, a real-time problem, crash-loop-backoff",
        "KubeAPI has disappeared from Prometheus target discovery.",
        "Cluster has overcommitted CPU requests for Pods by 3 CPU shares and cannot tolerate node failure.",
        "A client certificate used to authenticate is expiring in less than 7.0 days.",
        "Filesystem on /dev/sda1, mounted on /var/lib, at 10.0.0.5:9100 has only 3.2% available space left.",
        "certificate of shop.example.com expires in 3 days",
        "see https://runbooks.example.com/team-a/disk-full",
        "image library/busybox:1.36 is old",
        "2026-01-31 12:00 run 8b1f5d2e-43f1-4c1e-9d59-aa0de0a5c1b1",
        "DESK-API",
        "",
    ],
)
def test_nothing_is_named(text):
    assert find_mention(text) == Mention()


def test_a_node_is_told_from_the_object_on_it():
    mention = find_mention("Pod desk-0 in namespace bank on node worker-1 is not ready")
    assert (mention.kind, mention.name, mention.node) == ("Pod", "desk-0", "worker-1")


@pytest.mark.parametrize(
    "text", ["node worker-1 is not ready", "disk full on node worker-1", "Kubelet 'worker-1' is full"]
)
def test_a_node_alone(text):
    mention = find_mention(text)
    assert (mention.node, mention.name) == ("worker-1", "")


@pytest.mark.parametrize("text", ["Pod bank/desk-0 (main) waits", "container main in pod desk-0 waits"])
def test_the_container(text):
    assert find_mention(text).container == "main"


def test_text_beyond_the_limit_is_not_read():
    assert find_mention("- " * (MAX_TEXT // 2) + "pod bank/desk-0") == Mention()


def test_the_deciding_words_are_told():
    assert find_mention("Rollout of deployment bank/desk is stuck").words == "deployment bank/desk"


def test_words_that_a_regular_expression_could_choke_on_are_read_in_full():
    for text in ("a-" * 3000, "a." * 3000, "pod " * 1500, "/" * 6000, "-" * 6000, "in a/" * 1500, '"' * 6000):
        assert all(len(field) <= 253 for field in astuple(find_mention(text))[:-1])
