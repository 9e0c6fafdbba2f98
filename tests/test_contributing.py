"""The worked example of CONTRIBUTING.md: put in place, it gives the verdict that it promises."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROGRAM = """
from tests.diagnosis.objects import pod
from tests.diagnosis.world import World

alert = {"labels": {"alertname": "KubePodNotReady", "namespace": "shop", "pod": "vault-0"}}
frozen = pod("vault-0", ready=False)
frozen["metadata"]["labels"]["example.com/frozen"] = "true"
verdict, _ = World().add(frozen).investigate(alert)
print(verdict.root.id)
print(verdict.root.recommendations[0].command)
"""


def _block(language: str, before: str) -> str:
    """The first block of a language behind some words."""
    text = (ROOT / "CONTRIBUTING.md").read_text().partition(before)[2]
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found, before
    return found[1]


def test_the_worked_example_gives_its_verdict(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "agent", tmp_path / "agent", ignore=shutil.ignore_patterns("__pycache__", "samples")
    )
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "e2e").symlink_to(ROOT / "e2e")
    with (tmp_path / "agent/diagnosis/causes/workload.yaml").open("a") as file:
        file.write("\n" + _block("yaml", "The cause is an entry of"))
    (tmp_path / "agent/diagnosis/rules/workload/frozen.py").write_text(_block("python", "The rule is"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "pod-frozen@shop/Pod/vault-0",
        "kubectl -n shop label pod/vault-0 example.com/frozen-",
    ], done.stderr
