"""The programs and the node image that a cluster is made with, as absolute paths."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Toolchain:
    """Absolute paths of the command-line programs; `node_image` None means kind's own default.

    built: whether these were built from packages here (`packages`), or found on this host (`registry`).
    """

    kind: Path
    kubectl: Path
    tkn: Path | None
    crane: Path | None
    node_image: str | None
    built: bool
