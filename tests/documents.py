"""What documents take from the code: `python -m tests.documents` writes it, tests say whether it is current."""

import os
import re
import subprocess
import sys
from pathlib import Path

from agent.diagnosis.cause import REGISTRY, Cause
from agent.diagnosis.engine import load

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CAUSES = ROOT / "agent" / "diagnosis" / "CAUSES.md"
_GENERATED = re.compile(r"(<!-- generated: (incident-agent [^>]*?) -->\n```text\n).*?(```\n)", re.DOTALL)


def readme() -> str:
    """README.md with the output of every command it marks as generated."""
    return _GENERATED.sub(lambda m: m[1] + _output(m[2]) + m[3], README.read_text())


def causes() -> str:
    """The page of all causes, from where they are declared."""
    load()
    known = sorted(REGISTRY.values(), key=lambda cause: (cause.family, cause.id))
    families = sorted({cause.family for cause in known})
    parts = [
        "# Causes\n\nThe closed vocabulary of verdicts, generated from the code by `make docs`. "
        "One of them in a terminal:\n`incident-agent explain CAUSE`.\n"
    ]
    for family in families:
        parts.append(f"\n## {family}\n")
        parts += [_section(cause) for cause in known if cause.family == family]
    return "".join(parts)


def _section(cause: Cause) -> str:
    lines = [f"\n### {cause.id}\n", f"{_sentence(cause.title)}{' *(a symptom)*' if cause.symptom else ''}\n"]
    for name, words in (("Meaning", cause.meaning), ("Shows", cause.shows), ("Remedy", cause.remedy)):
        lines.append(f"* {name}: {words}\n")
    if cause.confused_with:
        links = ", ".join(f"[{other}](#{other})" for other in cause.confused_with)
        lines.append(f"* Confused with: {links}\n")
    return "\n".join([lines[0], lines[1], "".join(lines[2:])])


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


def _output(command: str) -> str:
    words = command.split()
    shown = subprocess.run(
        [sys.executable, "-m", "agent", *words[1:]], capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "80"}, cwd=ROOT,
    )  # fmt: skip
    return shown.stdout


def main() -> None:
    """Write the documents."""
    CAUSES.write_text(causes())
    README.write_text(readme())


if __name__ == "__main__":
    main()
