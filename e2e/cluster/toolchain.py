"""The programs and the node image that a cluster is made with."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import go_programs as go
from e2e.cluster import node_image
from e2e.cluster.source import Source
from e2e.cluster.stages import Stage


@dataclass(frozen=True)
class Toolchain:
    """Absolute paths of the command-line programs, and the node image (None: kind's own default).

    built: whether the node image was built here. needs: the stages that have to be built before any of it exists.
    """

    kind: Path
    kubectl: Path
    tkn: Path
    crane: Path
    node_image: str | None
    built: bool
    needs: tuple[Stage, ...]


def toolchain(source: Source) -> Toolchain:
    """From packages everything is ours; beside a registry, programs on PATH are used and only absent ones are built."""
    if source is Source.PACKAGES:
        return _toolchain(lambda name: None, node_image.TAG, (node_image.NODE_IMAGE,))
    return _toolchain(shutil.which, None, ())


def _toolchain(find: Callable[[str], str | None], image: str | None, needs: tuple[Stage, ...]) -> Toolchain:
    made = {
        "kind": go.KIND_PROGRAM,
        "kubectl": go.KUBERNETES_PROGRAMS,
        "tkn": go.TKN_PROGRAM,
        "crane": go.CRANE_PROGRAM,
    }
    found = {name: find(name) for name in made}
    paths = {name: Path(found[name] or stage.output / name).absolute() for name, stage in made.items()}
    missing = tuple(stage for name, stage in made.items() if not found[name])
    return Toolchain(**paths, node_image=image, built=image is not None, needs=(*missing, *needs))
