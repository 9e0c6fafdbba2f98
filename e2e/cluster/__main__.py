"""`python -m e2e.cluster`: build, create, delete, clean, status, install."""

import argparse
import sys

from e2e.cluster import environment, host, paths, plan
from e2e.cluster.environment import Environment
from e2e.cluster.errors import ClusterError
from e2e.cluster.stages import order, say

EXAMPLES = """examples:
  python -m e2e.cluster create                 build what is missing, create, leave running
  python -m e2e.cluster install tekton         Tekton Pipelines and Triggers into the running cluster
  export KUBECONFIG=e2e/.state/kubeconfig PATH=$PWD/e2e/.state/bin:$PATH; kubectl get pods -A
  INCIDENT_CLUSTER_SOURCE=packages python -m e2e.cluster build

environment:
  INCIDENT_CLUSTER_SOURCE  packages | registry: where the parts come from; chosen by itself when unset
  INCIDENT_CACHE           folder of everything that is built (default ~/.cache/incident-agent)
"""


def build(here: Environment, _: argparse.Namespace) -> None:
    host.prepare()
    environment.build(here)


def create(here: Environment, _: argparse.Namespace) -> None:
    environment.up(here, keep=True)
    say(f"export KUBECONFIG={paths.KUBECONFIG} PATH={paths.STATE / 'bin'}:$PATH")


def delete(here: Environment, _: argparse.Namespace) -> None:
    environment.down(here)


def clean(here: Environment, _: argparse.Namespace) -> None:
    environment.clean(here)


def install(here: Environment, chosen: argparse.Namespace) -> None:
    if not here.cluster.exists():
        raise ClusterError(f"cluster {here.cluster.name} does not run: `python -m e2e.cluster create` first")
    for name in chosen.addon:
        environment.install(here, name)
        say(f"{name} is ready")


def status(here: Environment, _: argparse.Namespace) -> None:
    for stage in order(plan.stages_for(here.source, here.cluster.tools)):
        print(f"{'built  ' if stage.complete() else 'missing'} {stage.name}: {stage.what}")
    print(f"cluster {here.cluster.name}: {'running' if here.cluster.exists() else 'not running'}")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m e2e.cluster", description="The kind cluster of the end-to-end suite.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for run, text in (
        (build, "build what is missing"),
        (create, "build what is missing, create the cluster, leave it running"),
        (delete, "delete the cluster and its registry"),
        (clean, "delete the cluster, the images made here, and the cache"),
        (status, "what is built, and whether the cluster runs"),
    ):
        commands.add_parser(run.__name__, help=text, description=text).set_defaults(run=run)
    adding = commands.add_parser(
        "install", help="install into the running cluster", description="install addons"
    )
    adding.add_argument("addon", nargs="+", choices=sorted(environment.ADDONS), help="what to install")
    adding.set_defaults(run=install)
    return parser


def main() -> int:
    chosen = arguments().parse_args()
    try:
        chosen.run(environment.locate(), chosen)
    except ClusterError as error:
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        say("interrupted: what was finished is kept, the same command goes on from there")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
