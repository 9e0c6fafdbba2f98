"""Running other programs: output to a log, failures as one line."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from e2e.cluster.errors import ClusterError

# Docker engines without BuildKit (Debian's 20.10) refuse builds when the client defaults to it.
DOCKER_ENVIRONMENT = {"DOCKER_BUILDKIT": "0", "DOCKER_CLI_HINTS": "false"}


class Shell:
    """Runs programs and appends what they print to one log file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)

    def run(
        self, *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Run to completion; raises ClusterError naming the program and the log when it fails."""
        self._finish(command, cwd, env, keep_output=False)

    def output(
        self, *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Standard output of the program, stripped; its standard error goes to the log."""
        return self._finish(command, cwd, env, keep_output=True).decode(errors="replace").strip()

    def _finish(
        self, command: Any, cwd: Path | None, env: Mapping[str, str] | None, *, keep_output: bool
    ) -> bytes:
        with self.log.open("ab") as log:
            self._note(log, command)
            out = subprocess.PIPE if keep_output else log
            try:
                done = subprocess.run(command, cwd=cwd, env=self._env(env), stdout=out, stderr=log,
                                      stdin=subprocess.DEVNULL)  # fmt: skip
            except FileNotFoundError:
                raise ClusterError(f"`{command[0]}` is needed and is not on PATH: install it") from None
        self._check(command, done.returncode)
        return done.stdout or b""

    def pipe(self, source: list[str], sink: list[str]) -> None:
        """`source | sink`, checked at both ends."""
        with self.log.open("ab") as log:
            self._note(log, [*source, "|", *sink])
            writer = subprocess.Popen(source, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
            reader = subprocess.run(sink, stdin=writer.stdout, stdout=log, stderr=log)
            writer.stdout.close()  # type: ignore[union-attr]
        self._check(source, writer.wait())
        self._check(sink, reader.returncode)

    @staticmethod
    def _env(extra: Mapping[str, str] | None) -> dict[str, str]:
        return {**os.environ, **DOCKER_ENVIRONMENT, **(extra or {})}

    @staticmethod
    def _note(log: IO[bytes], command: Any) -> None:
        log.write(("$ " + " ".join(map(str, command)) + "\n").encode())
        log.flush()

    def _check(self, command: Any, status: int) -> None:
        if status != 0:
            raise ClusterError(
                f"`{' '.join(map(str, command))[:120]}` ended with status {status}: see {self.log}"
            )


def answers(*command: str) -> bool:
    """Whether a program exists and ends with status 0; nothing is printed or logged."""
    try:
        return (
            subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
