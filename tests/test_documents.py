"""Documents stay true: what is generated is current, what is a command works."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import run
from tests import documents

_CONSOLE = re.compile(r"<!-- tested -->\n```console\n(.*?)```", re.DOTALL)


def _place(document: Path) -> str:
    return str(document.relative_to(documents.ROOT))


def _commands() -> list[str]:
    """The commands of all blocks marked as tested, each once."""
    blocks = [block for document in documents.DOCUMENTS for block in _CONSOLE.findall(document.read_text())]
    text = "\n".join(blocks).replace("\\\n", " ")
    lines = [line[2:].partition("  # ")[0].strip() for line in text.splitlines() if line.startswith("$ ")]
    return list(dict.fromkeys(lines))


@pytest.mark.parametrize("document", documents.DOCUMENTS, ids=_place)
def test_what_a_document_takes_from_the_code_is_current(document: Path) -> None:
    assert document.read_text() == documents.generated(document), "run `make docs`"


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(documents.README.read_bytes()) <= 8 << 10


def test_the_page_of_causes_is_current() -> None:
    assert documents.CAUSES.read_text() == documents.causes_page(), "run `make docs`"


@pytest.mark.parametrize("command", _commands())
def test_a_command_of_the_documents_works(command: str, tmp_path: Path) -> None:
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


def test_the_verdict_that_documents_show_is_the_one_that_make_run_ends_with(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sample = documents.ROOT / "agent/samples/high-cpu-traffic"
    assert run(["investigate", str(sample / "alert.txt"), "--replay", str(sample / "recording")]) == 0
    verdict = "\n".join(capfd.readouterr().out.splitlines()[-4:])
    assert [doc.name for doc in documents.DOCUMENTS if verdict in doc.read_text()] == [
        "README.md",
        "install.md",
    ]


def test_the_help_of_make_fits_a_terminal_and_has_every_target() -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=documents.ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    targets = re.findall(r"^([a-z0-9-]+):(?!=)", (documents.ROOT / "Makefile").read_text(), re.MULTILINE)
    unsaid = [target for target in targets if f"make {target} " not in shown]
    assert unsaid == ["lint"]  # the old name of check


_LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]+))?\)")
OTHERS = ("CONTRIBUTING.md", "SECURITY.md", "tekton/README.md", "e2e/README.md")
PAGES = [*documents.DOCUMENTS, *(documents.ROOT / name for name in OTHERS)]


def _anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get: lower case, dashes for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_place)
def test_links_lead_somewhere(page: Path) -> None:
    links = [(path, anchor) for path, anchor in _LINK.findall(page.read_text()) if "://" not in path]
    lost = []
    for path, anchor in links:
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(f"{path}#{anchor}")
    assert lost == []
