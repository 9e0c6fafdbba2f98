"""Runs: one case as a process of its own, measured by the operating system.

Most runs are forked from a process that has the program loaded, which is ten times as quick as to start one; a
fresh run is `python -m agent`. Both end in the same `main`.
"""

import base64
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.case import DEADLINE, Case

HANGS = 30.0  # seconds beyond the deadline
FORMATS = ("json", "json", "text", "markdown")


@dataclass(frozen=True)
class Run:
    """How a run ended: exit status (negative for a signal), what it printed and wrote, its seconds and peak MiB.

    What it waited for a busy processor is not in `seconds`.
    """

    case: Case
    folder: Path
    command: list[str]
    form: str
    status: int
    stdout: bytes
    stderr: str
    seconds: float
    peak: float

    @property
    def written(self) -> list[Path]:
        """The files it wrote."""
        return [
            path for name in ("out", "again") for path in (self.folder / name).rglob("*") if path.is_file()
        ]

    @property
    def sent(self) -> bytes:
        """What servers received."""
        log = self.folder / "requests"
        return log.read_bytes() if log.exists() else b""


@contextmanager
def running(case: Case, form: str, *, fresh: bool = False, keep: bool = False) -> Iterator[Run]:
    """The run of a case in a folder that lasts as long as the block, or with `keep` for good."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    server = 0
    try:
        _place(case, folder)
        server = _serving(case, folder)
        yield _run(case, folder, form, fresh)
    finally:
        if server:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _place(case: Case, folder: Path) -> None:
    """Write the case's files."""
    (folder / "alert").write_bytes(case.alert)
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            path.symlink_to(content)
        else:
            path.write_bytes(content)


def _serving(case: Case, folder: Path) -> int:
    """Start the case's servers, and fill their port into the kubeconfig; returns their process, 0 for none."""
    if case.serve is None:
        return 0
    server = os.fork()
    if server == 0:
        try:
            case.serve(folder)
        finally:
            os._exit(1)
    while not (folder / "port").exists():
        time.sleep(0.002)
    config = folder / "kubeconfig"
    config.write_text(config.read_text().replace("{port}", (folder / "port").read_text()))
    return server


def _run(case: Case, folder: Path, form: str, fresh: bool) -> Run:
    command = _command(case, folder, form)
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            _become(command, folder, fresh)
        finally:
            os._exit(99)
    queued, peak = _wait(child, begun + DEADLINE + HANGS)
    seconds = time.monotonic() - begun - queued
    _, status, used = os.wait4(child, 0)
    return Run(
        case, folder, command, form, os.waitstatus_to_exitcode(status), (folder / "stdout").read_bytes(),
        (folder / "stderr").read_text("utf-8", "surrogateescape"), seconds,
        peak if fresh else used.ru_maxrss / 1024,
    )  # fmt: skip


def _command(case: Case, folder: Path, form: str) -> list[str]:
    """The arguments of the program."""
    match case.through:
        case "base64":
            alert = ["--alert-base64", base64.b64encode(case.alert).decode()]
        case "stdin":
            alert = ["-"]
        case _:
            alert = [f"{folder}/alert"]
    port = folder / "port"
    told = port.read_text() if port.exists() else ""
    options = [option.replace("{}", str(folder)).replace("{port}", told) for option in case.options]
    return [
        "investigate", *alert, *options, "--deadline", str(DEADLINE), "--output", f"{folder}/out", "--format", form,
    ]  # fmt: skip


def _become(command: list[str], folder: Path, fresh: bool) -> None:
    """In the child: the streams of a run, then the program itself; never returns."""
    for number, name, flags in ((0, "alert", os.O_RDONLY), (1, "stdout", os.O_CREAT | os.O_WRONLY),
                                (2, "stderr", os.O_CREAT | os.O_WRONLY)):  # fmt: skip
        os.dup2(os.open(folder / name, flags, 0o600), number)
    if fresh:
        os.execv(sys.executable, [sys.executable, "-m", "agent", *command])
    sys.argv = ["incident-agent", *command]
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode, closefd=False) for n, mode in enumerate("rww"))
    from agent.cli import main

    try:
        main()
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def _wait(child: int, end: float) -> tuple[float, float]:
    """Wait for the end of a child, kill it when it hangs; the seconds it queued for a processor, and its peak in MiB.

    The peak is of a program of its own only: what `wait4` tells holds that of the process it was forked from.
    """
    pause, peak = 0.001, 0.0
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            end = float("inf")
        peak = max(peak, _peak(child))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    queue = Path(f"/proc/{child}/schedstat")  # of Linux
    return (int(queue.read_text().split()[1]) / 1e9 if queue.exists() else 0.0), peak


def _peak(process: int) -> float:
    """MiB that a program has held at most so far; 0 where it is not the program yet, or not any more."""
    with suppress(OSError):
        if b"\0agent\0" in Path(f"/proc/{process}/cmdline").read_bytes():
            status = Path(f"/proc/{process}/status").read_text()
            return next(
                (int(line.split()[1]) / 1024 for line in status.splitlines() if line[:6] == "VmHWM:"), 0.0
            )
    return 0.0
