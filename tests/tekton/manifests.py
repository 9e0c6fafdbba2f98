"""The manifests under tekton/, parsed."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEKTON = ROOT / "tekton"


def documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file."""
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def task(name: str) -> dict[str, Any]:
    """A Task of the catalog."""
    (found,) = documents(TEKTON / "task" / name / f"{name}.yaml")
    return found


def pipeline() -> dict[str, Any]:
    """The Pipeline."""
    (found,) = documents(TEKTON / "pipeline" / "incident-response" / "incident-response.yaml")
    return found


def everything() -> list[tuple[Path, dict[str, Any]]]:
    """Every document of every manifest that is installed or shown, with its file."""
    files = [path for path in sorted(TEKTON.rglob("*.yaml")) if path.name not in KUSTOMIZE]
    return [(path, document) for path in files for document in documents(path)]


KUSTOMIZE = {"kustomization.yaml", "images.yaml", "names.yaml"}
