"""Where the cluster's parts come from: published images where a registry is reachable, else packages built here."""

import enum
import os
import urllib.error
import urllib.request
from collections.abc import Mapping

from e2e.cluster.errors import ClusterError

VARIABLE = "INCIDENT_CLUSTER_SOURCE"
PROBE = "https://registry-1.docker.io/v2/"
PROBE_SECONDS = 3


class Source(enum.StrEnum):
    """packages: everything is built from Go modules and Debian packages. registry: kind's and Tekton's own images."""

    PACKAGES = "packages"
    REGISTRY = "registry"


def choose(forced: str | None, reachable: bool) -> tuple[Source, str]:
    """The source and the reason for it, for the terminal. `forced` is the value of INCIDENT_CLUSTER_SOURCE, if set."""
    if forced:
        try:
            return Source(forced), f"{VARIABLE} says so"
        except ValueError:
            allowed = " or ".join(Source)
            raise ClusterError(
                f"{VARIABLE} is {forced!r}: it must be {allowed}, or unset to choose by itself"
            ) from None
    if reachable:
        return Source.REGISTRY, "a container registry is reachable"
    return Source.PACKAGES, "no container registry is reachable"


def choose_here(environment: Mapping[str, str] = os.environ) -> tuple[Source, str]:
    """`choose` for this host; asks the network only when nothing is forced."""
    forced = environment.get(VARIABLE)
    return choose(forced, reachable=not forced and registry_answers())


def registry_answers() -> bool:
    """Whether the public registry kind's node image lives in answers; a demand for credentials is an answer."""
    try:
        with urllib.request.urlopen(PROBE, timeout=PROBE_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False
