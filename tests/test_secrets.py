"""Secrets in an alert reach nobody: no output, no progress line, no file."""

import json
from pathlib import Path

import pytest

from agent.cli import run
from tests.samples import empty_recording

TEXTS = {
    "sk-live-abcdef0123456789abcdef": "api_key: {} was rejected",  # a valid name of an object, too
    "hunter2-correct-horse": "postgres://pay:{}@db:5432/pay refused",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwYXkifQ.c2lnbmF0dXJlc2ln": "Authorization: Bearer {} is not valid",
}


def labelled(name: str, text: str, **labels: str) -> dict[str, object]:
    annotations = {"summary": text, "description": text}
    return {"labels": {"alertname": name, "note": text} | labels, "annotations": annotations}


@pytest.mark.parametrize("several", [False, True], ids=["plain text", "two incidents"])
@pytest.mark.parametrize("secret", TEXTS)
def test_no_secret_of_an_alert_leaves_the_program(
    secret: str, several: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TEXTS[secret].format(secret)
    alerts = [labelled("A", text), labelled("B", text, namespace="bank", pod="desk-0")]
    source, out = tmp_path / "alert", tmp_path / "out"
    source.write_text(json.dumps(alerts) if several else text)
    recording = empty_recording(tmp_path / "recording")
    assert run(["investigate", str(source), "--replay", str(recording), "--output", str(out)]) == 0
    said = capsys.readouterr()
    files = [path.read_text() for path in out.rglob("*") if path.is_file()]
    assert len(files) > 2
    assert [printed for printed in (said.out, said.err, *files) if secret in printed] == []
    assert "[redacted]" in said.out


def test_a_password_told_by_the_alert_is_found_in_the_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "Summer-2026-bank"
    texts = {"summary": f"{secret} is refused", "description": f"login with password={secret} fails"}
    alert = {"labels": {"alertname": "A", "namespace": "bank", "pod": "desk-0"}, "annotations": texts}
    pod = {"kind": "Pod", "metadata": {"namespace": "bank", "name": "desk-0"},
           "status": {"message": f"FATAL: {secret} was rejected"}}  # fmt: skip
    (tmp_path / "alert").write_text(json.dumps(alert))
    recording = empty_recording(tmp_path / "recording", [{"query": "get Pod bank/desk-0", "data": pod}])
    out = tmp_path / "out"
    run(["investigate", str(tmp_path / "alert"), "--replay", str(recording), "--output", str(out)])
    said = capsys.readouterr()
    files = {path.name: path.read_text() for path in out.rglob("*") if path.is_file()}
    assert "FATAL: [redacted] was rejected" in files["E1.txt"]
    assert [
        name for name, text in (files | {"out": said.out, "err": said.err}).items() if secret in text
    ] == []
