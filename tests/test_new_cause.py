"""`make new-cause`: a draft that is refused, or complete, and that fails until it is written."""

from pathlib import Path

import pytest

from agent.evidence.kinds import RESOURCES
from e2e.score.scenario import load
from tests.new_cause.draft import Draft, unwritten
from tests.tree import ROOT, Tree


def drafted(name: str = "pod-frozen", family: str = "workload", kind: str = "Pod") -> Draft:
    return Draft(name, family, kind)


def test_nothing_of_a_draft_is_left_unwritten() -> None:
    assert unwritten(ROOT) == []


def test_a_draft_that_nothing_speaks_against_is_not_refused() -> None:
    assert drafted().refusal() == ""


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (drafted(""), "'' is no name of a cause; expected at most 40 lower-case letters"),
        (drafted("Pod_Frozen"), "'Pod_Frozen' is no name of a cause; expected"),
        (drafted("pod--frozen"), "'pod--frozen' is no name of a cause; expected"),
        (drafted("../frozen"), "'../frozen' is no name of a cause; expected"),
        (drafted("pod-frozen\n"), "'pod-frozen\\n' is no name of a cause; expected"),
        (drafted("a" * 41), f"'{'a' * 41}' is no name of a cause; expected"),
        (drafted("on"), "'on' is no name of a cause: it means something in Python or in YAML"),
        (drafted("import"), "'import' is no name of a cause: it means something in Python or in YAML"),
        (
            drafted("oom-killed"),
            "the cause oom-killed is there already, in agent/diagnosis/causes/crash.yaml",
        ),
        (drafted(family="weather"), "'weather' is no family; expected one of admission, autoscaling,"),
        (drafted(kind="Cloud"), "'Cloud' is no kind that can be read; expected one of APIService,"),
        (drafted("deployments"), "agent/diagnosis/rules/workload/deployments.py is there already"),
        (drafted("storage", "image"), "agent/diagnosis/rules/storage is there already"),
        (drafted("images", "image"), "tests/diagnosis/test_images.py is there already"),
        (drafted("quota-full"), "e2e/scenarios/workload-quota-full is there already"),
    ],
)
def test_what_cannot_be_drafted_is_refused_in_one_line(draft: Draft, words: str) -> None:
    assert draft.refusal().startswith(words)
    assert "\n" not in draft.refusal()


@pytest.mark.parametrize("kind", RESOURCES)
def test_the_tests_of_a_draft_fail_and_say_what_to_do(kind: str) -> None:
    names: dict[str, object] = {}
    exec(drafted(kind=kind).test_text(), names)
    tests = [test for name, test in names.items() if name.startswith("test_") and callable(test)]
    assert len(tests) == 2
    for test in tests:
        with pytest.raises(AssertionError, match=r"^TODO: give the world what"):
            test()


def test_a_draft_goes_into_the_folder_of_its_family_or_beside_its_file() -> None:
    assert drafted(family="workload").rule == ROOT / "agent/diagnosis/rules/workload/pod_frozen.py"
    assert drafted(family="image").rule == ROOT / "agent/diagnosis/rules/pod_frozen.py"


def test_a_draft_is_made_once_and_makes_no_other_test_fail(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    before = tree.files()
    made = tree.python("-m", "tests.new_cause", "pod-frozen", "workload", "Pod")
    assert made.returncode == 0, made.stderr
    after = tree.files()
    new = {
        "agent/diagnosis/rules/workload/pod_frozen.py",
        "tests/diagnosis/test_pod_frozen.py",
        *(
            f"e2e/scenarios/workload-pod-frozen/{name}"
            for name in ("manifest.yaml", "alert.json", "expect.yaml")
        ),
    }
    changed = {place for place in after if after[place] != before.get(place)}
    assert changed == {*new, "agent/diagnosis/causes/workload.yaml"}
    assert {line.partition(":")[0] for line in unwritten(tree.place)} == changed
    assert load(tree.place / "e2e/scenarios/workload-pod-frozen").causes == ("pod-frozen",)
    steps = [line.partition(" ")[0] for line in made.stdout.splitlines() if line[0].isdigit()]
    assert steps == ["1.", "2.", "3.", "4.", "5."]
    style = tree.python(
        "-m", "ruff", "check", "--no-cache", *(place for place in new if place.endswith(".py"))
    )
    assert style.returncode == 0, style.stdout
    run = tree.test("tests/diagnosis/test_pod_frozen.py", "tests/diagnosis/test_workloads.py")
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert [line.partition(" - ")[0].partition("::")[2] for line in failed] == [
        "test_it_is_pod_frozen",
        "test_it_only_looks_like_pod_frozen",
    ]

    again = tree.python("-m", "tests.new_cause", "pod-frozen", "workload", "Pod")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "the cause pod-frozen is there already, in agent/diagnosis/causes/workload.yaml\n"
    assert tree.files() == after
