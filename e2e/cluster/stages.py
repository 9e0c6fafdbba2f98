"""Stages: what is built once, kept by a digest of what went into it, and found again next time.

A stage's output is a folder of the cache, `stages/NAME/DIGEST`. It is made under a temporary name and renamed
when it is complete, so an interrupted build leaves nothing that looks finished; a lock per stage makes a second
build wait for the first and then find its result.
"""

import fcntl
import hashlib
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from e2e.cluster import paths
from e2e.cluster.errors import ClusterError
from e2e.cluster.shell import Shell, answers

HEARTBEAT_SECONDS = 30


@dataclass(frozen=True)
class Stage:
    """One thing to build.

    name: also its folder and its log. what: for the person who waits. seconds: how long it takes on two cores with
    nothing cached (measured; used to say how much is left). inputs: whatever decides the output, by name. make: builds
    into an empty folder. needs: stages whose output goes in. images: tags that the Docker engine must hold afterwards.
    """

    name: str
    what: str
    seconds: int
    inputs: Mapping[str, str]
    make: Callable[[Path, Shell], None]
    needs: tuple["Stage", ...] = ()
    images: tuple[str, ...] = field(default=())

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits over the inputs of this stage and of all that it needs."""
        parts = {
            "name": self.name,
            "inputs": dict(self.inputs),
            "needs": [need.digest for need in self.needs],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        """Where every output of this stage lives, one folder per digest."""
        return paths.cache() / "stages" / self.name

    @property
    def output(self) -> Path:
        """The finished output; exists only when it is complete."""
        return self.folder / self.digest

    @property
    def log(self) -> Path:
        """Everything the programs of this stage printed."""
        return paths.cache() / "logs" / f"{self.name}.log"

    def complete(self) -> bool:
        """Whether the output is there and the Docker engine holds the images."""
        return self.output.is_dir() and all(image_present(tag) for tag in self.images)


def image_present(tag: str) -> bool:
    """Whether the Docker engine holds an image under this tag."""
    return answers("docker", "image", "inspect", "--format", "ok", tag)


def digest_of(files: Iterable[Path]) -> str:
    """A digest over the names and contents of files, whatever order they come in and wherever they lie."""
    return _digest((file.name, file) for file in files)


def digest_of_tree(files: Iterable[Path], root: Path) -> str:
    """As `digest_of`, with the paths below `root` as the names."""
    return _digest((file.relative_to(root).as_posix(), file) for file in files)


def _digest(named: Iterable[tuple[str, Path]]) -> str:
    digest = hashlib.sha256()
    for name, file in sorted(named):
        digest.update(f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def order(wanted: Iterable[Stage]) -> list[Stage]:
    """The wanted stages and all that they need, each after its needs, each once."""
    done: dict[str, Stage] = {}

    def visit(stage: Stage) -> None:
        for need in stage.needs:
            visit(need)
        done.setdefault(stage.name, stage)

    for stage in wanted:
        visit(stage)
    return list(done.values())


def build(wanted: Iterable[Stage]) -> None:
    """Build what is missing, in order, telling the terminal what is built and how much is left."""
    missing = [stage for stage in order(wanted) if not stage.complete()]
    for number, stage in enumerate(missing, start=1):
        left = sum(other.seconds for other in missing[number - 1 :])
        title = f"[{number}/{len(missing)}] {stage.name}"
        say(
            f"{title}: {stage.what} (about {duration(stage.seconds)}; all that is left, about {duration(left)})"
        )
        began = time.monotonic()
        with locked(stage), heartbeat(title, stage.log):
            if not stage.complete():
                make(stage)
        say(f"{title}: done in {duration(time.monotonic() - began)}")


def make(stage: Stage) -> None:
    """Build one stage whose lock is held; raises ClusterError naming the stage and its log."""
    for leftover in stage.folder.glob("*.tmp"):
        shutil.rmtree(leftover)
    shutil.rmtree(stage.output, ignore_errors=True)
    temporary = stage.folder / f"{stage.digest}.tmp"
    temporary.mkdir()
    stage.log.unlink(missing_ok=True)
    try:
        stage.make(temporary, Shell(stage.log))
    except ClusterError as error:
        raise ClusterError(f"stage {stage.name} failed: {error}") from None
    except OSError as error:
        raise ClusterError(f"stage {stage.name} failed: {error}: see {stage.log}") from error
    temporary.rename(stage.output)


@contextmanager
def locked(stage: Stage) -> Iterator[None]:
    """Hold the lock of a stage; a second build waits here until the first is done."""
    stage.folder.mkdir(parents=True, exist_ok=True)
    with (stage.folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another build is making {stage.name}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def heartbeat(title: str, log: Path) -> Iterator[None]:
    """Say every half minute that a stage is still being built, and where its log is."""
    over, began = threading.Event(), time.monotonic()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            say(f"{title}: still building after {duration(time.monotonic() - began)} (log: {log})")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def duration(seconds: float) -> str:
    """Seconds for a person: `42 s`, `6 min 30 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def say(text: str) -> None:
    """Progress, for a person: standard error."""
    print(text, file=sys.stderr, flush=True)
