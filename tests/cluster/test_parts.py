"""What is made from the files of Kubernetes, Tekton and the rest, as pure functions of their text."""

import re
import tomllib

import pytest
import yaml

from e2e.cluster import plan, tekton
from e2e.cluster.go_programs import KUBERNETES, MODULES, version_stamps
from e2e.cluster.monitoring import for_kind
from e2e.cluster.node_image import kubeadm_names, storage_manifest
from e2e.cluster.registry import UNAUTHORISED, UNREACHABLE, UPSTREAMS, Registry, hosts_file
from e2e.cluster.source import Source
from e2e.cluster.toolchain import toolchain

LISTED = """registry.k8s.io/kube-apiserver:v1.34.4
registry.k8s.io/kube-proxy:v1.34.4
registry.k8s.io/coredns/coredns:v1.12.1
registry.k8s.io/pause:3.10.1
registry.k8s.io/etcd:3.6.5-0"""


def test_each_image_is_named_as_kubeadm_asks_for_it():
    names = kubeadm_names(LISTED)
    assert names["incident-agent/coredns:v1.12.1"] == "registry.k8s.io/coredns/coredns:v1.12.1"
    assert names["incident-agent/etcd:v3.6.5"] == "registry.k8s.io/etcd:3.6.5-0"
    assert len(names) == 5


def test_kubernetes_programs_are_stamped_with_their_version():
    stamps = version_stamps("v1.34.4")
    assert "k8s.io/component-base/version.gitVersion=v1.34.4" in stamps
    assert "k8s.io/client-go/pkg/version.gitMinor=34" in stamps


@pytest.mark.parametrize("module", sorted(folder.name for folder in MODULES.iterdir()))
def test_each_tool_is_pinned_by_a_module_of_its_own(module):
    text = (MODULES / module / "go.mod").read_text()
    assert text.startswith(f"module incident-agent/e2e/{module}\n")
    assert not re.search(r"^require", text, re.M) or (MODULES / module / "go.sum").exists()


def test_the_default_storage_class_is_named_as_kinds_and_provisions_under_var():
    published = """
kind: StorageClass
metadata: {name: local-path}
provisioner: rancher.io/local-path
---
kind: ConfigMap
data: {config.json: '{"paths": ["/opt/local-path-provisioner"]}'}
"""
    storage, settings = yaml.safe_load_all(storage_manifest(published))
    assert storage["metadata"]["name"] == "standard"
    assert storage["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert settings["data"]["config.json"] == '{"paths": ["/var/local-path-provisioner"]}'


def test_manifests_of_tekton_name_the_images_that_the_registry_publishes():
    text = tekton.render("image: ko://github.com/tektoncd/pipeline/cmd/webhook\n", tekton.PIPELINES)
    image = yaml.safe_load(text)["image"]
    published = {name for names in plan.published().values() for name in names}
    assert image.removeprefix("ghcr.io/") in published


def test_scripts_of_tekton_run_in_a_shell_image_that_is_published():
    text = tekton.render('"-shell-image", "cgr.dev/chainguard/busybox@sha256:19f0",', tekton.PIPELINES)
    assert text == f'"-shell-image", "{tekton.SHELL_IMAGE}",'
    published = {name for names in plan.published().values() for name in names}
    assert tekton.SHELL_IMAGE.removeprefix("docker.io/") in published


def test_the_resolvers_start_without_the_init_program_that_their_image_lacks():
    published = "        command:\n        - /sbin/tini\n        - --\n        - /ko-app/resolvers\n        args: []\n"
    assert yaml.safe_load(tekton.render(published, "v1"))["command"] == ["/ko-app/resolvers"]


def test_no_public_name_is_published_twice():
    names = [name for names in plan.published().values() for name in names]
    assert len(names) == len(set(names))


def test_metrics_server_accepts_the_certificate_of_a_kind_node():
    published = """
kind: Deployment
spec: {template: {spec: {containers: [{image: x, args: [--metric-resolution=15s], readinessProbe: {}}]}}}
"""
    container = yaml.safe_load(for_kind(published))["spec"]["template"]["spec"]["containers"][0]
    assert "--kubelet-insecure-tls" in container["args"]
    assert sum("resolution" in argument for argument in container["args"]) == 1


def test_a_mirror_never_falls_back_to_the_real_host():
    parsed = tomllib.loads(hosts_file("http://mirror:5000"))
    assert parsed["server"] == "http://mirror:5000"
    assert list(parsed["host"]) == ["http://mirror:5000"]


def test_public_registries_are_answered_only_where_they_are_not_reachable(tmp_path, monkeypatch):
    monkeypatch.setenv("INCIDENT_CACHE", str(tmp_path))
    registry = Registry("one", fixed_port=False)
    assert set(registry.mirrors(built=True)) == {*UPSTREAMS, UNAUTHORISED, UNREACHABLE}
    assert set(registry.mirrors(built=False)) == {UNAUTHORISED, UNREACHABLE}


def test_from_packages_every_program_is_ours(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    tools = toolchain(Source.PACKAGES)
    assert tools.built and tools.node_image == f"incident-agent/node:{KUBERNETES}"
    assert "stages" in tools.kind.parts and tools.kind.is_absolute()


def test_beside_a_registry_programs_on_the_path_are_used_and_absent_ones_built(monkeypatch):
    monkeypatch.setattr(
        "e2e.cluster.toolchain.shutil.which", lambda name: {"kubectl": "/usr/bin/kubectl"}.get(name)
    )
    tools = toolchain(Source.REGISTRY)
    assert not tools.built and tools.node_image is None
    assert str(tools.kubectl) == "/usr/bin/kubectl"
    assert [stage.name for stage in tools.needs] == ["kind", "tkn", "registry"]
