"""Recordings: written in one step, read back whole, tolerant of one damaged entry."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.evidence import query, recording
from agent.evidence.answer import Answer, Status
from agent.evidence.census import Census
from agent.evidence.query import Query
from agent.evidence.recording import RecordingError, RecordingSource, write_recording

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POD = {"kind": "Pod", "metadata": {"namespace": "shop", "name": "web-1"}, "status": {"phase": "Running"}}
GET_POD = query.get("Pod", "shop", "web-1")
LOGS = query.logs("shop", "web-1", "web", previous=True)
COUNTED = Census(9, 1, 2, 1, {"ready": 7, "Pending": 2}, ended=False)


@dataclass
class Recorded:
    """What the writer takes from a piece of evidence."""

    query: Query
    status: Status = "ok"
    data: Any = None
    text: str = ""
    truncated: bool = False
    notes: tuple[str, ...] = ()
    census: Census | None = None
    collected_at: datetime = NOW


EVIDENCE: list[Any] = [
    Recorded(GET_POD, data=POD),
    Recorded(LOGS, data="2026-03-01T11:59:00Z ünïcode\nsecond line\n", truncated=True, notes=("cut",)),
    Recorded(query.listing("Pod", "shop", label="app in (a,b)"), data=[POD]),
    Recorded(query.listing("Pod", "*"), data=[POD], truncated=True, census=COUNTED),
    Recorded(query.metrics('rate(x{a="b"}[5m])'), data=[{"labels": {"a": "b"}, "points": [[1, 2.5]]}]),
    Recorded(query.get("Node", "", "n1"), status="forbidden", text='forbidden: nodes "n1" is forbidden'),
]


def ask(source: RecordingSource, what: Query) -> Answer:
    return asyncio.run(source.answer(what))


def by_hand(folder: Path, *entries: Any, **manifest: Any) -> Path:
    folder.mkdir(exist_ok=True)
    content = {"recorded_at": "2026-03-01T12:00:00Z", "entries": list(entries), **manifest}
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("name", ["run", "run.tar.gz", "run.tgz"])
def test_what_was_written_is_what_is_answered(tmp_path: Path, name: str) -> None:
    write_recording(tmp_path / name, EVIDENCE, recorded_at=NOW)
    source = RecordingSource(tmp_path / name)
    assert (source.recorded_at, source.warning) == (NOW, "")
    assert source.queries == [item.query for item in EVIDENCE]
    for item in EVIDENCE:
        answer = ask(source, item.query)
        assert (answer.status, answer.data) == (item.status, item.data)
        assert (answer.truncated, tuple(answer.notes)) == (item.truncated, item.notes)
        assert answer.census == item.census
    assert ask(source, EVIDENCE[-1].query).message == 'nodes "n1" is forbidden'


@pytest.mark.parametrize(
    "census",
    [7, [], {"total": 1}, COUNTED.as_data() | {"total": 8}, COUNTED.as_data() | {"ill_kept": 3},
     COUNTED.as_data() | {"kept": -1}, COUNTED.as_data() | {"states": {"ready": True}}],
)  # fmt: skip
def test_counts_that_cannot_be_are_damage(tmp_path: Path, census: Any) -> None:
    listed = query.listing("Pod", "*")
    source = RecordingSource(by_hand(tmp_path / "run", {"query": str(listed), "data": [], "census": census}))
    answer = ask(source, listed)
    assert (answer.status, "census" in answer.message) == ("error", True)


def test_nothing_is_left_beside_a_written_recording(tmp_path: Path) -> None:
    write_recording(tmp_path / "run", EVIDENCE, recorded_at=NOW)
    write_recording(tmp_path / "run.tar.gz", EVIDENCE, recorded_at=NOW)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["run", "run.tar.gz"]


def test_the_files_are_named_for_people(tmp_path: Path) -> None:
    write_recording(tmp_path / "run", EVIDENCE[:2], recorded_at=NOW)
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == [
        "001-get-pod-shop-web-1.json", "002-logs-shop-web-1-web-previous.log", "manifest.json",
    ]  # fmt: skip


def test_the_same_evidence_makes_the_same_archive(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.tar.gz", EVIDENCE, recorded_at=NOW)
    write_recording(tmp_path / "b.tar.gz", EVIDENCE, recorded_at=NOW)
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


@pytest.mark.parametrize("name", ["run", "run.tar.gz"])
def test_an_older_recording_is_replaced_whole(tmp_path: Path, name: str) -> None:
    write_recording(tmp_path / name, EVIDENCE, recorded_at=NOW)
    write_recording(tmp_path / name, EVIDENCE[:1], recorded_at=NOW)
    assert RecordingSource(tmp_path / name).queries == [GET_POD]
    if name == "run":
        assert len(list((tmp_path / name).iterdir())) == 2


def test_a_directory_that_is_no_recording_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RecordingError, match="is a directory but no recording"):
        write_recording(tmp_path, EVIDENCE, recorded_at=NOW)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_target_in_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist"):
        recording.check_target(tmp_path / "no" / "such")


def test_a_write_that_fails_leaves_the_older_recording_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recording(tmp_path / "run", EVIDENCE, recorded_at=NOW)
    before = {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()}

    def disk_full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(RecordingError, match="No space left on device"):
        write_recording(tmp_path / "run", EVIDENCE[:1], recorded_at=NOW)
    assert {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()} == before
    assert [item.name for item in tmp_path.iterdir()] == ["run"]


def test_a_query_the_recording_lacks_is_answered_not_recorded(tmp_path: Path) -> None:
    source = RecordingSource(by_hand(tmp_path / "run"))
    answer = ask(source, GET_POD)
    assert answer.status == "not-recorded"
    assert "get Pod shop/web-1" in answer.message


def test_an_entry_may_hold_its_answer_itself(tmp_path: Path) -> None:
    source = RecordingSource(by_hand(tmp_path / "run", {"query": "get Pod shop/web-1", "data": POD}))
    assert ask(source, GET_POD).data == POD


def test_a_list_as_kubectl_prints_it_is_accepted(tmp_path: Path) -> None:
    entry = {"query": "list Pod shop", "data": {"kind": "List", "items": [POD]}}
    assert ask(RecordingSource(by_hand(tmp_path / "run", entry)), query.listing("Pod", "shop")).data == [POD]


def test_an_object_as_kubectl_prints_it_is_cut_as_a_live_one_is(tmp_path: Path) -> None:
    managed = [{"manager": "kubectl", "fieldsV1": {"f:data": {"f:LEVEL": {}}}}]
    data = {"kind": "ConfigMap", "metadata": {"name": "c", "resourceVersion": "7", "managedFields": managed}}
    source = RecordingSource(by_hand(tmp_path / "run", {"query": "get ConfigMap shop/c", "data": data}))
    assert ask(source, query.get("ConfigMap", "shop", "c")).data["metadata"] == {
        "name": "c",
        "managedFields": [{"manager": "kubectl", "fields": ["data.LEVEL"]}],
    }


def test_answers_are_dated_by_the_entry_or_else_by_the_recording(tmp_path: Path) -> None:
    source = RecordingSource(
        by_hand(
            tmp_path / "run",
            {"query": "get Pod shop/web-1", "data": POD, "at": "2026-03-01T11:00:00"},
            {"query": "list Pod shop", "data": [POD]},
        )
    )
    assert ask(source, GET_POD).at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert ask(source, query.listing("Pod", "shop")).at == NOW


def test_logs_that_are_not_utf8_are_still_read(tmp_path: Path) -> None:
    folder = by_hand(tmp_path / "run", {"query": str(LOGS), "file": "x.log"})
    (folder / "x.log").write_bytes(b"caf\xe9\n")
    assert ask(RecordingSource(folder), LOGS).data == "caf\ufffd\n"


def test_of_a_long_log_the_last_whole_lines_are_read_and_the_answer_says_so(tmp_path: Path) -> None:
    source = RecordingSource(by_hand(tmp_path / "run", {"query": str(LOGS), "file": "x.log"}))
    for content, end in (
        (b"line %d of a log\n" * 100_000, "line %d of a log\n"),
        (b"x" * (2 << 20), "bytes)"),
    ):
        (tmp_path / "run" / "x.log").write_bytes(content)
        answer = ask(source, LOGS)
        assert answer.truncated and answer.notes[0] == "only the last lines, at most 1 MiB, were read"
        assert answer.data.startswith(end[:4] if content[:1] == b"l" else "(a line") and answer.data.endswith(
            end
        )


@pytest.mark.parametrize(
    ("entry", "content", "words"),
    [
        ({"file": "gone.json"}, None, "file gone.json is missing"),
        ({"file": "x.json"}, "{not json", "file x.json is not JSON"),
        ({"file": "x.json"}, "[" * 100_000, "file x.json is not JSON"),
        ({"file": "x.json"}, "[1, 2]", "is a list; expected an object"),
        ({"file": "../secret.json"}, None, "outside the recording"),
        ({"file": "/etc/hostname"}, None, "outside the recording"),
        ({"file": "."}, None, "cannot be read"),
        ({"data": "text"}, None, "is text; expected an object"),
        ({"status": "fine", "data": POD}, None, "unknown status 'fine'"),
        ({}, None, "is nothing; expected an object"),
    ],
)
def test_a_damaged_entry_is_an_error_in_words_and_spoils_no_other(
    tmp_path: Path, entry: dict[str, Any], content: str | None, words: str
) -> None:
    (tmp_path / "secret.json").write_text("{}")
    good = {"query": "list Pod shop", "data": [POD]}
    folder = by_hand(tmp_path / "run", {"query": "get Pod shop/web-1", **entry}, good)
    if content is not None:
        (folder / "x.json").write_text(content)
    source = RecordingSource(folder)
    answer = ask(source, GET_POD)
    assert (answer.status, answer.data) == ("error", None)
    assert words in answer.message
    assert ask(source, query.listing("Pod", "shop")).data == [POD]


@pytest.mark.parametrize("entry", [{}, "text", None, {"query": 7}, {"query": "delete Pod shop/web-1"}])
def test_an_entry_that_names_no_query_is_told_and_skipped(tmp_path: Path, entry: Any) -> None:
    source = RecordingSource(by_hand(tmp_path / "run", entry, {"query": "get Pod shop/web-1", "data": POD}))
    assert source.queries == [GET_POD]
    assert source.warning.endswith("entries of manifest.json that name no query: 1")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("{", "is damaged"),
        ("[]", "expected an object with a list of entries"),
        ('{"entries": {}}', "expected an object with a list of entries"),
        ('{"entries": [], "version": 2}', "version 2 is unknown; expected 1"),
        ('{"entries": []}', "recorded_at"),
        ('{"entries": [], "recorded_at": "yesterday"}', "recorded_at"),
        (json.dumps({"entries": [{}] * 5001}), "more than 5000 entries"),
    ],
)
def test_a_damaged_manifest_is_one_line_for_a_person(tmp_path: Path, manifest: str, words: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(RecordingError, match=words) as caught:
        RecordingSource(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [("none", "no such recording"), ("file.txt", "expected a directory"), (".", "no manifest.json")],
)
def test_what_is_no_recording_is_refused_by_name(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file.txt").write_text("")
    with pytest.raises(RecordingError, match=words):
        RecordingSource(tmp_path / name)


def test_a_recording_mounted_as_a_configmap_is_read_through_its_links(tmp_path: Path) -> None:
    folder = by_hand(tmp_path / "..2026", {"query": str(LOGS), "file": "x.log"})
    (folder / "x.log").write_text("line\n")
    mount = tmp_path / "mount"
    mount.mkdir()
    folder.rename(mount / "..2026")
    (mount / "..data").symlink_to("..2026")
    for name in ("manifest.json", "x.log"):
        (mount / name).symlink_to(f"..data/{name}")
    assert ask(RecordingSource(mount), LOGS).data == "line\n"


def test_a_link_that_leaves_the_recording_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken")
    folder = by_hand(tmp_path / "run", {"query": str(LOGS), "file": "x.log"})
    (folder / "x.log").symlink_to("../token")
    answer = ask(RecordingSource(folder), LOGS)
    assert (answer.status, answer.data) == ("error", None)
