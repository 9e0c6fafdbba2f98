"""Nobody pays for a client that is not used, and who lacks it is told how to get it."""

import os
import subprocess
import sys

from tests.team.runs import SAMPLE

RUN = ["investigate", str(SAMPLE / "alert.txt"), "--replay", str(SAMPLE / "recording"), "--format", "json"]
IMPORTS = "import sys; from agent.cli import run; run({arguments}); print(*sys.modules, file=sys.stderr)"
LACKING = "import sys; sys.modules['openai'] = None; from agent.cli import run; sys.exit(run({arguments}))"


def _python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    return subprocess.run(
        [sys.executable, "-c", program.format(arguments=list(arguments))],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip


def test_the_rules_import_no_client_of_language_models() -> None:
    done = _python(IMPORTS, *RUN)
    assert done.returncode == 0, done.stderr
    modules = set(done.stderr.split())
    assert "autogen_agentchat" in modules
    assert not modules & {"openai", "autogen_ext", "tiktoken", "agent.team.models.openai"}


def test_without_the_client_one_line_says_what_to_install() -> None:
    done = _python(
        LACKING, *RUN, "--model", "openai:m", "--model-url", "http://127.0.0.1:1", "--max-usd", "0"
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "pip install 'incident-agent[openai]'" in done.stderr and "EXTRA=openai" in done.stderr
