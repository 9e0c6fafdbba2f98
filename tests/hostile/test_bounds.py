"""Whatever is read, a run ends in time and stays below the memory of its pod (128Mi), and says what was cut."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.evidence import decoding, query
from agent.evidence.bounds import LEAF, LEVELS, cost, fit, shorten
from agent.evidence.decoding import DecodingError, TooLarge, decode
from agent.evidence.ledger import Evidence, Ledger
from agent.evidence.prometheus import PrometheusSource
from agent.evidence.redaction import Redactor
from agent.evidence.rendering import render
from tests.evidence.fake_api import resource_at
from tests.hostile.flood import (
    MIB,
    bomb,
    endless,
    flooding,
    measured,
)
from tests.hostile.flood import (
    Answer as Flood,
)
from tests.loopback import kubeconfig
from tests.samples import CRASH, Answers, alert_file, empty_recording

PEAK = 100.0  # MiB
GRACE = 10.0  # seconds beyond the deadline, on a machine that does much else
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5000),
    lambda below: st.lists(below, max_size=30) | st.dictionaries(st.text(max_size=20), below, max_size=30),
    max_leaves=60,
)


# -- what is cut -------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(JSON, st.integers(1_000, 50_000))
def test_what_is_kept_costs_no_more_than_its_room_and_small_data_stays_as_it_is(data: Any, room: int) -> None:
    kept, notes = fit(data, room)
    assert cost(kept) <= 2 * room
    if not notes:
        assert kept == data


@settings(max_examples=30)
@given(JSON, st.integers(1_000, 50_000))
def test_fitting_twice_changes_nothing_more(data: Any, room: int) -> None:
    kept, _ = fit(data, max(room, 10 * cost(data)))
    assert fit(kept, 10 * cost(kept)) == (kept, [])


@settings(max_examples=30)
@given(st.text(min_size=1), st.integers(60, 200))
def test_a_text_is_cut_at_its_end_and_says_so_there(text: str, limit: int) -> None:
    text *= 200
    cut = shorten(text, limit)
    assert len(cut) <= limit
    assert cut == text or cut.endswith(" characters cut)")
    assert cut[0] == text[0]


def test_large_parts_share_what_small_ones_leave() -> None:
    pods = [{"metadata": {"name": f"p{n}"}, "env": ["x" * 3000] * 50, "phase": "Running"} for n in range(50)]
    kept, notes = fit(pods, 1 << 18)
    assert [pod["metadata"]["name"] for pod in kept] == [f"p{n}" for n in range(50)]
    assert all(pod["phase"] == "Running" for pod in kept)
    assert notes and cost(kept) < 1 << 19


def test_of_too_many_objects_the_first_and_the_last_are_kept() -> None:
    kept, notes = fit([{"name": str(number)} for number in range(100_000)], 1 << 16)
    assert (kept[0], kept[-1]) == ({"name": "0"}, {"name": "99999"})
    assert notes == [f"the answer: only {len(kept)} of 100000 are kept, the first and the last"]


def test_nothing_is_kept_without_what_tells_that_it_is_a_secret() -> None:
    """Neither an argument without its flag nor the end of a value without its beginning."""
    arguments = {"args": ["--password", "hunter2hunter2"] * 50_000}
    assert "hunter2" not in render(Redactor().redact_data(fit(arguments, 1 << 16)[0]))
    for size in range(LEAF - 40, LEAF + 40):
        value = {"note": "x" * (size - 30) + " password=" + "hunter2" * 900}
        assert "hunter2" not in render(Redactor().redact_data(fit(value, 1 << 16)[0]))


def test_what_is_nested_for_ever_ends() -> None:
    data: Any = "bottom"
    for _ in range(300):
        data = {"a": data}
    kept, notes = fit(data, 1 << 20)
    assert f"deeper than {LEVELS} levels" in render(kept) and notes


# -- what is decoded ---------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(JSON, st.integers(1, 50))
def test_a_text_in_pieces_is_decoded_as_one(data: Any, size: int) -> None:
    whole = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert decode(pieces) == json.loads(whole.decode("utf-8", "replace"))
    assert decode([json.dumps({"items": [data]}).encode()], ("items",), lambda each, size: each) == {
        "items": [data]
    }


@pytest.mark.parametrize(
    "text", ["", "[1", "{", '{"a":1,}', "[1 2]", '{"a" 1}', "[]]", "nul", "<html>", "1 2", '"']
)
def test_what_is_not_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(DecodingError, match="not JSON"):
        decode([text.encode()], ("a",), lambda each, size: each)


@pytest.mark.parametrize("piece", [b"x" * 1000, b'","' * 300, b"\\u00e4" * 100])
def test_a_value_without_an_end_is_not_read_for_ever(piece: bytes) -> None:
    read = 0

    def counted() -> Any:
        nonlocal read
        for chunk in endless(b'{"items": [{"a": ["', piece):
            read += len(chunk)
            yield chunk

    with pytest.raises(TooLarge):
        decode(counted(), ("items",), lambda each, size: each)
    assert read < 8 * decoding.MAX_VALUE


def test_a_value_of_many_parts_is_not_decoded() -> None:
    with pytest.raises(TooLarge, match="parts"):
        decode([b"[" + b"[]," * 300_000 + b"[]]"])


# -- what is evidence --------------------------------------------------------------------------------------


def collected(data: Any) -> Evidence:
    """What a ledger makes of an answer."""
    ledger = Ledger(lambda _: Answers({"get Pod bank/desk-0": data}), Redactor())
    return asyncio.run(ledger.collect([query.get("Pod", "bank", "desk-0")]))[0]


def test_what_was_cut_of_an_answer_stands_in_its_evidence() -> None:
    evidence = collected({"spec": {"args": ["x" * 1_000_000]}})
    assert evidence.truncated and len(evidence.text) < 2 * LEAF
    assert "characters cut)" in evidence.text and "values were cut" in evidence.notes[0]


def test_the_event_loop_goes_on_while_an_answer_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redaction that takes long keeps nothing else from happening: here it waits for the loop to go on."""
    going_on = threading.Event()
    redact = Redactor.redact_data

    def slow(self: Redactor, data: Any) -> Any:
        assert going_on.wait(30)
        return redact(self, data)

    monkeypatch.setattr(Redactor, "redact_data", slow)

    async def run() -> None:
        ledger = Ledger(lambda _: Answers({"get Pod bank/desk-0": {"a": "b"}}), Redactor())
        reading = asyncio.create_task(ledger.collect([query.get("Pod", "bank", "desk-0")]))
        await asyncio.sleep(0.05)
        going_on.set()
        assert (await reading)[0].ok

    asyncio.run(run())


def test_a_collection_that_is_given_up_holds_up_no_other() -> None:
    source = Answers({f"get Pod bank/desk-{n}": {"a": n} for n in range(40)}, delay=0.05)
    asked = [query.get("Pod", "bank", f"desk-{n}") for n in range(40)]

    async def run() -> list[Evidence]:
        ledger = Ledger(lambda _: source, Redactor())
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ledger.collect(asked[:20]), 0.02)
        return await ledger.collect(asked[20:])

    assert len(asyncio.run(run())) == 20


def test_all_evidence_of_a_run_has_one_room() -> None:
    asked = [query.get("Pod", "bank", f"desk-{n}") for n in range(30)]
    heap = {"spec": {"args": ["word " * 800] * 400}}
    ledger = Ledger(lambda _: Answers({str(each): heap for each in asked}), Redactor())
    entries = asyncio.run(ledger.collect(asked))
    assert sum(len(entry.text) for entry in entries) < 16 * MIB
    assert all(entry.text for entry in entries)
    assert any(entry.truncated for entry in entries)


# -- whole runs --------------------------------------------------------------------------------------------


def pod(name: str, *, crashing: bool = False, **container: Any) -> bytes:
    """A pod as the API gives it."""
    status: dict[str, Any] = {"phase": "Running"}
    if crashing:
        ended = {"exitCode": 1, "reason": "Error"}
        status["containerStatuses"] = [
            {
                "name": "desk", "ready": False, "restartCount": 9, "lastState": {"terminated": ended},
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            }
        ]  # fmt: skip
    spec = {"containers": [{"name": "desk", **container}]}
    meta = {"namespace": "bank", "name": name}
    return json.dumps({"kind": "Pod", "metadata": meta, "spec": spec, "status": status}).encode()


def large_arguments(path: str) -> Flood | None:
    """One pod of 1.2 MB, all of it words that are looked at."""
    found = pod("desk-0", args=["password=abcdef1234 --flag x " * 43_000])
    return ({}, [found]) if path.endswith("/pods/desk-0") else None


def never_ending(path: str) -> Flood | None:
    """Every list, object and log goes on for ever."""
    if path.endswith("/log"):
        return {"Content-Type": "text/plain"}, endless(b"", b"2026-11-22T11:58:00Z error x\n" * 1000)
    resource, name = resource_at(path)
    if resource is None:
        return None
    kind = resource.kind if name else resource.list_kind
    return {}, endless(b'{"kind": "%s", "metadata": {}, "spec": "' % kind.encode(), b"x" * 65536)


def bombs(path: str) -> Flood | None:
    """The same, packed, and of small objects."""
    resource, name = resource_at(path)
    if resource is None or path.endswith("/log"):
        return None
    kind = resource.kind if name else resource.list_kind
    item = b'{"metadata": {"name": "a", "namespace": "bank"}, "a": "yyyyyyyyyyyyyyyyyyyyyyyyyy"},'
    return {"Content-Encoding": "gzip"}, bomb(
        b'{"kind": "%s", "metadata": {}, "items": [' % kind.encode(), item
    )


def hollow(path: str) -> Flood | None:
    """Objects of nothing but brackets, which take 25 times as much when they are decoded."""
    resource, name = resource_at(path)
    if resource is None:
        return None
    head = b'{"kind": "%s", "metadata": {"name": "%s"}, "spec": [' % (resource.kind.encode(), name.encode())
    return {}, [head + b"[]," * 600_000 + b"[]]}"]


def heads(path: str) -> Flood | None:
    """Headers as many and as long as Python's HTTP client takes them: 6 MiB of each answer."""
    return {f"X-{number}": "y" * 65_000 for number in range(95)}, [pod("desk-0")]


@pytest.mark.parametrize("answer", [large_arguments, hollow, heads])  # the others: several at once, below
def test_whatever_a_cluster_answers_the_run_ends_in_time_and_stays_small(tmp_path: Path, answer: Any) -> None:
    with flooding(answer) as url:
        config = kubeconfig(tmp_path / "kubeconfig", url)
        run = measured(
            alert_file(tmp_path), "--kubeconfig", config, "--format", "json",
            "--deadline", "5", "--read-timeout", "2",
        )  # fmt: skip
    assert run.code == 0, run.err
    assert run.seconds < 5 + GRACE
    assert run.peak < PEAK
    assert run.result["outcome"] == "inconclusive"
    assert run.result["missing"] or any(each["truncated"] for each in run.result["evidence"])


@pytest.mark.parametrize(
    "interim", [b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000], ids=["headers", "interim"]
)
def test_of_a_prometheus_no_head_without_end_is_read(interim: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    send = BaseHTTPRequestHandler.send_response

    def late(self: BaseHTTPRequestHandler, *given: Any) -> None:
        self.wfile.write(interim)
        send(self, *given)

    monkeypatch.setattr(BaseHTTPRequestHandler, "send_response", late)
    with flooding(lambda path: ({}, []) if interim else heads(path)) as url:
        answer = asyncio.run(PrometheusSource(url).answer(query.Query.parse("metrics up")))
    assert (answer.status, "more than 64 KiB of headers" in answer.message) == ("error", True), answer


@pytest.mark.parametrize("answer", [never_ending, bombs])
def test_several_incidents_at_once_stay_as_small(tmp_path: Path, answer: Any) -> None:
    with flooding(answer) as url:
        run = measured(
            alert_file(tmp_path, *several(8)), "--kubeconfig", kubeconfig(tmp_path / "kubeconfig", url),
            "--format", "json", "--deadline", "20", "--read-timeout", "2",
        )  # fmt: skip
    assert run.code == 0, run.err
    assert run.seconds < 20 + GRACE
    assert run.peak < PEAK
    assert {each["outcome"] for each in json.loads(run.out)} == {"inconclusive"}


def several(count: int) -> list[dict[str, Any]]:
    """Alerts about so many pods, each of its own owner."""
    labels = [{**CRASH["labels"], "pod": f"desk-x{number}-0"} for number in range(count)]  # type: ignore[dict-item]
    return [{**CRASH, "labels": each, "fingerprint": f"{each['pod']:0>16}"} for each in labels]


def test_a_line_of_a_recording_as_long_as_a_film_is_not_read(tmp_path: Path) -> None:
    entries = [
        {"query": "get Pod bank/desk-0", "data": json.loads(pod("desk-0"))},
        {"query": "logs bank/desk-0 desk", "file": "x.log"},
        {"query": "events bank Pod/desk-0", "file": "x.log"},
    ]
    recording = empty_recording(tmp_path / "recording", entries)
    (recording / "x.log").write_bytes(b"password=abcdef1234 " * 3_000_000)
    run = measured(alert_file(tmp_path), "--replay", str(recording), "--format", "json")
    assert run.code == 0, run.err
    assert run.peak < PEAK
    assert any("more than 8,388,608 bytes" in line for line in run.result["missing"])


def test_told_to_end_a_run_ends_whatever_it_reads(tmp_path: Path) -> None:
    asked = threading.Event()

    def endless_log(path: str) -> Flood | None:
        if path.endswith("/log"):
            asked.set()
            return {"Content-Type": "text/plain"}, endless(b"", b"2026-11-22T11:58:00Z error x\n" * 1000)
        return ({}, [pod("desk-0", crashing=True)]) if path.endswith("/pods/desk-0") else None

    with flooding(endless_log) as url:
        config = kubeconfig(tmp_path / "kubeconfig", url)
        run = measured(
            alert_file(tmp_path), "--kubeconfig", config, "--format", "json", "--read-timeout", "60",
            end_at=asked,
        )  # fmt: skip
    assert (run.code, run.result["outcome"]) == (1, "failed"), run.err
    assert run.seconds < GRACE
    assert run.peak < PEAK


def test_many_incidents_take_no_more_memory_than_a_few(tmp_path: Path) -> None:
    """Each is printed and written as soon as it has its verdict, and then let go."""

    def peak(count: int) -> float:
        folder = tmp_path / str(count)
        names = [f"desk-x{number}-0" for number in range(count)]
        alerts = [
            {**CRASH, "labels": {**CRASH["labels"], "pod": name}, "fingerprint": f"{name:0>16}"}  # type: ignore[dict-item]
            for name in names
        ]
        log = {"file": "x.log"}
        entries = [{"query": f"logs bank/{name} desk previous", **log} for name in names]
        entries += [{"query": f"get Pod bank/{name}", "file": f"{name}.json"} for name in names]
        recording = empty_recording(folder, entries)
        (folder / "x.log").write_text("2026-11-22T11:58:00Z KeyError: 'LEDGER_URL'\n" * 5000)
        for name in names:
            (folder / f"{name}.json").write_bytes(
                pod(name, crashing=True, env=[{"name": "A", "value": "b" * 4000}] * 50)
            )
        run = measured(
            alert_file(folder, *alerts), "--replay", str(recording), "--format", "json",
            "--output", str(folder / "out"), "--tekton-results", str(folder / "results"),
        )  # fmt: skip
        assert run.code == 0, run.err
        assert len(json.loads(run.out)) == count
        assert len([*(folder / "out").iterdir()]) == count
        assert f"{count} incidents" in (folder / "results" / "summary").read_text()
        return run.peak

    assert peak(10) < 1.15 * peak(2)
