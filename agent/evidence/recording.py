"""Recordings: the evidence of a run as files, to be read, edited, and replayed without any cluster.

A recording is a directory (or a .tar.gz of one) with a `manifest.json` and one file per answer:

    {"version": 1, "recorded_at": "2026-03-01T12:00:00Z",
     "entries": [{"query": "get Pod shop/web-1", "status": "ok", "file": "001-get-pod-shop-web-1.json"},
                 {"query": "logs shop/web-1 web", "file": "002-logs-shop-web-1-web.log"},
                 {"query": "get Node n1", "status": "forbidden", "message": "nodes \\"n1\\" is forbidden"}]}

An entry may hold its answer itself, as `data`, and may add `at`, `truncated`, `notes` (a list of texts) and
`census` (the counts of a list of which only a part is kept).
Only the manifest says which file answers what; the names of the files, and what else it holds, are for people.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from agent.errors import UserError
from agent.evidence.answer import Answer, Status
from agent.evidence.archive import ArchiveError, is_archive, read_archive, write_archive
from agent.evidence.bounds import cost
from agent.evidence.census import Census
from agent.evidence.decoding import DecodingError, decode
from agent.evidence.folding import fold, last_lines
from agent.evidence.projection import project
from agent.evidence.query import Query, QueryError
from agent.evidence.reduction import Reduction
from agent.evidence.threads import in_daemon_thread
from agent.files import OutputError, read_file
from agent.folder import replace_folder
from agent.times import format_time, parse_time

if TYPE_CHECKING:
    from agent.evidence.ledger import Evidence

VERSION = 1
MANIFEST = "manifest.json"
MAX_BYTES = 8 << 20
"""Bytes of one file; no answer that is kept takes more."""
MAX_ARCHIVE = 16 << 20
"""Bytes of all files together, where they are read into memory or written."""
MAX_ENTRIES = 5000
MAX_LOG_BYTES = 1 << 20
MAX_LOG_LINES = 400
_PIECE = 1 << 16
_STATUSES = get_args(Status)
_FILE = re.compile(r"\d{3,}-[a-z0-9-]*\.(?:json|log)")


class RecordingError(UserError):
    """A recording that cannot be read or written; the message is one line for a person."""


class RecordingSource:
    """Answers queries from a recording; what it lacks is answered "not-recorded".

    `recorded_at` is the "now" of the recorded run; `warning` says, for people, which entries name no query,
    and is empty when all do. Raises RecordingError when the recording as a whole cannot be read; one damaged
    entry is answered with status "error" and does not affect others.
    """

    name = "recording"

    def __init__(self, path: str | Path) -> None:
        self._read = _reader(Path(path))
        manifest = _manifest(Path(path), self._read)
        self.recorded_at = _recorded_at(Path(path), manifest)
        self._entries: dict[Query, dict[str, Any]] = {}
        nameless = []
        for position, entry in enumerate(manifest["entries"], start=1):
            try:
                self._entries[Query.parse(entry["query"])] = entry
            except (QueryError, KeyError, TypeError, AttributeError):
                nameless.append(str(position))
        shown = ", ".join(nameless[:10]) + (" ..." if len(nameless) > 10 else "")
        self.warning = f"{path}: entries of {MANIFEST} that name no query: {shown}" if nameless else ""

    @property
    def queries(self) -> list[Query]:
        """What this recording answers, in the order of the manifest."""
        return list(self._entries)

    async def answer(self, query: Query) -> Answer:
        """Answer from the recording; never raises."""
        entry = self._entries.get(query)
        if entry is None:
            return Answer(
                "not-recorded", message=f"the recording has no answer to: {query}", at=self.recorded_at
            )
        try:
            return await in_daemon_thread(lambda: self._replay(query, entry))
        except (ValueError, RecursionError) as err:
            return Answer("error", message=f"damaged recording: {err}", at=self.recorded_at)

    def _replay(self, query: Query, entry: dict[str, Any]) -> Answer:
        status = entry.get("status", "ok")
        if status not in _STATUSES:
            raise ValueError(f"unknown status {status!r}; expected one of {', '.join(_STATUSES)}")
        answer = Answer(
            status=status,
            message=str(entry.get("message") or ""),
            truncated=entry.get("truncated") is True,
            notes=_texts(entry.get("notes")),
            at=parse_time(entry.get("at")) or self.recorded_at,
        )
        if status == "ok" and query.verb == "logs":
            self._replay_log(query, entry, answer)
        elif status == "ok":
            reduction = Reduction(lambda item: _projected(item, query))
            answer.data = _shaped(query, self._data(entry, reduction))
            answer.notes += reduction.notes
            answer.census = Census.from_data(entry.get("census"))
        return answer

    def _replay_log(self, query: Query, entry: dict[str, Any], answer: Answer) -> None:
        """The end of a log, folded where it is longer than one that was read from a cluster."""
        text = entry.get("data")
        if "file" in entry:
            content = self._content(entry)
            text = last_lines(content, MAX_LOG_BYTES).decode("utf-8", "replace")
            if len(content) > MAX_LOG_BYTES:
                answer.truncated = True
                answer.notes.append(f"only the last lines, at most {MAX_LOG_BYTES >> 20} MiB, were read")
        answer.data = _shaped(query, text)
        if answer.data.count("\n") > MAX_LOG_LINES:
            answer.data, folded = fold(answer.data)
            answer.notes.append(f"{folded} lines were left out by folding")

    def _data(self, entry: dict[str, Any], reduction: Reduction) -> Any:
        """The plain data of an entry, the elements of a list reduced."""
        if entry.get("file") is None:
            data = entry.get("data")
            return [reduction.keep(item) for item in data] if isinstance(data, list) else data
        try:
            return decode(_pieces(self._content(entry)), ("items",), reduction.keep)
        except DecodingError as err:
            raise ValueError(f"file {entry['file']} is not JSON: it holds {err}") from None

    def _content(self, entry: dict[str, Any]) -> bytes:
        name = str(entry["file"])
        try:
            return self._read(name)
        except (KeyError, FileNotFoundError):
            raise ValueError(f"file {name} is missing") from None
        except OSError as err:
            raise ValueError(f"file {name} cannot be read: {err.strerror}") from None


def _reader(path: Path) -> Callable[[str], bytes]:
    """A function that returns the bytes of a file of the recording by its name."""
    try:
        path.stat()
    except FileNotFoundError:
        raise RecordingError(f"{path}: no such recording; expected a directory or a .tar.gz") from None
    except OSError as err:
        raise RecordingError(f"{path}: cannot be read: {err.strerror}") from None
    if path.is_dir():
        return lambda name: _read_inside(path, name)
    if not is_archive(path):
        raise RecordingError(f"{path}: not a recording; expected a directory or a .tar.gz")
    try:
        return read_archive(path, MANIFEST, max_bytes=MAX_ARCHIVE, max_members=MAX_ENTRIES).__getitem__
    except ArchiveError as err:
        raise RecordingError(f"{path}: {err}") from None


def _read_inside(root: Path, name: str) -> bytes:
    """A file below root. Links are followed only within it: a mounted ConfigMap is made of such links."""
    file = (root / name).resolve()
    if not file.is_relative_to(root.resolve()):
        raise ValueError(f"file {name} is outside the recording")
    return read_file(file, MAX_BYTES)


def _manifest(path: Path, read: Callable[[str], bytes]) -> dict[str, Any]:
    try:
        manifest = decode(_pieces(read(MANIFEST)), ("entries",), _Entries().keep)
    except (FileNotFoundError, KeyError):
        raise RecordingError(f"{path}: not a recording, it has no {MANIFEST}") from None
    except OSError as err:
        raise RecordingError(f"{path}: {MANIFEST} cannot be read: {err.strerror}") from None
    except DecodingError as err:
        raise RecordingError(f"{path}: {MANIFEST} is damaged: it holds {err}") from None
    except ValueError as err:
        raise RecordingError(f"{path}: {err}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("entries"), list):
        raise RecordingError(f"{path}: {MANIFEST} is damaged: expected an object with a list of entries")
    if manifest.get("version", VERSION) != VERSION:
        raise RecordingError(f"{path}: version {manifest['version']!r} is unknown; expected {VERSION}")
    if len(manifest["entries"]) > MAX_ENTRIES:
        raise RecordingError(f"{path}: more than {MAX_ENTRIES} entries")
    return manifest


class _Entries:
    """The entries of a manifest, which may contain answers, within the memory allowed for them."""

    def __init__(self) -> None:
        self._left = MAX_ARCHIVE

    def keep(self, entry: Any, size: int = 0) -> Any:
        self._left -= cost(entry, most=self._left)
        if self._left < 0:
            raise DecodingError(f"more than {MAX_ARCHIVE >> 20} MiB")
        return entry


def _pieces(content: bytes) -> Iterator[bytes]:
    view = memoryview(content)
    return (bytes(view[at : at + _PIECE]) for at in range(0, len(view), _PIECE))


def _recorded_at(path: Path, manifest: dict[str, Any]) -> datetime:
    at = parse_time(manifest.get("recorded_at"))
    if at is None:
        raise RecordingError(f'{path}: {MANIFEST} needs a time like "recorded_at": "2026-03-01T12:00:00Z"')
    return at


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _shaped(query: Query, data: Any) -> Any:
    """The data in the shape this verb promises; objects as `kubectl get -o json` prints them are accepted."""
    if isinstance(data, dict) and query.verb in ("list", "events") and "items" in data:
        data = data["items"]
    expected = {"get": "an object", "logs": "text"}.get(query.verb, "a list of objects")
    if _words(data) != expected:
        raise ValueError(f"the answer to {query} is {_words(data)}; expected {expected}")
    return project(data, query.kind) if query.verb == "get" else data


def _projected(item: Any, query: Query) -> Any:
    """An element of a list as it would be read from a cluster."""
    is_object = query.verb == "list" and isinstance(item, dict)
    return project(item, query.kind, listed=True) if is_object else item


def _words(data: Any) -> str:
    match data:
        case dict():
            return "an object"
        case str():
            return "text"
        case list():
            return "a list of objects" if all(isinstance(item, dict) for item in data) else "a list"
        case _:
            return "nothing" if data is None else "a number"


def check_target(path: str | Path) -> None:
    """Raise RecordingError if a recording cannot be written here: an older recording may be replaced,
    anything else may not."""
    path, folder = Path(path), Path(path).absolute().parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileNotFoundError:
        raise RecordingError(f"{path}: its folder {folder} does not exist") from None
    except OSError as err:
        raise RecordingError(f"{path}: cannot write into {folder}: {err.strerror}") from None
    if not path.exists() or (is_archive(path) and path.is_file()):
        return
    if not path.is_dir():
        raise RecordingError(f"{path}: is a file; a recording is a directory or a .tar.gz")
    if any(path.iterdir()) and not (path / MANIFEST).is_file():
        raise RecordingError(f"{path}: is a directory but no recording; name a new one")


def write_recording(path: str | Path, evidence: "Iterable[Evidence]", *, recorded_at: datetime) -> None:
    """Write evidence (which is redacted already) as a recording: a directory, or one file if the path
    ends in .tar.gz. An older recording at the path is replaced in one step; raises RecordingError."""
    path = Path(path)
    check_target(path)
    files = _files(evidence, recorded_at)
    try:
        if is_archive(path):
            _write_file(path, files, int(recorded_at.timestamp()))
        else:
            _write_directory(path, files)
    except OSError as err:
        raise RecordingError(f"{path}: cannot write the recording: {err.strerror}") from None


def _files(evidence: "Iterable[Evidence]", recorded_at: datetime) -> dict[str, bytes]:
    """The content of a recording: file name -> bytes, the manifest first."""
    entries: list[dict[str, Any]] = []
    answers: dict[str, bytes] = {}
    for item in evidence:
        entry: dict[str, Any] = {
            "query": str(item.query),
            "status": item.status,
            "at": format_time(item.collected_at, "milliseconds"),
        }
        if item.truncated:
            entry["truncated"] = True
        if item.notes:
            entry["notes"] = list(item.notes)
        if item.census is not None:
            entry["census"] = item.census.as_data()
        if item.status == "ok":
            entry["file"] = _file_name(len(entries) + 1, str(item.query), item.data)
            answers[entry["file"]] = (
                item.data.encode("utf-8", "replace") if isinstance(item.data, str) else _json(item.data)
            )
        else:
            entry["message"] = item.text.removeprefix(f"{item.status}: ")
        entries.append(entry)
    manifest = {
        "version": VERSION,
        "recorded_at": format_time(recorded_at, "milliseconds"),
        "entries": entries,
    }
    return {MANIFEST: _json(manifest, sort_keys=False), **answers}


def _file_name(number: int, query: str, data: Any) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", query.lower()).strip("-")[:80].strip("-")
    return f"{number:03}-{slug}" + (".log" if isinstance(data, str) else ".json")


def _json(data: Any, *, sort_keys: bool = True) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=sort_keys, ensure_ascii=False) + "\n").encode(
        "utf-8", "replace"
    )


def _write_file(path: Path, files: dict[str, bytes], mtime: int) -> None:
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.absolute().parent))
    try:
        write_archive(draft / path.name, files, mtime=mtime)
        (draft / path.name).replace(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_directory(path: Path, files: dict[str, bytes]) -> None:
    def fill(new: Path) -> None:
        for name, content in files.items():
            (new / name).write_bytes(content)

    try:
        replace_folder(path, fill, _owned, last=MANIFEST)
    except OutputError as err:
        raise RecordingError(str(err)) from None


def _owned(entry: Path) -> bool:
    return entry.name == MANIFEST or _FILE.fullmatch(entry.name) is not None
