"""The vocabulary of causes: what an entry must say, and what it may name."""

from pathlib import Path

import pytest

from agent.diagnosis import causes as vocabulary
from agent.diagnosis.causes import causes

GOOD = "{title: Leak, meaning: It drips., shows: It is wet., remedy: Mend it.}"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a": f"leak: {GOOD}", "b": f"leak: {GOOD}"}, "cause 'leak' is in both a.yaml and b.yaml"),
        ({"a": "leak: {title: Leak, remedy: 3}"}, "cause 'leak' of a.yaml lacks meaning, shows, remedy"),
        ({"a": "leak: {title: X, meaning: '', shows: X, remedy: X}"}, "cause 'leak' of a.yaml lacks meaning"),
        ({"a": f"leak: {GOOD[:-1]}, explain: [x], x: y}}"}, "cause 'leak' of a.yaml has unknown keys: explain, x"),
        (
            {"a": f"leak: {GOOD.replace('Leak', 'A leak')}"},
            "cause 'leak' of a.yaml: the title must be a noun phrase that begins with a capital letter and no article",
        ),
        ({"a": f"leak: {GOOD[:-1]}, explains: [leak, b/*]}}"}, "cause 'leak' names causes that do not exist: b/*"),
        ({"a": f"leak: {GOOD[:-1]}, confused_with: [x]}}"}, "cause 'leak' names causes that do not exist: x"),
    ],
)  # fmt: skip
def test_an_entry_that_is_no_cause_is_refused(
    files: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.setattr(vocabulary.resources, "files", lambda package: tmp_path)
    with pytest.raises(ValueError) as refused:
        causes.__wrapped__()
    assert str(refused.value) == words


def test_a_cause_explains_what_it_names_and_families_it_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(
        f"leak: {GOOD[:-1]}, explains: [damp, b/*]}}\ndamp: {GOOD}\ndust: {GOOD}"
    )
    (tmp_path / "b.yaml").write_text(f"flood: {GOOD[:-1]}, symptom: true}}")
    monkeypatch.setattr(vocabulary.resources, "files", lambda package: tmp_path)
    known = causes.__wrapped__()
    assert [id for id, each in known.items() if known["leak"].does_explain(each)] == ["damp", "flood"]
    assert [id for id, each in known.items() if each.symptom] == ["flood"]
    assert {id: each.family for id, each in known.items()} == {
        "leak": "a",
        "damp": "a",
        "dust": "a",
        "flood": "b",
    }
