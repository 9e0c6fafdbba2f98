"""Stage `recordings`: recordings of real runs, edited by somebody who means harm, or damaged."""

import copy
import io
import random
import tarfile
from pathlib import Path
from typing import Any

from agent.evidence.recording import MANIFEST
from tests.fuzz.canaries import Canaries
from tests.fuzz.case import Case
from tests.fuzz.mutation import hostile, long_text, mutate_bytes, mutate_data, mutate_text
from tests.fuzz.recorded import Recorded, choose, compress, pack, plant
from tests.hostile import values

COUNT = 2_000
CODES = (0, 2)
_OUTSIDE = ("/etc/passwd", "../alert", "..", ".", "/dev/zero", "/proc/self/environ", "\0", "a" * 300, "")


def make(chance: random.Random) -> Case:
    """One scenario's recording with one to six changes, as a folder or an archive."""
    recorded = choose(chance)
    for _ in range(chance.choice([1, 1, 2, 3, 6])):
        chance.choice([_answer, _answer, _answer, _log, _log, _manifest])(chance, recorded)
    canaries = Canaries(chance)
    if chance.random() < 0.4:
        plant(recorded, canaries, chance)
    files: dict[str, bytes | Path] = {}
    contents = recorded.files()
    if chance.random() < 0.2 and not canaries.planted:  # damage may spoil what gives a secret away
        name = chance.choice(list(contents))
        contents[name] = mutate_bytes(chance, contents[name])
    if chance.random() < 0.5:
        place = "recording"
        files = {f"recording/{name}": content for name, content in contents.items()}
        if chance.random() < 0.1:
            files[chance.choice(list(files))] = Path(
                chance.choice(["/etc/passwd", "/dev/zero", ".", "nowhere"])
            )
    else:
        place = "recording.tar.gz"
        files[place] = _archive(chance, contents)
    return Case(
        recorded.alert,
        options=["--replay", f"{{}}/{place}"],
        files=files,
        secrets=canaries.planted,
    )


def _answer(chance: random.Random, recorded: Recorded) -> None:
    """One to ten changes in one answer of the API or of Prometheus."""
    names = [name for name, answer in recorded.answers.items() if isinstance(answer, dict | list)]
    if not names:
        return
    name = chance.choice(names)
    answer = recorded.answers[name]
    if chance.random() < 0.05:
        recorded.answers[name] = hostile(chance)
        return
    if chance.random() < 0.05 and isinstance(answer, list) and len(answer) < 200:
        answer += [copy.deepcopy(item) for item in answer] * (200 // (len(answer) or 1))
    for _ in range(chance.choice([1, 1, 3, 10])):
        mutate_data(chance, answer)


def _log(chance: random.Random, recorded: Recorded) -> None:
    """Hostile lines in a log, or another text in its place."""
    names = [name for name, answer in recorded.answers.items() if isinstance(answer, str)]
    if not names:
        return
    name = chance.choice(names)
    lines = recorded.answers[name].split("\n")
    for _ in range(chance.choice([1, 3, 10])):
        at = chance.randrange(len(lines))
        lines[at] = mutate_text(chance, lines[at])
    if chance.random() < 0.1:
        lines.append(long_text(chance) * chance.choice([1, 10]))
    recorded.answers[name] = "\n".join(lines * chance.choice([1, 1, 1, 20]))[:3_000_000]


def _manifest(chance: random.Random, recorded: Recorded) -> None:
    """One change in the manifest: an entry, its file, its status, the time of the recording."""
    entry: dict[str, Any] = chance.choice(recorded.manifest["entries"] or [{}])
    if not isinstance(entry, dict):
        return
    match chance.randrange(7):
        case 0:
            entry["file"] = chance.choice(_OUTSIDE)
        case 1:
            entry["status"] = chance.choice(["ok", "forbidden", "not-found", "timed-out", hostile(chance)])
        case 2:
            entry["message"] = hostile(chance)
        case 3:
            entry["data"] = hostile(chance)
            entry.pop("file", None)
        case 4:
            recorded.manifest["recorded_at"] = chance.choice([*values.TIMES, hostile(chance)])
        case 5:
            entry["query"] = mutate_text(chance, str(entry.get("query")))
        case _:
            mutate_data(chance, recorded.manifest["entries"])
            recorded.manifest["entries"] = [e for e in recorded.manifest["entries"] if isinstance(e, dict)]


def _archive(chance: random.Random, contents: dict[str, bytes]) -> bytes:
    """The files packed, sometimes with what no archive should hold, sometimes damaged."""
    if chance.random() < 0.7:
        return pack(contents)
    match chance.randrange(5):
        case 0:
            packed = pack(contents)
            return (
                mutate_bytes(chance, packed)
                if chance.random() < 0.5
                else packed[: chance.randrange(len(packed))]
            )
        case 1:
            return pack(
                {chance.choice(["/etc/x", "../x", "a/../../x", "x" * 5000, "\u202e"]): b"x"} | contents
            )
        case 2:
            return compress(b"\0" * (chance.choice([1, 70]) << 20))
        case 3:
            return pack({f"many/{n}": b"" for n in range(chance.choice([10, 6000]))} | contents)
        case _:
            return _with_member(chance, contents)


def _with_member(chance: random.Random, contents: dict[str, bytes]) -> bytes:
    """An archive whose manifest is a link, a device, a pipe, or a file that claims to be larger than it is."""
    packed = io.BytesIO(pack({name: content for name, content in contents.items() if name != MANIFEST}))
    added = io.BytesIO()
    with tarfile.open(fileobj=packed) as before, tarfile.open(fileobj=added, mode="w") as after:
        for member in before:
            after.addfile(member, before.extractfile(member))
        odd = tarfile.TarInfo(MANIFEST)
        odd.type = chance.choice([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, b"Z"])
        odd.linkname = chance.choice(["/etc/passwd", "../../x", MANIFEST])
        odd.size = 0
        after.addfile(odd)
    return compress(added.getvalue())
