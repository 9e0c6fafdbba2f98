"""Where things are kept: the cache outside the checkout, the state inside it."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
E2E = HERE.parent
PROJECT = E2E.parent

# What a run of the suite leaves for a person to read; ignored by git.
STATE = E2E / ".state"
KUBECONFIG = STATE / "kubeconfig"  # of the cluster that people work with


def cache() -> Path:
    """The folder of everything that is built, shared by all checkouts: INCIDENT_CACHE, or ~/.cache/incident-agent."""
    chosen = os.environ.get("INCIDENT_CACHE")
    return Path(chosen).absolute() if chosen else Path.home() / ".cache" / "incident-agent"
