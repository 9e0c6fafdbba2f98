"""Commands are built of checked words: a value fills its slot or there is no command."""

import ast
import shlex
from pathlib import Path

import pytest

from agent.diagnosis.command import Command, Withheld, kubectl, sequence
from agent.diagnosis.finding import Recommendation
from agent.ref import Ref

DIAGNOSIS = Path(__file__).parents[2] / "agent" / "diagnosis"
WEB = Ref("Deployment", "shop", "web")


def test_a_command_is_its_words_and_reads_as_a_shell_takes_it() -> None:
    command = kubectl("shop", "set env {object} -c {container} {variable}=<value>",
                      object=WEB, container="web", variable="DB_URL")  # fmt: skip
    words = ("kubectl", "-n", "shop", "set", "env", "deployment/web", "-c", "web", "DB_URL=<value>")
    assert command == Command((words,))
    assert str(command) == "kubectl -n shop set env deployment/web -c web 'DB_URL=<value>'"
    assert shlex.split(str(command)) == list(words)


def test_a_sequence_goes_on_as_long_as_its_commands_succeed() -> None:
    both = sequence(kubectl(None, "get nodes"), kubectl("shop", "get pods"))
    assert str(both) == "kubectl get nodes && kubectl -n shop get pods"


def test_a_sequence_is_withheld_with_its_first_part_that_is() -> None:
    assert isinstance(sequence(kubectl(None, "get nodes"), kubectl("$(id)", "get pods")), Withheld)


def test_a_patch_is_json_in_one_word() -> None:
    command = kubectl("shop", "patch {object} -p {patch}", object=WEB, patch={"spec": {"replicas": 2}})
    assert isinstance(command, Command) and command.calls[0][-1] == '{"spec":{"replicas":2}}'
    assert str(command).endswith("""-p '{"spec":{"replicas":2}}'""")


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("name", "web;id"),
        ("name", "--kubeconfig=/tmp/x"),
        ("name", "-web"),
        ("name", "web -A"),
        ("name", "web\n"),
        ("name", "wéb"),
        ("name", ""),
        ("name", None),
        ("name", "w" * 254),
        ("container", "web.main"),
        ("role", "../admin"),
        ("role", "--all"),
        ("verb", "*"),
        ("verb", "impersonate"),
        ("resource", "pods;id"),
        ("variable", "A=B"),
        ("variable", "-A"),
        ("variable", "A-"),
        ("measure", "nvidia.com/gpu"),
        ("amount", "1;id"),
        ("amount", "-1"),
        ("amount", "\u0663Mi"),
        ("count", "3"),
        ("count", -1),
        ("count", True),
        ("key", "app-"),
        ("value", "a,b"),
        ("selector", {}),
        ("selector", {"app": "a,evil=b"}),
        ("selector", {"matchLabels": {"app": ["a"]}}),
        ("selector", {"matchExpressions": [{"key": "a", "operator": "In", "values": ["$(id)"]}]}),
        ("patch", {"a": "'; id; '"}),
        ("object", Ref("Deployment", "shop", "$(id)")),
        ("object", Ref("Deployment;id", "shop", "web")),
        ("object", Ref("Deployment", "", "web")),
        ("object", Ref("Node", "shop", "n1")),
        ("object", "deployment/web"),
    ],
)
def test_a_value_that_breaks_the_rule_of_its_slot_withholds_the_command(slot: str, value: object) -> None:
    withheld = kubectl("shop", f"get {{{slot}}}", **{slot: value})
    assert isinstance(withheld, Withheld) and str(withheld) == ""
    assert withheld.why == f"the {slot} in the evidence is not valid in a command"


@pytest.mark.parametrize("namespace", ["", "shop;id", "-A"])
def test_a_namespace_that_is_none_withholds_the_command(namespace: str) -> None:
    assert isinstance(kubectl(namespace, "get pods"), Withheld)


def test_a_selector_of_labels_and_rules_is_one_word() -> None:
    selector = {
        "matchLabels": {"app.kubernetes.io/name": "web"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}],
    }
    command = kubectl("shop", "get pods -l {selector}", selector=selector)
    assert isinstance(command, Command) and command.calls[0][-1] == "app.kubernetes.io/name=web,tier in (a,b)"


def test_a_recommendation_says_that_its_command_is_left_out() -> None:
    hostile = kubectl("shop", "get {name}", name="$(id)")
    advice = Recommendation("looking", "Look at it.", hostile, "none", hostile)
    assert advice.told == (
        "Look at it. No command is given: the name in the evidence is not valid in a command."
    )


BUILDERS = {"kubectl": 1, "on": 1}
"""Functions that build commands, with the place of their first argument that is text of the command."""


@pytest.mark.parametrize("file", sorted(DIAGNOSIS.rglob("*.py")), ids=lambda f: str(f.relative_to(DIAGNOSIS)))
def test_the_text_of_a_command_is_constant_and_only_one_module_makes_commands(file: Path) -> None:
    """What evidence gives enters a command through a slot, which checks it, and never as its text."""
    if file.name in ("command.py", "advice.py"):
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
