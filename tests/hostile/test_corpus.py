"""The corpus: no secret in any carrier reaches evidence, result, report or recording; what looks like one stays."""

import asyncio
import json
from pathlib import Path

import pytest

from agent.cli import run
from agent.evidence.answer import Answer
from agent.evidence.ledger import Evidence, Ledger
from agent.evidence.mark import MARK
from agent.evidence.query import Query
from agent.evidence.recording import write_recording
from agent.evidence.redaction import Redactor
from tests.hostile.corpus.plants import TEXT_PLACES, Plant, cluster, everywhere, pair
from tests.samples import NOW, Answers, alert_file, empty_recording

SECRETS = list(everywhere("secrets.yaml"))
TOGETHER = 20  # in one cluster; each secret is another one
LOOKALIKES = list(everywhere("lookalikes.yaml"))
MOST_FALSE = 1  # base64 of a harmless sentence: nothing tells it from a token without reading it as one


def collected(plants: list[Plant]) -> list[Evidence]:
    """The evidence of a cluster in which these texts stand."""
    table = cluster(plants)
    redactor = Redactor()
    notes = [plant.text for plant in plants if plant.place == "note"]
    table["get Service bank/desk"] = Answer(data={"kind": "Service"}, notes=notes, at=NOW)
    for number, plant in enumerate(plants):
        if plant.place == "refusal":
            table[f"get Node n{number}"] = Answer("error", message=plant.text, at=NOW)
        if plant.place in ("alert", "label"):
            labels = pair(plant.text) if plant.place == "label" else {}
            table[f"get ConfigMap bank/alert-{number}"] = redactor.redact_data(
                {"annotations": {"summary": plant.text if plant.place == "alert" else ""}, "labels": labels}
            )
    ledger = Ledger(lambda query: Answers(table), redactor, max_reads=1000)
    return asyncio.run(ledger.collect([Query.parse(query) for query in table]))


def said(plants: list[Plant], folder: Path) -> str:
    """All that is kept or shown of such a cluster: texts, data, notes, and the files of a recording."""
    evidence = collected(plants)
    write_recording(folder, evidence, recorded_at=NOW)
    texts = [
        text
        for each in evidence
        for text in (each.text, json.dumps(each.data, ensure_ascii=False), *each.notes)
    ]
    return "\n".join([*texts, *(path.read_text() for path in folder.iterdir())])


def test_the_corpus_is_as_large_as_it_claims() -> None:
    assert len({plant.form for plant in SECRETS}) >= 400
    assert len({plant.place for plant in SECRETS}) >= 14
    assert len({plant.form for plant in LOOKALIKES}) >= 140
    assert set(TEXT_PLACES) < {plant.place for plant in SECRETS}


def test_no_secret_of_the_corpus_stands_in_evidence_or_recording(tmp_path: Path) -> None:
    leaks = []
    for start in range(0, len(SECRETS), TOGETHER):
        plants = SECRETS[start : start + TOGETHER]
        text = said(plants, tmp_path / str(start))
        leaks += [f"{plant.place}: {plant.form}" for plant in plants if plant.leaks(text)]
    assert leaks == []


def test_what_looks_like_a_secret_stays(tmp_path: Path) -> None:
    """Many stand together, and only where something is hidden, each is looked at by itself."""
    hidden = {}
    for start in range(0, len(LOOKALIKES), TOGETHER):
        plants = LOOKALIKES[start : start + TOGETHER]
        if MARK not in said(plants, tmp_path / str(start)):
            continue
        for number, plant in enumerate(plants, start):
            if MARK in said([plant], tmp_path / f"alone-{number}"):
                hidden[plant.form] = plant.place
    assert len(hidden) <= MOST_FALSE, hidden


def test_redacting_the_corpus_twice_changes_nothing() -> None:
    changed = []
    for plant in SECRETS:
        once = Redactor().redact_text(plant.text)
        if Redactor().redact_text(once) != once:
            changed.append((plant.text, once, Redactor().redact_text(once)))
    assert changed == []


# The corpus in runs of the whole program, each with a part of it in every place.
BATCHES = [SECRETS[start::10] for start in range(10)]


@pytest.mark.parametrize("plants", BATCHES, ids=lambda plants: f"{len(plants)} secrets")
def test_no_secret_of_the_corpus_leaves_the_program(
    plants: list[Plant], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = cluster(plants)
    texts = {f"note{number}": each.text for number, each in enumerate(plants) if each.place == "alert"}
    labels = {
        key: value for each in plants if each.place == "label" for key, value in pair(each.text).items()
    }
    identity = {"alertname": "KubePodCrashLooping", "namespace": "bank", "pod": "desk-0"}
    alert = {"status": "firing", "labels": labels | identity, "annotations": texts}
    entries = [
        {"query": query, "data": data, "notes": [each.text for each in plants if each.place == "note"]}
        for query, data in table.items()
    ]
    refusals = [
        {"query": f"get Node n{number}", "status": "error", "message": each.text}
        for number, each in enumerate(plants)
        if each.place == "refusal"
    ]
    source = empty_recording(tmp_path / "source", entries + refusals)
    code = run([
        "investigate", alert_file(tmp_path, alert), "--replay", str(source), "--output", str(tmp_path / "out"),
        "--store", str(tmp_path / "store"),
    ])  # fmt: skip
    printed = capsys.readouterr()
    written = [path.read_text() for name in ("out", "store") for path in (tmp_path / name).rglob("*.*")]
    everything = "\n".join([printed.out, printed.err, *written])
    assert code == 0, printed.err
    assert [f"{plant.place}: {plant.form}" for plant in plants if plant.leaks(everything)] == []
