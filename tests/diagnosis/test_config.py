"""Containers that cannot be made because their configuration is missing or refused."""

import pytest

from agent.diagnosis.ranking import Verdict
from tests.diagnosis.objects import (
    container,
    deployed,
)
from tests.diagnosis.world import World, quoted

ALERT = {
    "labels": {
        "alertname": "KubeContainerWaiting",
        "namespace": "bank",
        "pod": "desk-a-x1",
        "container": "desk",
    }
}


def world(reason: str, message: str = "", **spec) -> World:
    """One pod of Deployment desk whose container waits for that reason."""
    own = spec.pop("own", container("desk"))
    waiting = {"reason": reason} | ({"message": message} if message else {})
    status = {"name": "desk", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
    made = deployed(status, own, name="desk", namespace="bank", **spec)
    made[-1]["status"]["phase"] = "Pending"
    return World().add(*made)


def config_map(name: str, **data: str) -> dict:
    return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": "bank"}, "data": data}


def verdict(put: World) -> Verdict:
    return put.investigate(ALERT)[0]


def mount_failed(put: World, why: str) -> None:
    put.event("Pod", "bank", "desk-a-x1", "FailedMount", f'MountVolume.SetUp failed for volume "v" : {why}')


MESSAGES = [
    ('configmap "ledger-config" not found', "configmap-missing"),
    ('secret "ledger-db" not found', "secret-missing"),
    ("couldn't find key LEVEL in ConfigMap bank/settings", "configmap-key-missing"),
    ("couldn't find key password in Secret bank/db", "secret-key-missing"),
    (
        'container has runAsNonRoot and image will run as root (pod: "desk", container: desk)',
        "run-as-non-root-violation",
    ),
    ("container's runAsUser breaks non-root policy (pod: desk)", "run-as-non-root-violation"),
    pytest.param(
        "unable to provision SubPath `../up`: must not contain '..'", "subpath-invalid", id="subpath"
    ),
    ("failed to generate spec: no command specified", "container-create-error"),
]


@pytest.mark.parametrize(("message", "cause"), MESSAGES)
def test_the_kubelets_message_names_the_cause_and_is_quoted(message: str, cause: str) -> None:
    found = verdict(world("CreateContainerConfigError", message))
    assert found.root and found.root.id == f"{cause}@bank/Deployment/desk"
    assert message in quoted(found.root)


def test_a_configmap_of_a_similar_name_is_shown() -> None:
    put = world("CreateContainerConfigError", 'configmap "desk-setings" not found').add(
        config_map("desk-settings", A="1")
    )
    found = verdict(put)
    assert found.root and any("A ConfigMap desk-settings exists" in c.text for c in found.root.claims)


def test_where_a_similar_name_exists_that_is_what_was_meant_and_else_the_object_is_to_be_made() -> None:
    put = world("CreateContainerConfigError", 'configmap "desk-setings" not found')
    (create, correct) = verdict(put).root.recommendations  # type: ignore[union-attr]
    assert "create configmap desk-setings" in str(create.command) and correct.instead
    (correct, create) = verdict(put.add(config_map("desk-settings", A="1"))).root.recommendations  # type: ignore[union-attr]
    assert correct.sentence == "Refer to desk-settings in the template." and create.instead


def test_the_keys_a_configmap_has_instead_are_shown() -> None:
    message = "couldn't find key LOG_LEVEL in ConfigMap bank/settings"
    found = verdict(world("CreateContainerConfigError", message).add(config_map("settings", LOGLEVEL="info")))
    assert found.root and any("has LOGLEVEL instead" in c.text for c in found.root.claims)


def test_a_volume_whose_configmap_is_missing_is_told_by_its_event() -> None:
    put = world("ContainerCreating")
    mount_failed(put, 'configmap "desk-conf" not found')
    found = verdict(put)
    assert found.root and found.root.cause.id == "configmap-missing"


def test_an_old_mount_event_is_history_once_the_configmap_exists() -> None:
    put = world("ContainerCreating").add(config_map("desk-conf", A="1"))
    mount_failed(put, 'configmap "desk-conf" not found')
    assert verdict(put).outcome != "diagnosed"


def test_an_object_that_is_not_registered_on_an_ending_pod_is_noise() -> None:
    put = world("ContainerCreating")
    mount_failed(put, 'object "bank"/"x" not registered')
    assert verdict(put).outcome != "diagnosed"


def test_a_missing_key_of_a_volume_is_named_with_its_object() -> None:
    volumes = [
        {"name": "v", "configMap": {"name": "desk-conf", "items": [{"key": "b.conf", "path": "b.conf"}]}}
    ]
    put = world("ContainerCreating", volumes=volumes).add(config_map("desk-conf", **{"a.conf": "x"}))
    mount_failed(put, "configmap references non-existent config key: b.conf")
    found = verdict(put)
    assert found.root and found.root.cause.id == "configmap-key-missing"
    assert "the ConfigMap desk-conf has no key b.conf" in found.sentence


@pytest.mark.parametrize(
    "source",
    [
        {"secret": {"secretName": "desk-tls", "items": [{"key": "tls.crt", "path": "tls.crt"}]}},
        {
            "projected": {
                "sources": [{"secret": {"name": "desk-tls", "items": [{"key": "tls.crt", "path": "c"}]}}]
            }
        },
    ],
)
def test_a_missing_key_of_a_secret_volume_is_named_with_its_secret(source: dict) -> None:
    put = world("ContainerCreating", volumes=[{"name": "v"} | source])
    mount_failed(put, "references non-existent secret key: tls.crt")
    found = verdict(put)
    assert found.root and found.root.cause.id == "secret-key-missing"
    assert "the Secret desk-tls has no key tls.crt" in found.sentence
