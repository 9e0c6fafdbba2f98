"""The raw manifests: least privilege, restricted, complete, and current."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.evidence.kinds import RESOURCES
from k8s import recording

HERE = Path(__file__).parent.parent.parent / "k8s"


def documents(name: str) -> list[dict[str, Any]]:
    return [d for d in yaml.safe_load_all((HERE / name).read_text()) if d]


def of_kind(name: str, kind: str) -> dict[str, Any]:
    return next(d for d in documents(name) if d["kind"] == kind)


def granted(name: str, kind: str) -> set[tuple[str, str, str]]:
    rules = of_kind(name, kind)["rules"]
    return {right for rule in rules for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])}


def mounted(pod: dict[str, Any], *, optional: bool = False) -> set[str]:
    """The ConfigMaps of a pod's volumes which have to be there, or those which need not."""
    maps = [volume["configMap"] for volume in pod["volumes"] if "configMap" in volume]
    return {each["name"] for each in maps if each.get("optional", False) is optional}


ROLES = [("rbac.yaml", "ClusterRole"), ("rbac-namespaced/role.yaml", "Role")]
PODS = [("deployment.yaml", "Deployment"), ("job.yaml", "Job")]


@pytest.mark.parametrize(("name", "kind"), ROLES)
def test_the_role_only_reads_and_has_no_wildcard_and_no_secrets(name: str, kind: str) -> None:
    for group, resource, verb in granted(name, kind):
        assert verb in ("get", "list")
        assert "*" not in (group, resource)
        assert not resource.startswith("secrets")


def test_the_role_covers_every_kind_the_agent_may_ask_for() -> None:
    rights = {(group, resource) for group, resource, _ in granted("rbac.yaml", "ClusterRole")}
    missing = {r.kind for r in RESOURCES.values() if (r.group, r.plural) not in rights}
    assert missing == set()


def test_the_namespaced_role_grants_nothing_the_cluster_role_does_not() -> None:
    assert granted("rbac-namespaced/role.yaml", "Role") < granted("rbac.yaml", "ClusterRole")


@pytest.mark.parametrize(("name", "kind"), PODS)
def test_the_pod_is_restricted_and_small(name: str, kind: str) -> None:
    pod = of_kind(name, kind)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    for bound in ("requests", "limits"):
        assert container["resources"][bound] == {
            "cpu": "100m",
            "memory": "128Mi",
            "ephemeral-storage": "64Mi",
        }


@pytest.mark.parametrize(("name", "kind"), PODS)
def test_progress_and_result_are_one_stream_so_that_the_log_keeps_their_order(name: str, kind: str) -> None:
    (container,) = of_kind(name, kind)["spec"]["template"]["spec"]["containers"]
    shell, flag, script = container["command"]
    assert (shell, flag) == ("/bin/sh", "-c")
    assert script.startswith("exec incident-agent ") and script.endswith(" 2>&1")


def test_the_deployment_file_brings_all_it_needs_but_the_namespace() -> None:
    pod = of_kind("deployment.yaml", "Deployment")["spec"]["template"]["spec"]
    present = {(d["kind"], d["metadata"]["name"]) for d in documents("deployment.yaml")}
    assert ("ServiceAccount", pod["serviceAccountName"]) in present
    assert mounted(pod) == {"autogen-alert", "autogen-recording"}
    assert {("ConfigMap", name) for name in mounted(pod)} <= present


def test_the_job_reads_the_same_alert_and_recording_as_the_deployment() -> None:
    of_deployment, of_job = (of_kind(name, kind)["spec"]["template"]["spec"] for name, kind in PODS)
    assert mounted(of_job) == mounted(of_deployment)


@pytest.mark.parametrize(("name", "kind"), PODS)
def test_causes_are_switched_by_a_config_map_that_need_not_be_there(name: str, kind: str) -> None:
    pod = of_kind(name, kind)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "causes"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "causes"]
    assert mounted(pod, optional=True) == {volume["configMap"]["name"]} == {"autogen-causes"}
    assert mount["readOnly"] and {"name": "INCIDENT_CAUSES", "value": mount["mountPath"]} in container["env"]


def test_the_finished_result_outlives_a_restart_of_the_container_but_not_the_pod() -> None:
    pod = of_kind("deployment.yaml", "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (mount,) = [m for m in container["volumeMounts"] if not m.get("readOnly")]
    assert {"name": "INCIDENT_STORE", "value": mount["mountPath"]} in container["env"]
    assert "emptyDir" in next(v for v in pod["volumes"] if v["name"] == mount["name"])


def test_the_alert_is_the_sample_alert() -> None:
    (alert,) = [d for d in documents("deployment.yaml") if d["metadata"]["name"] == "autogen-alert"]
    assert alert["data"]["alert"] == (recording.SAMPLE.parent / "alert.txt").read_text()


def test_the_recording_in_the_deployment_is_the_sample() -> None:
    assert recording.TARGET.read_text() == recording.generated(), "run `make manifests`"


def test_kustomize_names_every_manifest_of_the_folder() -> None:
    listed = set(yaml.safe_load((HERE / "kustomization.yaml").read_text())["resources"])
    assert listed == {p.name for p in HERE.glob("*.yaml")} - {"kustomization.yaml"}
