"""The walls between the parts: who may import what."""

import ast
from pathlib import Path

import pytest

AGENT = Path(__file__).parent.parent / "agent"
FILES = sorted(AGENT.rglob("*.py"))


def _imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _place(file: Path) -> str:
    return str(file.relative_to(AGENT))


@pytest.mark.parametrize("file", FILES, ids=_place)
def test_only_the_team_and_its_models_import_autogen(file: Path) -> None:
    if _place(file) in ("agents.py", "workflow.py", "fallback.py") or _place(file).startswith("models/"):
        return
    assert not {name for name in _imports(file) if name.startswith("autogen")}


@pytest.mark.parametrize("file", FILES, ids=_place)
def test_only_evidence_talks_to_a_cluster_or_a_network(file: Path) -> None:
    talkers = ("kubernetes", "urllib.request", "http.client", "requests", "aiohttp", "socket")
    if not _place(file).startswith(("evidence/", "models/", "tekton/notify.py")):
        assert not {name for name in _imports(file) if name.split(".")[0] in talkers or name in talkers}


@pytest.mark.parametrize("file", [f for f in FILES if _place(f).startswith("diagnosis/")], ids=_place)
def test_diagnosis_does_no_input_or_output(file: Path) -> None:
    doers = (
        "os",
        "subprocess",
        "pathlib",
        "asyncio",
        "urllib.request",
        "tempfile",
        "shutil",
        "agent.evidence.cluster",
    )
    assert not _imports(file) & set(doers)
    tree = ast.walk(ast.parse(file.read_text()))
    calls = {node.func.id for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"open", "print", "exec", "eval"}


BUILDERS = {"kubectl": 1, "on": 1}
"""Functions that build commands, with the place of their first argument that is text of the command."""


@pytest.mark.parametrize("file", [f for f in FILES if _place(f).startswith("diagnosis/")], ids=_place)
def test_the_text_of_a_command_is_constant_and_only_one_module_makes_commands(file: Path) -> None:
    """What evidence gives enters a command through a slot, which checks it, and never as its text."""
    if _place(file) in ("diagnosis/command.py", "diagnosis/advice.py"):
        return
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        assert node.func.id not in ("Command", "Withheld")
        for text in node.args[BUILDERS.get(node.func.id, len(node.args)) :]:
            assert _is_constant(text, tree), ast.unparse(node)


def _is_constant(text: ast.expr, tree: ast.Module) -> bool:
    """Whether an expression is a literal, a choice of literals, or a name that is only ever given such."""
    if isinstance(text, ast.IfExp):
        return _is_constant(text.body, tree) and _is_constant(text.orelse, tree)
    if not isinstance(text, ast.Name):
        return isinstance(text, ast.Constant)
    given = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == text.id for t in node.targets)
    ]
    return bool(given) and all(_is_constant(value, tree) for value in given)
