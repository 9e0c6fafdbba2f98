"""The agent's image, built from the project's Dockerfile and named by a digest of the files that go in."""

from collections.abc import Iterator
from pathlib import Path

from e2e.cluster import paths
from e2e.cluster.images import docker_build
from e2e.cluster.shell import Shell
from e2e.cluster.stages import Stage, digest_of_tree
from e2e.cluster.workloads import BASE, BASE_IMAGE

REPOSITORY = "incident-agent"
INPUTS = (
    "Dockerfile",
    ".dockerignore",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements.txt",
    "requirements-openai.txt",
    "agent",
)


def files(project: Path = paths.PROJECT) -> Iterator[Path]:
    """The files that the Dockerfile copies, and itself; compiled Python is no input."""
    for name in INPUTS:
        path = project / name
        if path.is_file():
            yield path
        for file in path.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


def tag() -> str:
    """incident-agent:dev-DIGEST for the checkout as it is now."""
    return f"{REPOSITORY}:dev-{digest_of_tree(files(), paths.PROJECT)[:12]}"


def agent_stage(built: bool) -> Stage:
    """The stage of the agent's image. built: start from the base made here, not from the Dockerfile's default."""
    image = tag()

    def make(out: Path, shell: Shell) -> None:
        base = ["--build-arg", f"BASE={BASE}"] if built else []
        docker_build(shell, paths.PROJECT, image, *base, "-t", f"{REPOSITORY}:dev")
        (out / "tag").write_text(image)

    return Stage("image-agent", f"the agent's image, {image}", 30, {"tag": image, "base": BASE if built else "default"},
                 make, (BASE_IMAGE,) if built else (), (image,))  # fmt: skip
