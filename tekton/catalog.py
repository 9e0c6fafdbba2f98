"""What Tekton's catalog demands of a Task or Pipeline: the checks of `catlin validate`, and of its reviewers.

`python3 -m tekton.catalog [FILE...]` prints what is wrong, one line each. Versions are those of the
repository (git-based versioning, TEP-0115): task/NAME/NAME.yaml.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
CATEGORIES = {  # https://github.com/tektoncd/catlin, the list it validates against
    "Automation", "Build Tools", "CLI", "Cloud", "Code Quality", "Continuous Integration", "Deployment",
    "Developer Tools", "Git", "Image Build", "Integration & Delivery", "Kubernetes", "Messaging",
    "Monitoring", "Networking", "Openshift", "Publishing", "Security", "Storage", "Testing",
}  # fmt: skip
LABELS = ("app.kubernetes.io/version",)
ANNOTATIONS = (
    "tekton.dev/pipelines.minVersion", "tekton.dev/categories", "tekton.dev/tags", "tekton.dev/displayName",
    "tekton.dev/platforms", "artifacthub.io/category", "artifacthub.io/license",
)  # fmt: skip
_TAGGED = re.compile(r".+:(?P<tag>\w[\w.-]*)(@sha256:[0-9a-f]{64})?")
_PARAM_IMAGE = re.compile(r"\$\(params\.([\w-]+)\)")


def resources(root: Path = HERE) -> list[Path]:
    """The files of the catalog: every Task and Pipeline."""
    return sorted([*root.glob("task/*/*.yaml"), *root.glob("pipeline/*/*.yaml")])


def problems(path: Path) -> Iterator[str]:
    """What is wrong with one file, in words."""
    document = yaml.safe_load(path.read_text())
    yield from _layout(path, document)
    yield from _metadata(document)
    yield from _readme(path.parent / "README.md", document["spec"])
    if document["kind"] == "Task":
        for step in document["spec"].get("steps", []):
            yield from _step(step, document["spec"])


def _layout(path: Path, document: dict[str, Any]) -> Iterator[str]:
    name = document["metadata"]["name"]
    if not path.stem == path.parent.name == name:
        yield f"file {path.stem}, directory {path.parent.name} and metadata.name {name} differ"
    if document["apiVersion"] != "tekton.dev/v1":
        yield f"apiVersion is {document['apiVersion']}; expected tekton.dev/v1"
    if not list((path.parent / "samples").glob("*.yaml")):
        yield "there is no sample in samples/"


def _metadata(document: dict[str, Any]) -> Iterator[str]:
    metadata, spec = document["metadata"], document["spec"]
    for label in LABELS:
        if not metadata.get("labels", {}).get(label):
            yield f"label {label} is missing"
    annotations = metadata.get("annotations", {})
    for annotation in ANNOTATIONS:
        if not annotations.get(annotation):
            yield f"annotation {annotation} is missing"
    for category in annotations.get("tekton.dev/categories", "").split(","):
        if category.strip() not in CATEGORIES:
            yield f"category {category.strip()!r} is not one of the catalog's"
    if len(spec.get("description", "")) < 20:
        yield "spec.description is missing"
    for kind in ("params", "results", "workspaces"):
        for item in spec.get(kind, []):
            if not item.get("description"):
                yield f"{kind} {item['name']} has no description"


def _step(step: dict[str, Any], spec: dict[str, Any]) -> Iterator[str]:
    name = step.get("name", "?")
    if "script" in step or step.get("command", [""])[0] in ("sh", "bash", "/bin/sh", "/bin/bash"):
        yield f"step {name} runs a shell; expected a program and its arguments"
    if not step.get("command"):
        yield f"step {name} has no command, so the controller has to ask the registry for one"
    image = step.get("image", "")
    if held := _PARAM_IMAGE.fullmatch(image):
        image = next((p.get("default", "") for p in spec["params"] if p["name"] == held[1]), "")
    tagged = _TAGGED.fullmatch(image)
    if not tagged or tagged["tag"] == "latest":
        yield f"step {name} has the image {image!r}; expected a tag, not latest"
    for variable in step.get("env", []):
        if "secretKeyRef" in variable.get("valueFrom", {}):
            yield f"step {name} takes the secret {variable['name']} from its environment; expected a file"
    if not (step.get("computeResources") or spec.get("stepTemplate", {}).get("computeResources")):
        yield f"step {name} has no computeResources"
    yield from _security(
        name, spec.get("stepTemplate", {}).get("securityContext", {}) | step.get("securityContext", {})
    )


def _security(step: str, context: dict[str, Any]) -> Iterator[str]:
    """What the Pod Security Standard "restricted" demands, and a root file system that cannot be written."""
    wanted = {
        "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
        "readOnlyRootFilesystem": True, "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    for key, value in wanted.items():
        if context.get(key) != value:
            yield f"step {step} has securityContext.{key} {context.get(key)}; expected {value}"
    if not isinstance(context.get("runAsUser"), int) or context["runAsUser"] == 0:
        yield f"step {step} has no numeric user other than root"


def _readme(path: Path, spec: dict[str, Any]) -> Iterator[str]:
    if not path.exists():
        yield "there is no README.md"
        return
    text = path.read_text()
    rows = set(re.findall(r"^\| `([\w-]+)`", text, re.MULTILINE))
    for kind in ("params", "results", "workspaces"):
        for item in spec.get(kind, []):
            if item["name"] not in rows:
                yield f"README.md has no row for the {kind[:-1]} {item['name']}"
    for heading in ("Platforms", "Usage"):
        if f"## {heading}" not in text:
            yield f"README.md has no section {heading}"


def main(arguments: list[str]) -> int:
    """Check the files given, or all; the exit status is 1 when something is wrong."""
    wrong = [
        f"{path}: {problem}" for path in map(Path, arguments or resources()) for problem in problems(path)
    ]
    print("\n".join(wrong) or "nothing to complain about")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
