"""Secrets in an alert reach nobody: no output, no progress line, no file."""

import json
from pathlib import Path

import pytest

from agent.cli import run
from tests.samples import empty_recording

SECRETS = {
    "a token that could be a name": "sk-live-abcdef0123456789abcdef",
    "a password in a connection string": "hunter2-correct-horse",
    "a bearer token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwYXkifQ.c2lnbmF0dXJlc2lnbmF0dXJl",
}
TEXT = (
    "api_key: {} rejected by postgres://pay:{}@db.bank.svc:5432/pay with Authorization: Bearer {}"
).format(*SECRETS.values())


def alert(name: str, **labels: str) -> dict[str, object]:
    annotations = {"summary": TEXT, "description": TEXT}
    return {"labels": {"alertname": name} | labels, "annotations": annotations}


@pytest.mark.parametrize(
    "given",
    [TEXT, [alert("A"), alert("B", namespace="bank", pod="desk-0", note=TEXT)]],
    ids=["plain text", "two incidents"],
)
def test_no_secret_of_an_alert_leaves_the_program(
    given: str | list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, recording = tmp_path / "alert", empty_recording(tmp_path / "replayed")
    source.write_text(given if isinstance(given, str) else json.dumps(given))
    out = tmp_path / "out"
    assert run(["investigate", str(source), "--replay", str(recording), "--output", str(out)]) == 0
    said = capsys.readouterr()
    files = [path.read_text() for path in out.rglob("*") if path.is_file()]
    assert len(files) > 2
    for text in (said.out, said.err, *files):
        leaked = [what for what, secret in SECRETS.items() if secret in text]
        assert leaked == []
    assert "[redacted]" in said.out
