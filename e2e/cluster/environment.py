"""The whole of it: engine, parts, cluster, registry, agent's image; up, down and what is there."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from e2e.cluster import addons, agent_image, host, paths, plan, stages
from e2e.cluster.cluster import NAME, Cluster
from e2e.cluster.images import LABEL
from e2e.cluster.ownership import Ownership
from e2e.cluster.registry import Registry
from e2e.cluster.shell import Shell
from e2e.cluster.source import Source, choose_here
from e2e.cluster.stages import duration, say
from e2e.cluster.toolchain import toolchain


@dataclass(frozen=True)
class Environment:
    """A running cluster and what belongs to it."""

    source: Source
    cluster: Cluster
    registry: Registry
    ownership: Ownership


ADDONS: dict[str, Callable[[Environment], object]] = {
    "tekton": lambda here: addons.install_tekton(here.cluster, here.source),
    "metrics": lambda here: addons.install_metrics(here.cluster),
    "prometheus": lambda here: addons.install_prometheus(here.cluster),
    "alertmanager": lambda here: addons.install_alertmanager(here.cluster),
    "agent": lambda here: say(deliver_agent(here)),
}


def install(here: Environment, name: str) -> None:
    """Install an addon into the running cluster while nobody else changes it."""
    with here.ownership.alone():
        ADDONS[name](here)


def locate(name: str = NAME) -> Environment:
    """The parts of the cluster of this name, whether it runs or not; says where they come from and why."""
    source, reason = choose_here()
    say(f"cluster parts from {source}: {reason}")
    return assemble(source, Cluster(toolchain(source), name))


def assemble(source: Source, cluster: Cluster) -> Environment:
    """The environment of a cluster."""
    return Environment(source, cluster, Registry(cluster.name, cluster.fixed_ports), Ownership(cluster.name))


def build(environment: Environment) -> None:
    """Build what is missing for this source."""
    stages.build(plan.stages_for(environment.source, environment.cluster.tools))


def up(environment: Environment, keep: bool) -> None:
    """Create what is missing and leave it running; keep: a person owns it, else this process must `leave` it."""
    host.prepare()
    build(environment)
    ownership = environment.ownership
    with ownership.alone():
        remove_abandoned(environment)
        if environment.cluster.exists():
            ownership.join()
        else:
            ownership.claim()
        environment.cluster.create()
        start_registry(environment)
        link_programs(environment)
        if keep:
            ownership.give_to_person()


def leave(environment: Environment) -> None:
    """This process needs the cluster no more: take it down if it is nobody else's."""
    with environment.ownership.alone():
        if environment.ownership.leave():
            down(environment)


def remove_abandoned(environment: Environment) -> None:
    """Take down what a killed test run left."""
    if environment.ownership.abandoned():
        say(f"removing what an interrupted run left: cluster {environment.cluster.name}")
        down(environment)


def start_registry(environment: Environment) -> None:
    """The registries, their content, and the node's list of mirrors."""
    began = time.monotonic()
    built = environment.cluster.tools.built
    started = environment.registry.start(plan.published() if built else {}, plan.content_digest())
    hosts = {f"{upstream}/hosts.toml": text for upstream, text in environment.registry.mirrors(built).items()}
    environment.cluster.write_node_files("/etc/containerd/certs.d", hosts)
    if started:
        say(f"registry is ready after {duration(time.monotonic() - began)}")


def deliver_agent(environment: Environment) -> str:
    """Build the agent's image for the checkout as it is, give it to node and registry; its name."""
    stage = agent_image.agent_stage(environment.cluster.tools.built)
    stages.build([stage])
    (image,) = stage.images
    published = f"library/{image}"
    if not environment.registry.has(published):
        environment.registry.publish(image, [published, f"library/{agent_image.REPOSITORY}:dev"])
        environment.cluster.load(image)
    return image


def link_programs(environment: Environment) -> None:
    """Links in e2e/.state/bin, for people: kubectl, kind, tkn and crane as this cluster's."""
    folder = paths.STATE / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    tools = environment.cluster.tools
    for program in (tools.kind, tools.kubectl, tools.tkn, tools.crane):
        link = folder / program.name
        link.unlink(missing_ok=True)
        link.symlink_to(program)


def down(environment: Environment) -> None:
    """Delete cluster and registries, and kind's network if it came with them."""
    environment.registry.stop()
    if environment.cluster.exists():
        environment.cluster.delete()
    environment.ownership.forget()


def clean(environment: Environment) -> None:
    """`down`, and remove every image made here, the cache and its logs; Go's own caches are the user's."""
    if host.engine_answers():
        down(environment)
        shell = Shell(paths.STATE / "clean.log")
        pattern = ("--filter", "reference=incident-agent/*", "--filter", "reference=incident-agent:dev*")
        tags = shell.output("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", *pattern).split()
        if tags:
            shell.run("docker", "rmi", "-f", *tags)
        shell.run("docker", "image", "prune", "-f", "--filter", f"label={LABEL}")
    shutil.rmtree(paths.cache(), ignore_errors=True)
    shutil.rmtree(paths.STATE, ignore_errors=True)
