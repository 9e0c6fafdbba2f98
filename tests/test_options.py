"""The command line and its environment: a slip is one line, with the word that was meant."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agent.cli import run
from agent.evidence.prometheus import TOKEN_VARIABLE
from agent.settings import strangers

ROOT = Path(__file__).parent.parent
WATCHDOG = str(ROOT / "agent" / "samples" / "watchdog" / "alert.json")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "investigate --fromat json",
            "--fromat is no option of `incident-agent investigate`; did you mean --format?",
        ),
        ("investigate --fromat=json a b", "did you mean --format?"),
        ("investigate alert --model-kee k", "did you mean --model-key-file?"),
        ("tekton prune --keep-hour --keep 3", "see `incident-agent tekton prune --help`"),
        ("tekton prune --kept-hours 3", "did you mean --keep-hours?"),
        ("investigate --frobnicate", "see `incident-agent investigate --help`"),
        ("explain --all", "see `incident-agent explain --help`"),
        ("investigate one two", "'two' is one argument too many"),
        ("investigate --deadline", "--deadline: expected one argument"),
        ("investigat", "'investigat' (choose from"),
        ("", "required: COMMAND"),
    ],
)
def test_a_command_line_that_cannot_be_understood_is_one_line_and_exit_status_2(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and words in said.err


@pytest.mark.parametrize("line", ["--help", "investigate --help", "tekton report --help", "--version"])
def test_what_is_asked_for_is_printed(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split()) == 0
    said = capsys.readouterr()
    assert "incident-agent" in said.out and said.err == ""


def test_a_variable_that_is_no_setting_is_told_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INCIDENT_FROMAT", "json")
    monkeypatch.setenv("INCIDENT_ZEBRA", "json")
    assert run(["investigate", WATCHDOG]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first == (
        "note: no setting, hence ignored: INCIDENT_FROMAT (did you mean INCIDENT_FORMAT?), INCIDENT_ZEBRA"
    )


def test_variables_that_others_set_are_no_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the manifests, the secret one, and those of Services whose names begin so."""
    pods = [yaml.safe_load_all((ROOT / "k8s" / name).read_text()) for name in ("deployment.yaml", "job.yaml")]
    containers = [
        container
        for documents in pods
        for document in documents
        if document["kind"] in ("Deployment", "Job")
        for container in document["spec"]["template"]["spec"]["containers"]
    ]
    task = yaml.safe_load(
        (ROOT / "tekton" / "task" / "incident-investigate" / "incident-investigate.yaml").read_text()
    )
    given = [each["name"] for container in [*containers, *task["spec"]["steps"]] for each in container["env"]]
    service = "INCIDENT_LISTENER"
    port = f"{service}_PORT_8080_TCP"
    links = ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP_LISTENER", "PORT"]
    given += [f"{service}_{link}" for link in links]
    given += [port, *(f"{port}_{part}" for part in ("PROTO", "PORT", "ADDR")), TOKEN_VARIABLE]
    for name in given:
        monkeypatch.setenv(name, "x")
    assert len(given) > 20 and strangers() == ""


@pytest.mark.parametrize(
    "module", ["agent.cli", "argparse", "agent.settings", "agent.run", "agent.team.workflow"]
)
def test_an_interrupt_in_the_middle_of_the_imports_is_told_in_one_line(module: str, tmp_path: Path) -> None:
    program = f"""
import sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.modules.pop({module!r}, None)
sys.meta_path.insert(0, Interrupted())
sys.argv = ["incident-agent", "investigate", {WATCHDOG!r}]
from agent.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "incident-agent: interrupted\n")


def test_how_a_verdict_came_about_is_imported_by_who_asks_for_it() -> None:
    program = f"""
import sys
from agent.cli import run
assert run(["investigate", {WATCHDOG!r}, *sys.argv[1:]]) == 0
print("agent.verdict.why" in sys.modules)
"""
    for options, expected in (([], "False"), (["--why"], "True")):
        done = subprocess.run(
            [sys.executable, "-c", program, *options], capture_output=True, text=True, cwd=ROOT, check=True
        )
        assert done.stdout.splitlines()[-1] == expected
