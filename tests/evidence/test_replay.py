"""From a live cluster into a recording and back: a replayed run sees word for word what was recorded."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.evidence import query
from agent.evidence.answer import Source
from agent.evidence.cluster import ClusterSource
from agent.evidence.ledger import Evidence, Ledger
from agent.evidence.recording import RecordingSource, write_recording
from agent.evidence.redaction import Redactor
from tests.evidence.fake_api import pod, serving, status

PODS = "/api/v1/namespaces/shop/pods"
PASSWORD = "hunter2-and-more"
QUERIES = [
    query.get("Pod", "shop", "web-0001"),
    query.get("Pod", "shop", "none"),
    query.listing("Pod", "shop"),
    query.events("shop"),
    query.logs("shop", "web-0001", "web"),
    query.logs("shop", "web-0001", "web", previous=True),
    query.get("Secret", "shop", "db"),
]


def collect(source: Source) -> list[Evidence]:
    ledger = Ledger(lambda _: source, Redactor())
    return asyncio.run(ledger.collect(QUERIES))


@pytest.mark.parametrize("name", ["run", "run.tar.gz"])
def test_a_replayed_run_sees_what_the_recorded_one_saw(tmp_path: Path, name: str) -> None:
    with serving() as api:
        api.objects[f"{PODS}/web-0001"] = {"kind": "Pod", **pod(1)}
        api.objects[f"{PODS}/web-0001"]["spec"]["containers"][0]["env"] = [
            {"name": "DB_PASSWORD", "value": PASSWORD}
        ]
        api.objects[PODS] = [pod(number) for number in range(450)]
        api.logs[f"{PODS}/web-0001/log"] = f"2026-03-01T12:00:00Z password={PASSWORD}\n".encode() * 300
        api.refusals["/api/v1/namespaces/shop/events"] = (403, status("events is forbidden"))
        live = collect(ClusterSource.connect(api.kubeconfig(tmp_path / "kubeconfig")))
    write_recording(tmp_path / name, live, recorded_at=datetime.now(UTC))

    replayed = collect(RecordingSource(tmp_path / name))
    assert [
        (each.id, each.query, each.status, each.truncated, each.notes, each.census, each.text)
        for each in replayed
    ] == [
        (each.id, each.query, each.status, each.truncated, each.notes, each.census, each.text)
        for each in live
    ]
    assert "450 read: 450 not ready; 400 of them are kept" in live[2].notes
    assert [each.text for each in replayed] == [each.text for each in live]
    assert [each.status for each in live] == [
        "ok", "not-found", "ok", "forbidden", "ok", "ok", "forbidden",
    ]  # fmt: skip
    if name == "run":
        assert not any(PASSWORD in file.read_text() for file in (tmp_path / name).iterdir())
