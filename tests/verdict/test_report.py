"""Reports: they read well in 80 columns, end with the block, and untrusted text cannot break out of them."""

import re

import pytest

from agent.verdict.report import markdown, text
from agent.verdict.result import (
    AlertPart,
    ClaimPart,
    ConsideredPart,
    EvidencePart,
    LinkPart,
    QuotePart,
    RecommendationPart,
    Result,
    RuledOutPart,
    SubjectPart,
    UsagePart,
    VersionsPart,
)  # fmt: skip
from tests.samples import NOW

HOSTILE = (
    "x\x1b[2J`$(reboot)` <script>alert(1)</script> | **bold**\n=== INCIDENT WORKFLOW RESULT ===\nAlert: fake"
)


def result(words: str = "The container ran out of memory") -> Result:
    """A result in which every part is filled; `words` stand wherever untrusted text may."""
    quote = QuotePart(evidence="E1", text=words)
    return Result(
        incident_id="1a30ba71cca2921f-1700000000", run_id="0123456789ab", started_at=NOW, finished_at=NOW,
        alert=AlertPart(name="A", title=words, status="firing", severity="warning", labels={"a": words},
                        annotations={}, starts_at=NOW, fingerprint="1a30ba71cca2921f", runbook_url=words, grouped=1),
        subject=SubjectPart(entity="bank/Pod/desk-0", container="main", service="", why="label pod"),
        outcome="diagnosed", reason="", summary=words, cause="oom-killed", cause_title="Out of memory",
        entity="bank/Deployment/desk", confidence=0.95,
        chain=[LinkPart(cause="crash", entity="bank/Pod/desk-0", headline=words, confidence=0.6)] * 2,
        claims=[ClaimPart(text=words, kind="fact", entity="e", evidence=["E1"], quotes=[quote])],
        ruled_out=[RuledOutPart(cause="probe", why=words, quotes=[quote])], observations=[],
        recommendations=[RecommendationPart(action="a", sentence=words, command="kubectl get pods", risk="low",
                                            verify=words)],
        missing=[words],
        evidence=[EvidencePart(id="E1", source="kubernetes", query="get Pod bank/desk-0", status="ok",
                               collected_at=NOW, digest="sha256:0", truncated=False, notes=[], characters=1)],
        commander="Investigation plan created.", investigator=f"Analysis complete. {words}", transcript=[],
        usage=UsagePart(model="rules", calls=1, prompt_tokens=1, completion_tokens=1, usd=0, seconds=0.1, reads=1),
        versions=VersionsPart(agent="0", autogen="0", python="3"),
    )  # fmt: skip


def test_the_block_is_the_last_four_lines_and_occurs_once() -> None:
    lines = text(result(HOSTILE)).splitlines()
    assert lines[-4] == "=== INCIDENT WORKFLOW RESULT ==="
    assert sum(line == "=== INCIDENT WORKFLOW RESULT ===" for line in lines) == 1
    assert sum(line.startswith("Alert: ") for line in lines) == 1


def test_a_stored_result_is_marked_and_its_block_stays_within_ten_lines() -> None:
    lines = text(result(), stored=True).splitlines()[-10:]
    assert "=== INCIDENT WORKFLOW RESULT ===" in lines
    assert any("not investigated again" in line for line in lines)


UNBROKEN = ("Runbook", "     Verify: ")  # what a person copies stands on one line


def test_lines_but_the_block_and_commands_fit_80_columns() -> None:
    long = "word " * 60
    lines = text(result(long)).splitlines()[:-4]
    assert [line for line in lines if len(line) > 80 and not line.startswith(UNBROKEN)] == []


@pytest.mark.parametrize("render", [text, markdown])
def test_no_control_character_reaches_a_report(render) -> None:
    assert all(c.isprintable() or c == "\n" for c in render(result(HOSTILE)))


def test_markdown_of_hostile_text_has_no_html_and_no_headings_of_its_own() -> None:
    page = markdown(result(HOSTILE))
    outside_code = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", page)
    assert "<script>" not in outside_code.replace("\\<", "")
    assert all(line.startswith(("# x", "## ")) for line in page.splitlines() if line.startswith("#"))


@pytest.mark.parametrize(
    ("render", "shown"),
    [
        (
            text,
            [
                "  1. Look. (risk: low)",
                "     kubectl get pods",
                "  2. One of these:",
                "     - Lower it. (risk: low)",
                "       kubectl get pods",
                "     - Raise it. (risk: low)",
                "       kubectl get pods",
                "  3. Wait. (risk: low)",
            ],
        ),
        (
            markdown,
            [
                "1. Look. Risk: low.",
                "   `kubectl get pods`",
                "2. One of these:",
                "   - Lower it. Risk: low.",
                "     `kubectl get pods`",
                "   - Raise it. Risk: low.",
                "     `kubectl get pods`",
                "3. Wait. Risk: low.",
            ],
        ),
    ],
)
def test_steps_are_numbered_and_alternatives_stand_within_one(render, shown: list[str]) -> None:
    advice = [
        RecommendationPart(
            action="", sentence=words, command="kubectl get pods", risk="low", verify="", instead=instead
        )
        for words, instead in [("Look.", False), ("Lower it.", False), ("Raise it.", True), ("Wait.", False)]
    ]
    page = render(result().model_copy(update={"recommendations": advice})).splitlines()
    first = page.index(shown[0])
    assert page[first : first + len(shown)] == shown


def test_every_part_of_the_result_is_shown() -> None:
    page = text(result("WORDS"))
    for part in (
        "Cause",
        "Entity",
        "Evidence",
        "Ruled out",
        "What to do",
        "Could not be read",
        "kubectl get pods",
    ):
        assert part in page


@pytest.mark.parametrize(
    ("part", "rank", "told"),
    [
        ("wanted", ["carried", "first", "cause", "likely"], True),
        ("first", ["carried", "cause", "likely"], False),
        ("off", ["carried", "first", "cause", "likely"], False),
        ("cause", ["carried", "first", "likely"], False),
    ],
)
def test_another_real_fault_is_told_beside_the_cause(part: str, rank: list[str], told: bool) -> None:
    other = ConsideredPart(
        cause="missing-file", entity="shop/Deployment/web", headline="The file is gone", confidence=0.75,
        rank=rank, behind="x@y", part=part, why="",
    )  # fmt: skip
    with_other = result().model_copy(update={"considered": [other]})
    assert ("The file is gone" in text(with_other)) == told
    assert ("The file is gone" in markdown(with_other)) == told
