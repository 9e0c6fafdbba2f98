"""Images for the Docker engine: from a Dockerfile of images/, or a program alone on an empty file system.

They carry names of their own (`incident-agent/NAME`), so that no public name in the user's engine ever means something
built here. Public names exist only inside the node and the cluster's registry.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import host, paths
from e2e.cluster.errors import ClusterError
from e2e.cluster.shell import Shell
from e2e.cluster.stages import Stage, digest_of

DOCKERFILES = paths.HERE / "images"
PREFIX = "incident-agent/"
DEBIAN_RELEASE = "bookworm"
DEBIAN = f"{PREFIX}debian:{DEBIAN_RELEASE}"
HOST_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NOBODY = 65532
LABEL = "incident-agent.e2e=true"  # by which old images are found again, when their tag has moved on


@dataclass(frozen=True)
class Program:
    """An image that is one static program.

    tag: of the engine. stage, file: where the program is built. at: its path in the image. user: numeric, as
    `runAsNonRoot` demands. entrypoint: whether the image starts it, or its user names it.
    """

    tag: str
    stage: Stage
    file: str
    at: str
    user: int = 0
    entrypoint: bool = True

    def dockerfile(self) -> str:
        """An empty file system, the program, a place for temporary files, the certificates of the host."""
        lines = [
            "FROM scratch",
            "COPY rootfs/ /",
            f"ENV PATH={Path(self.at).parent}:/bin",
            f"USER {self.user}",
        ]
        return "\n".join([*lines, *([f'ENTRYPOINT ["{self.at}"]'] if self.entrypoint else []), ""])


def docker_build(shell: Shell, context: Path, tag: str, *options: str) -> None:
    """`docker build` on the host's network, where package sources answer that a bridge may not reach."""
    shell.run("docker", "build", "--network", "host", "--label", LABEL, *options, "-t", tag, context)


def build_program(image: Program, work: Path, shell: Shell) -> None:
    """Build one such image in the folder `work`, which is emptied."""
    shutil.rmtree(work, ignore_errors=True)
    root = work / "rootfs"
    target = root / image.at.lstrip("/")
    target.parent.mkdir(parents=True)
    shutil.copyfile(image.stage.output / image.file, target)
    target.chmod(0o755)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    certificates = root / str(HOST_CERTIFICATES).lstrip("/")
    certificates.parent.mkdir(parents=True)
    shutil.copyfile(HOST_CERTIFICATES, certificates)
    (work / "Dockerfile").write_text(image.dockerfile())
    docker_build(shell, work, image.tag)
    shutil.rmtree(work)


def programs_stage(name: str, what: str, seconds: int, programs: list[Program]) -> Stage:
    """A stage of images that are one program each."""

    def make(out: Path, shell: Shell) -> None:
        for image in programs:
            build_program(image, out / "context", shell)

    needs = tuple({image.stage.name: image.stage for image in programs}.values())
    inputs = {image.tag: image.dockerfile() + image.file for image in programs}
    return Stage(name, what, seconds, inputs, make, needs, tuple(image.tag for image in programs))


def dockerfile_stage(
    name: str,
    what: str,
    seconds: int,
    tags: Mapping[str, str],
    needs: tuple[Stage, ...] = (),
    files: Mapping[str, Path] | None = None,
) -> Stage:
    """Images from images/NAME/Dockerfile: `tags` says which target becomes which tag ("" is the last target).

    `files` are added to the build's context, by the names that the Dockerfile calls them.
    """
    source = DOCKERFILES / name
    added = dict(files or {})

    def make(out: Path, shell: Shell) -> None:
        context = shutil.copytree(source, out / "context")
        for called, file in added.items():
            shutil.copy(file, context / called)
        for target, tag in tags.items():
            chosen = ["--target", target] if target else []
            docker_build(shell, context, tag, *chosen)
        shutil.rmtree(context)

    inputs = {
        "context": digest_of(file for file in source.rglob("*") if file.is_file()),
        "tags": str(dict(tags)),
    }
    return Stage(f"image-{name}", what, seconds, inputs, make, (DEBIAN_IMAGE, *needs), tuple(tags.values()))


def make_debian(out: Path, shell: Shell) -> None:
    """Debian's smallest system, from Debian's packages, as an image."""
    if os.geteuid() != 0:
        raise ClusterError(
            "debootstrap needs root: run this as root, or where a container registry is reachable"
        )
    root = out / "rootfs"
    host.install("debootstrap", program="debootstrap")
    mirror = host.debian_mirror(DEBIAN_RELEASE)
    source = [mirror] if mirror else []
    shell.run("debootstrap", "--variant=minbase", "--include=ca-certificates", DEBIAN_RELEASE, root, *source)
    for leftover in [*root.glob("var/cache/apt/archives/*.deb"), *root.glob("var/lib/apt/lists/*_*")]:
        leftover.unlink()
    shell.pipe(
        ["tar", "-C", str(root), "-c", "."], ["docker", "import", "--change", f"LABEL {LABEL}", "-", DEBIAN]
    )
    shutil.rmtree(root)


DEBIAN_IMAGE = Stage("image-debian", "Debian's smallest system", 60, {"release": DEBIAN_RELEASE}, make_debian,
                     images=(DEBIAN,))  # fmt: skip
