"""Images that do not come: the registry's words decide, not the back-off."""

from typing import Any

import pytest

from agent.diagnosis.finding import Sure
from agent.diagnosis.read.pull import read_pull_error, registry_of
from tests.diagnosis.objects import Data, container, deployment, meta, owned, pod, replica_set, template
from tests.diagnosis.test_scheduling import said, told
from tests.diagnosis.world import World

ALERT = {
    "labels": {"alertname": "KubeContainerWaiting", "namespace": "shop", "pod": "web-1", "container": "web"}
}
TAILS = {
    "not-found": "R: not found",
    "access": "pull access denied, repository does not exist or may require authorization: server message: "
    "insufficient_scope: authorization failed",
    "access ": "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
    "access  ": "pulling from host registry.bank.example failed with status code [manifests 1.4]: "
    "403 Forbidden",
    "rate": "pulling from host docker.io failed with status code [manifests 1.4]: 429 Too Many Requests",
    "registry": "pulling from host registry.bank.example failed with status code [manifests 1.4]: "
    "503 Service Unavailable",
    "dns": 'failed to do request: Head "https://registry.bank.example/v2/desk/manifests/1": dial tcp: lookup '
    "registry.bank.example on 10.0.0.2:53: no such host",
    "unreachable": 'failed to do request: Head "https://10.0.0.9:5000/v2/desk/manifests/1": dial '
    "tcp 10.0.0.9:5000: "
    "connect: connection refused",
    "tls": 'failed to do request: Head "https://registry.bank.example/v2/desk/manifests/1": tls: '
    "failed to verify "
    "certificate: x509: certificate signed by unknown authority",
    "tls ": 'failed to do request: Head "https://10.0.0.9:5000/v2/desk/manifests/1": tls: first '
    "record does not look "
    "like a TLS handshake",
    "registry ": "unexpected status from HEAD request to "
    "https://registry.bank.example/v2/desk/manifests/1: 500 "
    "Internal Server Error",
}
CAUSES = {
    "not-found": "image-not-found", "access": "image-access-denied", "rate": "registry-rate-limit",
    "registry": "registry-error", "dns": "registry-dns",
    "unreachable": "registry-unreachable", "tls": "registry-tls",
}  # fmt: skip


def pull_error(tail: str, image: str = "registry.bank.example/desk:1.4") -> str:
    return (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
        f"{tail.replace('R:', image + ':')}"
    )


def waiting_for_image(
    reason: str, message: str, image: str = "registry.bank.example/desk:1.4", **more: Any
) -> Data:
    state = {"waiting": {"reason": reason, "message": message}}
    status = {"name": "web", "ready": False, "restartCount": 0, "image": image, "state": state}
    return pod("web-1", status, phase="Pending", ready=False, owner=owned("ReplicaSet", "web-b"),
               containers=[container(image=image)], **more)  # fmt: skip


def world(broken: Data) -> World:
    return World().add(broken, replica_set("web-b"), deployment(ready=0))


@pytest.mark.parametrize("kind", list(TAILS))
def test_the_tail_of_the_pull_error_decides(kind: str) -> None:
    message = (
        f'Back-off pulling image "registry.bank.example/desk:1.4": ErrImagePull: {pull_error(TAILS[kind])}'
    )
    verdict, _ = world(waiting_for_image("ImagePullBackOff", message)).investigate(ALERT)
    assert said(verdict) == (CAUSES[kind.strip()], "shop/Deployment/web")
    assert "state.waiting.message: Back-off pulling image" in told(verdict)


@pytest.mark.parametrize("prefix", ["", "rpc error: code = NotFound desc = "])
def test_an_image_for_another_platform_is_not_called_missing(prefix: str) -> None:
    error = (
        prefix + 'failed to pull and unpack image "shop/web:2": no match for platform in manifest: not found'
    )
    verdict, _ = world(waiting_for_image("ErrImagePull", error, "shop/web:2")).investigate(ALERT)
    assert said(verdict)[0] == "image-wrong-platform"


def test_an_older_kubelet_tells_the_error_in_its_event_only() -> None:
    silent = world(waiting_for_image("ImagePullBackOff", 'Back-off pulling image "shop/web:9"', "shop/web:9"))
    error = f'Failed to pull image "shop/web:9": {pull_error("R: not found", "docker.io/shop/web:9")}'
    silent.event("Pod", "shop", "web-1", "Failed", error)
    verdict, _ = silent.investigate(ALERT)
    assert said(verdict)[0] == "image-not-found"
    assert "not found" in told(verdict)


def test_without_the_error_the_back_off_alone_settles_nothing() -> None:
    silent = world(waiting_for_image("ImagePullBackOff", 'Back-off pulling image "shop/web:9"', "shop/web:9"))
    verdict, _ = silent.investigate(ALERT)
    assert said(verdict)[0] == "image-pull-failed"
    assert verdict.root and verdict.root.sure is Sure.LIKELY


@pytest.mark.parametrize(
    ("reason", "message", "cause"),
    [
        ("InvalidImageName",
         "Failed to apply default image tag \"Shop/Web:2\": couldn't parse image name \"Shop/Web:2\": "
         "invalid reference "
         "format: repository name (library/Shop/Web) must be lowercase", "image-name-invalid"),
        ("ErrImageNeverPull", 'Container image "shop/web:2" is not present with pull policy of Never',
         "image-never-pulled"),
    ],
)  # fmt: skip
def test_names_and_policies_are_told_from_pulls(reason: str, message: str, cause: str) -> None:
    verdict, _ = world(waiting_for_image(reason, message)).investigate(ALERT)
    assert said(verdict) == (cause, "shop/Deployment/web")


def test_a_rollout_to_a_missing_tag_names_the_change_and_recommends_the_way_back() -> None:
    old = replica_set("web-a", minutes=6000, revision=1, pod_template=template(container(image="shop/web:1")))
    new = replica_set("web-b", minutes=20, revision=2, pod_template=template(container(image="shop/web:2")))
    message = (
        f'Back-off pulling image "shop/web:2": ErrImagePull: '
        f"{pull_error('R: not found', 'docker.io/shop/web:2')}"
    )
    broken = waiting_for_image("ImagePullBackOff", message, "shop/web:2")
    verdict, _ = World().add(broken, old, new, deployment(ready=0, revision=2)).investigate(ALERT)
    assert said(verdict)[0] == "image-not-found"
    assert (
        verdict.root
        and str(verdict.root.recommendations[0].command) == "kubectl -n shop rollout undo deployment/web"
    )
    assert "shop/web:1 -> " in "; ".join(claim.text for claim in verdict.root.claims)


def test_a_missing_pull_secret_is_evidence_for_the_refusal() -> None:
    message = f'Back-off pulling image "x": ErrImagePull: {pull_error(TAILS["access "])}'
    refused = world(waiting_for_image("ImagePullBackOff", message, imagePullSecrets=[{"name": "desk-pull"}]))
    text = (
        "Unable to retrieve some image pull secrets (desk-pull); attempting to pull the image "
        "may not succeed."
    )
    refused.event("Pod", "shop", "web-1", "FailedToRetrieveImagePullSecret", text)
    verdict, _ = refused.investigate(ALERT)
    assert said(verdict)[0] == "image-access-denied"
    assert "desk-pull" in told(verdict)


def test_a_full_disk_under_a_pull_is_the_nodes_fault() -> None:
    error = (
        'failed to pull and unpack image "docker.io/shop/web:2": write /var/lib/containerd/x: '
        "no space left on device"
    )
    verdict, _ = world(waiting_for_image("ErrImagePull", error, "shop/web:2")).investigate(ALERT)
    assert said(verdict) == ("node-disk-full", "Node/n1")


def test_an_image_of_an_init_container_is_seen() -> None:
    message = (
        f'Back-off pulling image "shop/migrate:3": ErrImagePull: '
        f"{pull_error('R: not found', 'docker.io/shop/migrate:3')}"
    )
    state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    behind = {"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}}
    broken = pod("web-1", behind, phase="Pending", ready=False, owner=owned("ReplicaSet", "web-b"),
                 initContainers=[container("migrate", "shop/migrate:3")])  # fmt: skip
    broken["status"]["initContainerStatuses"] = [{"name": "migrate", "restartCount": 0, "state": state}]
    verdict, _ = world(broken).investigate(ALERT)
    assert said(verdict)[0] == "image-not-found"
    assert verdict.root and "migrate" in verdict.root.headline


def test_a_pull_that_succeeded_in_the_end_is_history() -> None:
    late = world(pod("web-1", owner=owned("ReplicaSet", "web-b")))
    late.event(
        "Pod", "shop", "web-1", "Failed", f'Failed to pull image "shop/web:1": {pull_error("R: not found")}'
    )
    _, diagnosis = late.investigate(ALERT)
    assert not [finding for finding in diagnosis.findings if finding.cause.family == "image"]


def test_words_in_the_name_of_an_image_decide_nothing() -> None:
    assert read_pull_error(pull_error("R: not found", "docker.io/shop/tls-x509-401:429")) == "not-found"


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("nginx", "docker.io"),
        ("nginx:1.27", "docker.io"),
        ("shop/web:2", "docker.io"),
        ("localhost/web:2", "localhost"),
        ("localhost:5000/web@sha256:ab", "localhost:5000"),
        ("registry.bank.example/a/b:1.4", "registry.bank.example"),
    ],
)
def test_the_registry_of_an_image_is_told_as_runtimes_do(image: str, registry: str) -> None:
    assert registry_of(image) == registry


def test_a_pod_that_is_being_deleted_is_left_alone() -> None:
    broken = waiting_for_image("ImagePullBackOff", "Back-off", "shop/web:9")
    broken["metadata"] = meta("web-1") | {"deletionTimestamp": "2026-11-22T11:59:00Z"}
    _, diagnosis = world(broken).investigate(ALERT)
    assert not [finding for finding in diagnosis.findings if finding.cause.family == "image"]
