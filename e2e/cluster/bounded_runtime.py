#!/usr/bin/python3
"""An OCI runtime that runs runc with no more capabilities than this host may grant.

On hosts whose capability bounding set lacks a capability, `docker run --privileged` fails with "unable to apply
caps: operation not permitted", because the engine asks for all of them. This program removes from the request what
the bounding set lacks, then becomes runc. It is installed by `host.py`, only where a capability is missing.

The request is `config.json` in the bundle (create, run) or the file named by --process (exec); both are read at the
positions that the runc command line documents.
"""

import json
import os
import sys
from pathlib import Path

RUNC = "/usr/sbin/runc"

# linux/capability.h, by bit.
CAPABILITIES = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
]  # fmt: skip


def missing_capabilities(status: str, last: int) -> set[str]:
    """Names (CAP_...) absent from the bounding set in the text of /proc/PID/status; `last` is the kernel's last bit."""
    bounding = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:")), 16)
    return {f"CAP_{name}" for bit, name in enumerate(CAPABILITIES) if bit <= last and not bounding >> bit & 1}


def missing_on_this_host() -> set[str]:
    """Names of the capabilities that no process of this host can have."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    return missing_capabilities(Path("/proc/self/status").read_text(), last)


def without(process: dict, missing: set[str]) -> dict:
    """The OCI process object with `missing` removed from each of its capability sets."""
    sets = process.get("capabilities") or {}
    narrowed = {kind: [name for name in names if name not in missing] for kind, names in sets.items()}
    return {**process, "capabilities": narrowed}


def value_of(option: str, arguments: list[str]) -> str | None:
    """The value of `--option VALUE` or `--option=VALUE` on a command line."""
    for position, argument in enumerate(arguments):
        if argument == option and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith(option + "="):
            return argument.partition("=")[2]
    return None


def narrow(arguments: list[str], missing: set[str]) -> None:
    """Rewrite the request that this runc command line names, if it names one."""
    if "exec" in arguments and (request := value_of("--process", arguments)):
        path = Path(request)
        path.write_text(json.dumps(without(json.loads(path.read_text()), missing)))
    elif {"create", "run"} & set(arguments):
        path = Path(value_of("--bundle", arguments) or value_of("-b", arguments) or ".") / "config.json"
        spec = json.loads(path.read_text())
        path.write_text(json.dumps({**spec, "process": without(spec["process"], missing)}))


if __name__ == "__main__":
    narrow(sys.argv[1:], missing_on_this_host())
    os.execv(RUNC, [RUNC, *sys.argv[1:]])
