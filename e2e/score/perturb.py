"""Perturbations of a recording: what must not change a verdict, and what must not make it wrong."""

import asyncio
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.evidence.recording import RecordingSource

Entry = dict[str, Any]
# Words that Kubernetes, programs or this suite give a meaning of their own; they are no names to be replaced.
_MEANINGFUL = frozenset(
    [
        "default",
        "kubernetes",
        "main",
        "app",
        "pod",
        "pods",
        "job",
        "jobs",
        "node",
        "nodes",
        "service",
        "server",
        "http",
        "https",
        "api",
        "data",
        "config",
        "secret",
        "key",
        "test",
        "error",
        "fatal",
        "image",
        "container",
        "volume",
        "storage",
        "local",
        "standard",
        "system",
        "kube-system",
        "root",
        "shell",
        "python",
        "nginx",
        "redis",
        "postgres",
        "busybox",
        "tmp",
        "run",
        "log",
        "logs",
        "bin",
        "lib",
        "etc",
        "var",
        "usr",
        "home",
        "proc",
        "dev",
        "sys",
        "true",
        "false",
        "none",
        "null",
    ]
)


@dataclass(frozen=True)
class Taken:
    """A recording in memory, with the alert and the namespace it was made with."""

    alert: str
    namespace: str
    recorded_at: str
    entries: tuple[Entry, ...]

    def write(self, directory: Path) -> Path:
        """Write it as a recording whose answers stand in the manifest."""
        directory.mkdir(parents=True, exist_ok=True)
        manifest = {"version": 1, "recorded_at": self.recorded_at, "entries": list(self.entries)}
        (directory / "manifest.json").write_text(json.dumps(manifest))
        return directory


def take(recording: Path, alert: str, namespace: str) -> Taken:
    """Read a recording into memory."""
    source = RecordingSource(recording)

    async def entries() -> list[Entry]:
        answers = [(query, await source.answer(query)) for query in source.queries]
        return [
            {"query": str(query), "status": a.status, "data": a.data, "message": a.message, "truncated": a.truncated,
             "at": a.at.isoformat() if a.at else None}
            for query, a in answers
        ]  # fmt: skip

    return Taken(alert, namespace, source.recorded_at.isoformat(), tuple(asyncio.run(entries())))


def withheld(taken: Taken, chance: random.Random, share: float = 0.3) -> Taken:
    """A share of the answers is missing."""
    return replace(taken, entries=tuple(e for e in taken.entries if chance.random() >= share))


def shuffled(taken: Taken, chance: random.Random) -> Taken:
    """Answers, and the objects within a list, come in another order."""
    entries = [dict(entry) for entry in taken.entries]
    chance.shuffle(entries)
    for entry in entries:
        if entry["query"].startswith("list ") and isinstance(entry["data"], list):
            entry["data"] = chance.sample(entry["data"], len(entry["data"]))
    return replace(taken, entries=tuple(entries))


def renamed(taken: Taken, chance: random.Random) -> tuple[Taken, Callable[[str], str]]:
    """Names of objects, namespaces and containers are replaced by random ones; also returns the replacement."""
    names = sorted(_names(taken), key=len, reverse=True)
    table = {name: _random_name(name, chance) for name in names}
    pattern = re.compile(r"(?<![A-Za-z0-9_])(" + "|".join(map(re.escape, names)) + r")(?![A-Za-z0-9_])")

    def change(text: str) -> str:
        return pattern.sub(lambda match: table[match[1]], text) if names else text

    entries = json.loads(change(json.dumps(list(taken.entries), ensure_ascii=False)))
    changed = Taken(change(taken.alert), change(taken.namespace), taken.recorded_at, tuple(entries))
    return changed, change


def noisy(taken: Taken, chance: random.Random) -> Taken:
    """Failures of things that have nothing to do with it are added wherever a read would show them."""
    entries = [dict(entry) for entry in taken.entries]
    for entry in entries:
        if not isinstance(entry["data"], list):
            continue
        if re.fullmatch(r"events \S+", entry["query"]):
            entry["data"] = [*entry["data"], _stray_event(taken.namespace, taken.recorded_at)]
        elif entry["query"] == f"list Pod {taken.namespace}":
            entry["data"] = [*entry["data"], _stray_pod(taken.namespace)]
    return replace(taken, entries=tuple(entries))


def _names(taken: Taken) -> set[str]:
    found = {taken.namespace}
    for entry in taken.entries:
        objects = entry["data"] if isinstance(entry["data"], list) else [entry["data"]]
        for data in objects:
            meta = data.get("metadata") if isinstance(data, dict) else None
            if (
                isinstance(meta, dict)
                and meta.get("namespace") == taken.namespace
                and "involvedObject" not in data
            ):
                found.add(_base(str(meta.get("name") or "")))
                spec = data.get("spec") or {}
                pod = (spec.get("template") or {}).get("spec") or spec
                found |= {str(c.get("name")) for c in pod.get("containers") or [] if isinstance(c, dict)}
    return {name for name in found if len(name) > 2 and name not in _MEANINGFUL}


def _base(name: str) -> str:
    """The part of an object's name that people chose."""
    return re.sub(r"(-[a-f0-9]{8,10})?-[a-z0-9]{5}$|-[a-f0-9]{8,10}$|-\d+$", "", name)


def _random_name(name: str, chance: random.Random) -> str:
    letters = "bcdfghjkmnpqrstvwxz"
    return "x" + "".join(chance.choice(letters) for _ in range(max(4, len(name) - 1)))


def _stray_event(namespace: str, at: str) -> Entry:
    about = {"kind": "Pod", "namespace": namespace, "name": "unrelated-7c9d8b6f5-q2w4x", "uid": "0-0"}
    words = "Back-off restarting failed container agent in pod unrelated-7c9d8b6f5-q2w4x"
    return {"kind": "Event", "metadata": {"name": "unrelated.1", "namespace": namespace}, "type": "Warning",
            "reason": "BackOff", "message": words,
            "count": 40, "firstTimestamp": at, "lastTimestamp": at, "involvedObject": about}  # fmt: skip


def _stray_pod(namespace: str) -> Entry:
    ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:00Z"}
    status = {"name": "agent", "restartCount": 40, "ready": False, "lastState": {"terminated": ended},
              "state": {"waiting": {"reason": "CrashLoopBackOff"}}}  # fmt: skip
    return {"kind": "Pod", "metadata": {"name": "unrelated-7c9d8b6f5-q2w4x", "namespace": namespace,
            "labels": {"app": "unrelated"}}, "spec": {"containers": [{"name": "agent", "image": "unrelated:1"}]},
            "status": {"phase": "Running", "containerStatuses": [status]}}  # fmt: skip
