"""Documents stay true: what is generated is current, what is a command works."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from agent.diagnosis.cause import REGISTRY
from agent.diagnosis.engine import load
from tests import documents

_CONSOLE = re.compile(r"<!-- tested -->\n```console\n(.*?)```", re.DOTALL)


def _commands() -> list[str]:
    blocks = _CONSOLE.findall(documents.README.read_text())
    text = "\n".join(blocks).replace("\\\n", " ")
    return [line[2:].partition("  # ")[0].strip() for line in text.splitlines() if line.startswith("$ ")]


def test_the_help_in_the_readme_is_that_of_the_program() -> None:
    assert documents.README.read_text() == documents.readme(), "run `make docs`"


def test_the_page_of_causes_is_current() -> None:
    assert documents.CAUSES.read_text() == documents.causes(), "run `make docs`"


def test_causes_are_confused_only_with_causes_there_are() -> None:
    load()
    strays = {(c.id, other) for c in REGISTRY.values() for other in c.confused_with if other not in REGISTRY}
    assert strays == set()


@pytest.mark.parametrize("command", _commands())
def test_a_command_of_the_readme_works(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    if words[0] == "make":  # what the target does, without making the environment anew
        words = ["make", "-n", *words[1:]]
    script = " ".join(map(shlex.quote, words)).replace("'|'", "|").replace("'>'", ">")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin:/usr/local/bin"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=documents.ROOT, capture_output=True, text=True,
        env={"PATH": path, "HOME": str(tmp_path), "OUT": str(tmp_path)}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
