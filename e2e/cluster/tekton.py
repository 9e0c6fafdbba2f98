"""Tekton Pipelines and Triggers from their modules: images of their programs, manifests that name those images."""

import re
from pathlib import Path

from e2e.cluster import go_programs as go
from e2e.cluster.images import NOBODY, PREFIX, Program, programs_stage
from e2e.cluster.node_image import BUSYBOX_IMAGE
from e2e.cluster.shell import Shell
from e2e.cluster.stages import Stage, digest_of

PIPELINES, TRIGGERS = "v1.15.0", "v0.37.0"
PIPELINE_PROGRAMS = (
    "controller", "webhook", "events", "resolvers", "entrypoint", "nop", "workingdirinit", "sidecarlogresults",
)  # fmt: skip
TRIGGER_PROGRAMS = ("controller", "webhook", "interceptors", "eventlistenersink")
SHELL_IMAGE = "docker.io/library/busybox:1.35"


def ko_programs(project: str, version: str, names: tuple[str, ...], stage: Stage) -> list[Program]:
    """The images that Tekton's own build tool would make: the program under /ko-app, a user that is not root."""
    return [
        Program(f"{PREFIX}{project}-{name}:{version}", stage, name, f"/ko-app/{name}", user=NOBODY)
        for name in names
    ]


IMAGES = [
    *ko_programs("pipeline", PIPELINES, PIPELINE_PROGRAMS, go.TEKTON_PROGRAMS),
    *ko_programs("triggers", TRIGGERS, TRIGGER_PROGRAMS, go.TRIGGERS_PROGRAMS),
]
TEKTON_IMAGES = programs_stage("images-tekton", "images of Tekton Pipelines and Triggers", 20, IMAGES)


def public_name(image: Program) -> str:
    """Where the manifests look for an image: repository and tag in the registry."""
    project, _, program = image.tag.removeprefix(PREFIX).partition("-")
    return f"tektoncd/{project}/{program}"


def render(published: str, version: str) -> str:
    """A published manifest with its references to programs replaced by the images built here."""
    named = re.sub(
        r"ko://github\.com/tektoncd/(\w+)/cmd/(\w+)", rf"ghcr.io/tektoncd/\1/\2:{version}", published
    )
    named = re.sub(r"cgr\.dev/chainguard/busybox@sha256:\w+", SHELL_IMAGE, named)
    # The resolvers start through an init program that their image here does not carry and they do not need.
    return named.replace("- /sbin/tini\n", "- /ko-app/resolvers\n").replace(
        "        - --\n        - /ko-app/resolvers\n", ""
    )


def joined(folder: Path, version: str) -> str:
    """All manifests below a folder, in the order of their paths: namespaces first, as their names arrange."""
    files = sorted(folder.rglob("*.yaml"), key=lambda file: file.relative_to(folder).as_posix())
    return "".join(f"---\n{render(file.read_text(), version)}\n" for file in files)


def make(out: Path, shell: Shell) -> None:
    """Write pipelines.yaml, triggers.yaml and interceptors.yaml; the last needs the definitions of the second."""
    pipelines = go.module_folder("tekton", "github.com/tektoncd/pipeline", shell) / "config"
    triggers = go.module_folder("triggers", "github.com/tektoncd/triggers", shell) / "config"
    (out / "pipelines.yaml").write_text(joined(pipelines, PIPELINES))
    interceptors = joined(triggers / "interceptors", TRIGGERS)
    everything = joined(triggers, TRIGGERS)
    (out / "triggers.yaml").write_text(everything.replace(interceptors, ""))
    (out / "interceptors.yaml").write_text(interceptors)


MANIFESTS = Stage(
    "tekton-manifests", "manifests of Tekton", 5, {"recipe": digest_of([Path(__file__)])}, make,
    (TEKTON_IMAGES, BUSYBOX_IMAGE),
)  # fmt: skip
