"""The command line: what people see when it works, and one clear line when it cannot."""

import base64
import json
import re
from pathlib import Path

import jsonschema
import pytest

from agent.cli import run
from tests.loopback import kubeconfig
from tests.samples import CRASH, alert_file, empty_recording

SAMPLES = Path(__file__).parent.parent / "agent" / "samples"


@pytest.fixture
def recording(tmp_path: Path) -> str:
    return str(empty_recording(tmp_path / "recording"))


@pytest.fixture
def alert(tmp_path: Path) -> str:
    return alert_file(tmp_path)


def test_with_all_evidence_withheld_the_outcome_is_inconclusive_and_the_exit_status_0(
    alert: str, recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["investigate", alert, "--replay", recording, "--format", "json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["outcome"] == "inconclusive"
    assert result["cause"] is None and result["claims"] == []
    assert any("get Pod bank/desk-0" in line for line in result["missing"])


def test_the_text_ends_with_the_block_of_four_lines(
    alert: str, recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["investigate", alert, "--replay", recording])
    last = capsys.readouterr().out.splitlines()[-4:]
    assert last[0] == "=== INCIDENT WORKFLOW RESULT ==="
    assert [line.split(":")[0] for line in last[1:]] == ["Alert", "Commander", "Investigator"]


def test_progress_goes_to_stderr_and_only_the_result_to_stdout(
    alert: str, recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["investigate", alert, "--replay", recording, "--format", "json"])
    said = capsys.readouterr()
    json.loads(said.out)
    assert "investigating bank/Pod/desk-0" in said.err


def test_an_entry_of_a_recording_that_cannot_be_asked_is_said_before_the_result(
    alert: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = empty_recording(tmp_path / "damaged", [{"query": "get Pod bank/desk-0"}, {"query": "fetch it"}])
    assert run(["investigate", alert, "--replay", str(damaged)]) == 0
    assert (
        "note: " + str(damaged) + ": entries of manifest.json that name no query: 2"
        in capsys.readouterr().err
    )


def test_a_watchdog_is_not_investigated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = {"alertname": "Watchdog", "severity": "none"}
    path = alert_file(tmp_path, {"status": "firing", "labels": labels})
    assert run(["investigate", path, "--format", "json"]) == 0  # and needs no cluster
    result = json.loads(capsys.readouterr().out)
    assert result["outcome"] == "not-actionable" and result["evidence"] == []


def test_a_payload_with_two_owners_gives_two_results(
    recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {**CRASH, "labels": {**CRASH["labels"], "pod": "vault-0"}, "fingerprint": "2b30ba71cca2921f"}  # type: ignore[dict-item]
    assert (
        run(["investigate", alert_file(tmp_path, CRASH, other), "--replay", recording, "--format", "json"])
        == 0
    )
    results = json.loads(capsys.readouterr().out)
    assert [r["subject"]["entity"] for r in results] == ["bank/Pod/desk-0", "bank/Pod/vault-0"]


def test_base64_text_stands_for_a_file(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = base64.b64encode(json.dumps(CRASH).encode()).decode()
    assert run(["investigate", "--alert-base64", text, "--replay", recording]) == 0
    assert "Alert: Pod is crash looping." in capsys.readouterr().out


def test_encode_prints_what_investigate_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["encode", "High CPU alert on payment-service"]) == 0
    assert base64.b64decode(capsys.readouterr().out) == b"High CPU alert on payment-service"


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), ("\udcff\udcfe", "not UTF-8 text"), ("{}", "no labels")]
)
def test_encode_refuses_what_is_no_alert(text: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["encode", text]) == 2
    assert words in capsys.readouterr().err


def test_output_holds_every_rendering_and_the_evidence(alert: str, recording: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(["investigate", alert, "--replay", recording, "--output", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {"result.json", "report.md", "report.txt", "evidence"}
    index = json.loads((out / "result.json").read_text())["evidence"]
    assert sorted(p.stem for p in (out / "evidence").iterdir()) == sorted(e["id"] for e in index)


def test_a_run_can_be_recorded_and_the_recording_replayed(
    alert: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, recorded = kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:9"), str(tmp_path / "again")
    assert run(["investigate", alert, "--kubeconfig", config, "--record", recorded]) == 0
    live = capsys.readouterr().out
    assert run(["investigate", alert, "--replay", recorded]) == 0
    again = capsys.readouterr().out
    assert live.splitlines()[-4:] == again.splitlines()[-4:]
    assert "unreachable" in live  # an API server that does not answer is evidence, not a crash


BAD_INPUT = {
    "empty": (b"", "empty"),
    "binary": (b"\x00\xff\x00", ""),
    "truncated JSON": (b'{"labels": {"alertname": ', "line 1"),
    "ten megabytes": (b'{"labels": {"a": "' + b"x" * 10_000_000 + b'"}}', "bytes; the limit is"),
    "wrong version": (b'{"version": "3", "alerts": [{"labels": {"alertname": "A"}}]}', "3"),
    "no labels": (b'{"hello": 1}', ""),
    "no alerts": (b'{"version": "4", "alerts": []}', ""),
    "a number": (b"[1, 2]", ""),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_and_exit_status_2(
    case: str, recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = BAD_INPUT[case]
    path = tmp_path / "alert"
    path.write_bytes(content)
    assert run(["investigate", str(path), "--replay", recording]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and words in said.err
    assert len(said.err) < 400 and "Traceback" not in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no alert is given"),
        (["/no/such/file"], "cannot read /no/such/file"),
        (["--alert-base64", "%%%"], "base64"),
        (["alert", "--alert-base64", "YQ=="], "expected one alert"),
        (["ALERT", "--replay", "/no/such/recording"], "/no/such/recording"),
        (["ALERT", "--kubeconfig", "/no/such/config"], "/no/such/config"),
        (["ALERT", "--replay", "x", "--record", "y"], "exclude each other"),
        (["ALERT", "--deadline", "soon"], "expected a number"),
        (["ALERT", "--deadline", "-1"], "more than 0"),
        (["ALERT", "--deadline", "1e9"], "at most 86400"),
        (["ALERT", "--max-tokens", "1.5"], "a whole number"),
        (["ALERT", "--namespace", "../x"], "the name of a namespace"),
        (["ALERT", "--replay", "ALERT/x"], "cannot be read: Not a directory"),
        (["ALERT", "--kubeconfig", "ALERT/x"], "there is no kubeconfig"),
        (["ALERT", "--kubeconfig", "/"], "kubeconfig / cannot be used: Is a directory"),
        (["ALERT", "--format", "xml"], "text, json, markdown"),
        (["ALERT", "--prometheus", "prom:9090"], "http://"),
        (["ALERT", "--model", "os.system"], "expected rules"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_line(
    arguments: list[str], words: str, alert: str, recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.replace("ALERT", alert) for argument in arguments]
    if "--model" in given:
        given += ["--replay", recording]
    assert run(["investigate", *given]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and words in said.err


def test_an_environment_variable_sets_what_no_flag_sets(
    alert: str, recording: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INCIDENT_REPLAY", recording)
    monkeypatch.setenv("INCIDENT_FORMAT", "json")
    assert run(["investigate", alert]) == 0
    json.loads(capsys.readouterr().out)
    assert run(["investigate", alert, "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("# ")


def test_the_published_schema_is_the_one_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    published = SAMPLES.parent / "verdict" / "result.schema.json"
    assert capsys.readouterr().out == published.read_text(), "run `make schema`"


@pytest.mark.parametrize("name", ["oom", "high-cpu-traffic", "watchdog"])
def test_a_result_is_as_the_published_schema_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    sample, schema = (
        SAMPLES / name,
        json.loads((SAMPLES.parent / "verdict" / "result.schema.json").read_text()),
    )
    (alert,) = sample.glob("alert.*")
    assert run(["investigate", str(alert), "--replay", str(sample / "recording"), "--format", "json"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), schema)


def test_explain_lists_the_causes_and_explains_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split()[0] for line in lines if re.match(r"  \S", line)]
    assert listed and max(map(len, lines)) <= 80
    for cause in listed:
        assert run(["explain", cause]) == 0
        page = capsys.readouterr().out
        assert "Meaning" in page and "What to do" in page
    assert run(["explain", "no-such-cause"]) == 2


@pytest.mark.parametrize("word", ["version", "--version"])
def test_version_is_printed(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([word]) == 0
    assert capsys.readouterr().out.startswith("incident-agent 0.")
