"""The recordings of e2e/scenarios as the fuzzer takes them apart: an alert, and the answer to each query."""

import gzip
import io
import json
import random
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from agent.evidence.recording import MANIFEST
from e2e.score.recorded import read
from e2e.score.scenario import load_recorded
from tests.fuzz.canaries import Canaries


@dataclass
class Recorded:
    """One scenario's live run: the alert, the manifest, and the answers by file name (JSON data, or a log)."""

    alert: bytes
    manifest: dict[str, Any]
    answers: dict[str, Any]

    @property
    def by_query(self) -> dict[str, Any]:
        """The answers by the query they were given to."""
        return {e["query"]: self.answers[e["file"]] for e in self.manifest["entries"] if "file" in e}

    def files(self) -> dict[str, bytes]:
        """The recording as files."""
        return {MANIFEST: as_json(self.manifest)} | {
            name: answer.encode("utf-8", "surrogatepass") if isinstance(answer, str) else as_json(answer)
            for name, answer in self.answers.items()
        }


def choose(chance: random.Random) -> Recorded:
    """Any of the scenarios, read anew."""
    taken = read(chance.choice(_places()))
    answers = {
        name: json.loads(content) if name.endswith(".json") else content.decode()
        for name, content in taken.files.items()
    }
    return Recorded(taken.alert.encode(), taken.manifest, answers)


def as_json(data: Any) -> bytes:
    """JSON of whatever Python can write, lone surrogates and numbers without end included."""
    return json.dumps(data).encode()


def pack(files: dict[str, bytes]) -> bytes:
    """A .tar.gz of these files."""
    archived = io.BytesIO()
    with tarfile.open(fileobj=archived, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return compress(archived.getvalue())


def compress(content: bytes) -> bytes:
    """The same bytes each time: gzip writes the time of day into its head unless it is given one."""
    return gzip.compress(content, compresslevel=1, mtime=0)


def plant(recorded: Recorded, canaries: Canaries, chance: random.Random) -> None:
    """Put secrets into environments, logs and messages."""
    for name, answer in recorded.answers.items():
        if isinstance(answer, str):
            lines = answer.split("\n")
            lines.insert(chance.randrange(len(lines)), canaries.line())
            recorded.answers[name] = "\n".join(lines)
            continue
        for item in answer if isinstance(answer, list) else [answer]:
            _plant_object(item, canaries, chance)


def _plant_object(item: Any, canaries: Canaries, chance: random.Random) -> None:
    if not isinstance(item, dict):
        return
    if chance.random() < 0.3 and isinstance(item.get("message"), str):
        item["message"] += f" {canaries.line()}"
    for path in (("spec", "containers"), ("spec", "template", "spec", "containers")):
        containers = _inside(item, *path)
        for container in containers if isinstance(containers, list) else []:
            if isinstance(env := _inside(container, "env") or [], list) and isinstance(container, dict):
                container["env"] = [*env, canaries.variable()]
            if isinstance(args := _inside(container, "args") or [], list) and isinstance(container, dict):
                container["args"] = [*args, canaries.line()]


def _inside(data: Any, *path: str) -> Any:
    """What stands at a path of keys, or None."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


@cache
def _places() -> list[Path]:
    return [scenario.recording for scenario in load_recorded()]
