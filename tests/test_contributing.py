"""The worked example of CONTRIBUTING.md: drafted and filled in, it gives the verdict that it promises."""

import json
import re
from pathlib import Path

from agent.evidence.recording import write_recording
from e2e.score.recorded import keep
from tests.diagnosis.objects import pod
from tests.diagnosis.world import NOW, World, collected
from tests.new_cause.draft import unwritten
from tests.tree import ROOT, Tree

ENTRY = "agent/diagnosis/causes/workload.yaml"
TEST = "tests/diagnosis/test_pod_frozen.py"
SCENARIO = "e2e/scenarios/workload-pod-frozen"
ALERT = {"labels": {"alertname": "KubePodNotReady", "namespace": "shop", "pod": "vault-0"}}


def _block(language: str, before: str) -> str:
    """The first block of a language behind some words."""
    text = (ROOT / "CONTRIBUTING.md").read_text().partition(before)[2]
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found, before
    return found[1]


def _fill_in(tree: Tree) -> None:
    """Put what CONTRIBUTING.md shows into the places of the draft."""
    entry = tree.place / ENTRY
    draft = entry.read_text().index("pod-frozen:")
    entry.write_text(entry.read_text()[:draft] + _block("yaml", "The entry is at the end of"))
    parts = {
        TEST: ("python", "The test, "),
        "agent/diagnosis/rules/workload/pod_frozen.py": ("python", "The rule is"),
        f"{SCENARIO}/expect.yaml": ("yaml", "The scenario is a folder"),
    }
    for place, (language, before) in parts.items():
        assert (tree.place / place).exists(), "the draft has it elsewhere"
        (tree.place / place).write_text(_block(language, before))


def _record(place: Path) -> None:
    """Keep a recording as a live run of the example would."""
    frozen = pod("vault-0", ready=False)
    frozen["metadata"]["labels"]["example.com/frozen"] = "true"
    taken = place / "taken.tar.gz"
    write_recording(taken, collected(World().add(frozen), "get Pod shop/vault-0"), recorded_at=NOW)
    keep(taken, place / "recording.tar.gz", alert=json.dumps(ALERT), namespace="shop")
    taken.unlink()


def _show(tree: Tree) -> None:
    """Have the page of causes name the two tests of the example: they are held to it."""
    names = re.findall(r"^def (test_\w+)", (tree.place / TEST).read_text(), re.MULTILINE)
    cells = " | ".join(f"`{TEST}::{name}`" for name in names)
    with (tree.place / "docs/causes-and-tests.md").open("a") as page:
        page.write(f"| pod-frozen | {cells} |\n")


def test_the_draft_filled_in_with_the_worked_example_gives_its_verdict(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    make, *words = _block("console", "nobody\nnotices it.").removeprefix("$ make ").split()
    assert make == "new-cause"
    made = tree.python("-m", "tests.new_cause", *(word.partition("=")[2] for word in words))
    assert made.returncode == 0, made.stderr

    _fill_in(tree)
    _show(tree)
    _record(tree.place / SCENARIO)
    done = tree.test(TEST, "tests/scenarios/test_replays.py")
    assert "3 passed" in done.stdout, done.stdout
    assert {line.partition(":")[0] for line in unwritten(tree.place)} == {
        f"{SCENARIO}/manifest.yaml",
        f"{SCENARIO}/alert.json",
    }
    for command in ("check", "format --check"):
        style = tree.python("-m", "ruff", *command.split(), "--no-cache", "agent/diagnosis/rules", TEST)
        assert style.returncode == 0, style.stdout
