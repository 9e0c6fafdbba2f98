"""Fixtures of the end-to-end suite: one cluster per session, one namespace per test. See README.md."""

import contextlib
import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_kind import KindCluster

from e2e.cluster import environment, host, paths, process
from e2e.cluster.cluster import NAME, Cluster
from e2e.cluster.environment import Environment
from e2e.cluster.errors import ClusterError
from e2e.cluster.registry import Registry
from e2e.support import waiting
from e2e.support.export import export
from e2e.support.monitoring import Alertmanager, Prometheus
from e2e.support.namespace import Namespace
from e2e.support.workers import Scheduling

FAILURES = paths.STATE / "failures"
OWNER = "incident-agent.e2e/process"
FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many of the scenarios are made live."""
    parser.addoption(
        "--scenarios",
        choices=["all", "third"],
        default="all",
        help="all, or a third that turns with each commit",
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """With several workers, who runs what."""
    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember that a test failed, so that its namespace is exported before it goes."""
    report: Any = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[Environment]:
    """The environment with its cluster running. One that a person left running stays; else the last user removes it."""
    # What is built and how long it takes is for the terminal, not for the report of the first test.
    shown = request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
    with shown():
        here = _chosen(request.config)
    try:
        with shown():
            _up(here, request.config.getoption("keep_cluster"))
        yield here
    finally:
        if request.session.testsfailed:
            here.cluster.export_logs(FAILURES / "kind")
        environment.leave(here)


def _up(here: Environment, keep: bool) -> None:
    """Bring it up, or end the session with the one line that says why not."""
    try:
        environment.up(here, keep)
        _remove_leftovers(here.cluster)
    except ClusterError as error:
        pytest.exit(f"error: {error}", returncode=2)


def _chosen(config: pytest.Config) -> Environment:
    """The environment that the options name; pytest-kind's own default name means ours."""
    name = config.getoption("cluster_name")
    try:
        host.prepare()
        here = environment.locate(NAME if name == "pytest-kind" else name)
    except ClusterError as error:
        pytest.exit(f"error: {error}", returncode=2)
    return environment.assemble(here.source, _with_options(here.cluster, config.getoption))


def _with_options(cluster: Cluster, option: Callable[[str], Any]) -> Cluster:
    """pytest-kind's options: they name programs, image and kubeconfig of the user's own."""
    tools = cluster.tools
    tools = replace(
        tools,
        kind=Path(option("kind_bin") or tools.kind).absolute(),
        kubectl=Path(option("kind_kubectl_bin") or tools.kubectl).absolute(),
        node_image=option("kind_image") or tools.node_image,
    )
    return Cluster(tools, cluster.name, Path(option("kubeconfig") or cluster.kubeconfig).absolute())


def _remove_leftovers(cluster: Cluster) -> None:
    """Namespaces of test runs that were killed."""
    for item in json.loads(cluster.kubectl("get", "namespaces", "-l", OWNER, "-o", "json"))["items"]:
        if not process.lives(item["metadata"]["labels"][OWNER]):
            cluster.kubectl("delete", "namespace", item["metadata"]["name"], "--wait=false")


@pytest.fixture(scope="session")
def kind_cluster(running: Environment) -> KindCluster:
    """pytest-kind's cluster object for the running cluster, with absolute programs and kubeconfig."""
    tools, cluster = running.cluster.tools, running.cluster
    # The class makes a folder where it is constructed.
    with contextlib.chdir(paths.STATE):
        kind = KindCluster(cluster.name, cluster.kubeconfig, tools.node_image, tools.kind, tools.kubectl)
        kind.create()
    return kind


@pytest.fixture(scope="session")
def cluster(running: Environment) -> Cluster:
    """The cluster: its kubectl, its node, its programs."""
    return running.cluster


@pytest.fixture
def namespace(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Namespace]:
    """A fresh namespace whose default ServiceAccount exists; exported if the test failed, then deleted."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    space = Namespace(cluster, f"{slug.removeprefix('test-')[:40].strip('-')}-{secrets.token_hex(2)}")
    cluster.kubectl("create", "namespace", space.name)
    try:
        cluster.kubectl("label", "namespace", space.name, f"{OWNER}={process.identity()}")
        space.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s")
        yield space
    finally:
        if request.node.stash.get(FAILED, False):
            export(space, FAILURES / slug)
        cluster.kubectl("delete", "namespace", space.name, "--wait=false")


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., Any]:
    """`wait_for(condition, deadline, what)`: see support/waiting.py."""
    return waiting.wait_for


@pytest.fixture(scope="session")
def registry(running: Environment) -> Registry:
    """The registry that the cluster pulls from; `publish` and `alias` give it more."""
    return running.registry


@pytest.fixture(scope="session")
def agent_image(running: Environment) -> str:
    """The name of the agent's image, built from this checkout, in the node and in the registry."""
    with running.ownership.alone():
        return environment.deliver_agent(running)


@pytest.fixture(scope="session")
def tekton(running: Environment) -> str:
    """Tekton Pipelines and Triggers, Available, webhooks answering; their namespace."""
    environment.install(running, "tekton")
    return "tekton-pipelines"


@pytest.fixture(scope="session")
def metrics(running: Environment) -> None:
    """metrics-server."""
    environment.install(running, "metrics")


@pytest.fixture(scope="session")
def prometheus(running: Environment) -> Prometheus:
    """Prometheus, scraping the kubelet and kube-state-metrics every five seconds."""
    environment.install(running, "prometheus")
    server = Prometheus(running.cluster)
    server.await_answer()
    return server


@pytest.fixture(scope="session")
def alertmanager(running: Environment) -> Alertmanager:
    """Alertmanager, to which Prometheus sends its alerts."""
    environment.install(running, "alertmanager")
    server = Alertmanager(running.cluster)
    server.await_answer()
    return server
