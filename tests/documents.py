"""What documents take from the code: `python -m tests.documents` writes it, tests say whether it is current."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from agent.diagnosis.cause import REGISTRY, Cause
from agent.diagnosis.engine import load
from agent.settings import Settings, flag, variable
from e2e.score.scenario import Scenario, load_recorded

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
CAUSES = ROOT / "agent" / "diagnosis" / "CAUSES.md"
_COMMAND = re.compile(r"(<!-- generated: (incident-agent [^>]*?) -->\n```text\n)(.*?)(```\n)", re.DOTALL)
_TABLE = re.compile(r"(<!-- generated: (settings|scenarios) -->\n)(?:\|.*\n)*")
_OF_THE_RUN = re.compile(r"run [0-9a-f]{12}|\d+\.\d\d s\b")


def generated(document: Path) -> str:
    """The text of a document, with what it marks as generated made anew."""
    text = _COMMAND.sub(lambda m: m[1] + _printed(m[2], m[3]) + m[4], document.read_text())
    return _TABLE.sub(lambda m: m[1] + "".join(f"{row}\n" for row in _TABLES[m[2]]()), text)


def _printed(command: str, shown: str) -> str:
    """What a command prints; as it is shown where only the run's id and its seconds differ."""
    done = subprocess.run(
        [sys.executable, "-m", "agent", *command.split()[1:]], capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "80"}, cwd=ROOT,
    )  # fmt: skip
    same = _OF_THE_RUN.sub("", done.stdout) == _OF_THE_RUN.sub("", shown)
    return shown if same else done.stdout


def _settings() -> Iterator[str]:
    """The table of all settings."""
    yield "| option | variable | default | what it is |"
    yield "|---|---|---|---|"
    for setting in fields(Settings):
        shown = "" if setting.default in ("", 0) else f"`{setting.default}`"
        choices = ", ".join(f"`{choice}`" for choice in setting.metadata["choices"])
        what = f"{setting.metadata['help']}{f': {choices}' if choices else ''}"
        value = setting.metadata["metavar"].replace("|", r"\|")
        yield f"| `{flag(setting.name)} {value}` | `{variable(setting.name)}` | {shown} | {what} |"


def _scenarios() -> Iterator[str]:
    """The table of all recorded scenarios by family."""
    recorded = load_recorded()
    yield "| family | scenarios | healthy, recovered or intended | with noise or a trap |"
    yield "|---|---|---|---|"
    for family in sorted({scenario.family for scenario in recorded}):
        yield _counted(family, [scenario for scenario in recorded if scenario.family == family])
    yield _counted("**all**", recorded)


def _counted(name: str, scenarios: list[Scenario]) -> str:
    healthy = sum(scenario.healthy for scenario in scenarios)
    hard = sum(bool({"noise", "trap"} & set(scenario.tags)) for scenario in scenarios)
    return f"| {name} | {len(scenarios)} | {healthy or ''} | {hard or ''} |"


_TABLES = {"settings": _settings, "scenarios": _scenarios}


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


def main() -> None:
    """Write the documents."""
    CAUSES.write_text(causes())
    for document in DOCUMENTS:
        document.write_text(generated(document))


if __name__ == "__main__":
    main()
