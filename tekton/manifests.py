"""The manifests of a folder with another namespace and image, as `kubectl kustomize` renders them."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
_IMAGE = re.compile(
    r"(?P<name>[a-z0-9][a-zA-Z0-9._/:-]*):(?P<tag>\w[\w.-]{0,127})(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class ManifestError(ValueError):
    """Something that a person has to mend; the message is for people."""


def kubectl(*arguments: str, given: str = "", check: bool = True) -> str:
    """Run kubectl; returns what it prints. Raises ManifestError with its last line."""
    try:
        done = subprocess.run(["kubectl", *arguments], input=given, capture_output=True, text=True)
    except FileNotFoundError:
        raise ManifestError("kubectl is not on PATH; expected kubectl 1.28 or newer") from None
    if check and done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ManifestError(f"kubectl {' '.join(arguments[:2])}: {said[-1]}")
    return done.stdout.strip()


def rendered(base: Path, namespace: str = "", image: str = "", patches: Sequence[dict[str, Any]] = ()) -> str:
    """The manifests of a folder of tekton/ as YAML; raises ManifestError."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory).resolve()
        for needed in (HERE / "names.yaml", HERE / "pipeline" / "images.yaml"):
            shutil.copy(needed, work)
        text = kustomization(os.path.relpath(base, work), namespace, image, patches)
        (work / "kustomization.yaml").write_text(text)
        return kubectl("kustomize", str(work)) + "\n"


def kustomization(base: str, namespace: str, image: str, patches: Sequence[dict[str, Any]] = ()) -> str:
    """An overlay: the namespace with the names that follow from it, the image, and patches, where given."""
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"]
    lines += [f"resources: [{base}]", "configurations: [images.yaml]"]
    if namespace:
        lines += [f"namespace: {namespace}", "replacements: [{path: names.yaml}]"]
    if image:
        if not (part := _IMAGE.fullmatch(image)):
            raise ManifestError(f"the image is {image!r}; expected NAME:TAG or NAME:TAG@sha256:DIGEST")
        lines += [
            "images:",
            "- name: incident-agent",
            f'  newName: "{part["name"]}"',
            f'  newTag: "{part["tag"]}"',
        ]
        lines += [f"  digest: {part['digest']}"] if part["digest"] else []
    lines += [f"patches: {json.dumps(list(patches))}"] if patches else []
    return "\n".join(lines) + "\n"
