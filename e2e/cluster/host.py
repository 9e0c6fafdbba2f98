"""The Docker engine of this host: found, or installed and started where that is ours to do."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from e2e.cluster import bounded_runtime, paths
from e2e.cluster.errors import ClusterError
from e2e.cluster.shell import Shell, answers

DAEMON_CONFIGURATION = Path("/etc/docker/daemon.json")
RUNTIME = "bounded"
RUNTIME_PROGRAM = Path("/usr/local/lib/incident-agent/bounded_runtime.py")
START_SECONDS = 60


def say(text: str) -> None:
    """Progress, for a person: standard error."""
    print(text, file=sys.stderr, flush=True)


def prepare() -> None:
    """Leave this host with a Docker engine that can run a kind node, or raise ClusterError with what to do."""
    needs_runtime = os.geteuid() == 0 and bool(bounded_runtime.missing_on_this_host())
    if not engine_answers():
        install_engine()
        if needs_runtime:
            register_runtime()
        start_engine()
    elif needs_runtime and not runtime_is_default():
        register_runtime()
        reload_engine()
    make_modules_folder()


def engine_answers() -> bool:
    """Whether a Docker engine answers this user."""
    return answers("docker", "info")


def is_debian(os_release: str) -> bool:
    """Whether the text of /etc/os-release is Debian's or a derivative's."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    return "debian" in (fields.get("ID", "") + " " + fields.get("ID_LIKE", "")).replace('"', "").split()


def install_engine() -> None:
    """Install Debian's Docker engine when we are root on Debian; raises ClusterError elsewhere."""
    release = Path("/etc/os-release")
    if os.geteuid() != 0 or not release.exists() or not is_debian(release.read_text()):
        raise ClusterError("no Docker engine answers: start one that this user may use, then run this again")
    install("docker.io", program="dockerd")


def install(package: str, program: str) -> None:
    """Install a Debian package unless the program it brings is already there."""
    if shutil.which(program):
        return
    say(f"installing the Debian package {package}")
    shell = Shell(paths.cache() / "logs" / "host.log")
    shell.run("apt-get", "update")
    shell.run("apt-get", "install", "-y", package, env={"DEBIAN_FRONTEND": "noninteractive"})


def debian_mirror(release: str) -> str | None:
    """The package source that this host itself uses for a release of Debian; None when it has none."""
    if not shutil.which("apt-get"):
        return None
    command = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Identifier: Packages"]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    return mirror_of(shown, release)


def mirror_of(targets: str, release: str) -> str | None:
    """The address after `release` in lines of `CODENAME ADDRESS`."""
    lines = (line.split(maxsplit=1) for line in targets.splitlines())
    return next((line[1] for line in lines if len(line) == 2 and line[0] == release), None)


def register_runtime() -> None:
    """Make the bounded runtime the engine's default, keeping every other setting of the user."""
    RUNTIME_PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(bounded_runtime.__file__, RUNTIME_PROGRAM)
    RUNTIME_PROGRAM.chmod(0o755)
    settings = read_settings()
    changed = with_runtime(settings)
    if changed == settings:
        return
    DAEMON_CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    DAEMON_CONFIGURATION.write_text(json.dumps(changed, indent=2) + "\n")
    missing = ", ".join(sorted(bounded_runtime.missing_on_this_host()))
    say(
        f"changed {DAEMON_CONFIGURATION}: default-runtime is now {RUNTIME!r}, because this host lacks {missing}"
    )


def read_settings() -> dict:
    """The engine's settings; raises ClusterError when the file is not JSON, which is then left as it is."""
    try:
        return json.loads(DAEMON_CONFIGURATION.read_text()) if DAEMON_CONFIGURATION.exists() else {}
    except json.JSONDecodeError as error:
        raise ClusterError(f"{DAEMON_CONFIGURATION} is not valid JSON ({error}): correct it first") from None


def with_runtime(settings: dict) -> dict:
    """The engine's settings with the bounded runtime registered and made the default."""
    runtimes = {**settings.get("runtimes", {}), RUNTIME: {"path": str(RUNTIME_PROGRAM)}}
    return {**settings, "runtimes": runtimes, "default-runtime": RUNTIME}


def runtime_is_default() -> bool:
    """Whether the running engine already uses the bounded runtime."""
    shown = subprocess.run(["docker", "info", "-f", "{{.DefaultRuntime}}"], capture_output=True, text=True)
    return shown.stdout.strip() == RUNTIME


def reload_engine() -> None:
    """Tell the running engine to read its configuration again; containers keep running."""
    pid = Path("/var/run/docker.pid")
    if not pid.exists():
        raise ClusterError(f"{DAEMON_CONFIGURATION} changed: restart the Docker engine, then run this again")
    os.kill(int(pid.read_text()), signal.SIGHUP)
    await_that(runtime_is_default, f"the Docker engine does not take up {DAEMON_CONFIGURATION}: restart it")


def start_engine() -> None:
    """Start the engine through systemd where it runs, else as a process of its own."""
    log = paths.cache() / "logs" / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"starting the Docker engine (log: {log})")
    if Path("/run/systemd/system").exists():
        Shell(log).run("systemctl", "start", "docker")
    else:
        with log.open("ab") as out:
            subprocess.run(["setsid", "--fork", "dockerd"], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    await_that(engine_answers, f"the Docker engine did not start within {START_SECONDS} s: see {log}")


def await_that(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait for a condition for START_SECONDS, then raise ClusterError with `otherwise`."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(otherwise)
        time.sleep(0.5)


def make_modules_folder() -> None:
    """Kind mounts /lib/modules; hosts whose kernel has no modules lack the folder."""
    folder = Path("/lib/modules")
    if folder.exists():
        return
    if os.geteuid() != 0:
        raise ClusterError("/lib/modules does not exist and kind mounts it: create it as root, empty will do")
    folder.mkdir(parents=True)
