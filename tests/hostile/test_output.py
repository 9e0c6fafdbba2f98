"""Output: no untrusted word steers a terminal, makes a link, calls a person, or stands where the report speaks."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import BaseModel

from agent.line import printable
from agent.tekton.notify import spoken
from agent.tekton.results import tekton_results
from agent.verdict.output import as_json
from agent.verdict.report import BANNER, markdown, text
from agent.verdict.result import Result
from tests.verdict.test_report import result

# As GitHub renders: CommonMark with tables, strikethrough, and addresses made links wherever they stand.
GFM = MarkdownIt("commonmark", {"linkify": True}).enable(["table", "strikethrough", "linkify"])
# What forges make of the text outside of code after it is rendered.
ALIVE = re.compile(
    r"https?://|www\.|\S@\S|(?<!\w)@\w|#\d|\b[A-Z]{2,}-\d|\b(?=\w*\d)[0-9a-f]{7,40}\b|(?<!\w)[!$%~&]\w|:\w+:",
    re.IGNORECASE,
)
PAYLOADS = [
    "http://evil.example/x", "https://evil.example", "www.evil.example", "evil.example", "a@evil.example",
    "@team", "@here", "#123", "owner/repo#1", "GH-1", "JIRA-77", "deadbeef1", "0123456", "!12", "$12",
    "~label", "%1", "&1", ":bomb:", "[x](http://evil.example)", "![x](http://evil.example/i.png)",
    "<img src=x onerror=alert(1)>", "<!-- -->", "<http://evil.example>", "[x]: http://evil.example",
    "[x][x]", "`", "```", "~~~", "``` sh", "\\`", "|", "|-|-|", "---", "===", "# x", "> x", "- x", "* x",
    "1. x", "1) x", "+ x", "**x**", "_x_", "~~x~~", "<b>", "&lt;b&gt;", "&#60;b&#62;", "\\", "\\\\", "(",
    ")", "(http://evil.example)", "\n\n# x", "\r\n- x", "\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\u202e",
    "\u2066", "\U000e0041", "\u200b", "\u2028", "\x85", "\0", BANNER, f"\n{BANNER}\nAlert: x", "Alert: x",
    "<!channel>", "<http://evil.example|bank>", "mailto:a@evil.example", "ftp://evil.example",
]  # fmt: skip
WORDS = st.lists(
    st.sampled_from(PAYLOADS) | st.text(max_size=6) | st.sampled_from(["Pod", "is", "a"]), max_size=8
)
TEXTS = st.tuples(WORDS, st.sampled_from([" ", "", "\n", ", "])).map(lambda drawn: drawn[1].join(drawn[0]))


def filled(part: Any, words: str) -> Any:
    """A copy of a part of a result in which every text that is free says `words`."""
    if isinstance(part, BaseModel):
        closed = {"outcome", "kind"} & set(type(part).model_fields)
        return type(part).model_construct(
            **{name: value if name in closed else filled(value, words)
               for name, value in ((name, getattr(part, name)) for name in type(part).model_fields)}
        )  # fmt: skip
    if isinstance(part, list):
        return [filled(each, words) for each in part]
    if isinstance(part, dict):
        return {words: words}
    return words if isinstance(part, str) else part


def hostile(words: str, **closed: Any) -> Result:
    full = result()
    full.usage.model = full.run_id = full.incident_id = words
    return filled(full, words).model_copy(update=closed)


def rendered(page: str) -> Iterator[tuple[str, str]]:
    """Type and content of every block and inline token of a page."""
    for token in GFM.parse(page):
        yield token.type, token.content if not token.children else ""
        for child in token.children or []:
            yield child.type, child.content


@settings(max_examples=60)
@given(TEXTS)
def test_no_word_of_a_result_comes_alive_in_markdown(words: str) -> None:
    blocks = ("heading", "paragraph", "strong", "bullet_list", "ordered_list", "list_item")
    allowed = {f"{block}_{end}" for block in blocks for end in ("open", "close")}
    allowed |= {"inline", "text", "code_inline", "softbreak", "hr"}
    for page in (markdown(hostile(words)), markdown(hostile(words, cause=None, outcome="inconclusive"))):
        tokens = list(rendered(page))
        assert {kind for kind, _ in tokens} <= allowed
        prose = [content for kind, content in tokens if kind == "text"]
        assert [found for content in prose if (found := ALIVE.search(content))] == []


@settings(max_examples=60)
@given(TEXTS)
def test_the_structure_of_markdown_is_the_same_whatever_the_words_are(words: str) -> None:
    def structure(page: str) -> list[str]:
        shown = {"inline", "text", "code_inline", "softbreak"}
        return [token.type for token in GFM.parse(page) if token.type not in shown]

    if printable(words):
        assert structure(markdown(hostile(words))) == structure(markdown(hostile("plain")))


@settings(max_examples=60)
@given(TEXTS)
def test_a_report_for_a_terminal_is_printable_and_only_its_own_block_stands_at_the_margin(words: str) -> None:
    report = text(hostile(words), stored=True)
    assert all(c.isprintable() or c == "\n" for c in report)
    lines = report.splitlines()
    assert lines.index(BANNER) == len(lines) - 4
    assert [n for n, line in enumerate(lines) if line.startswith("Alert: ")] == [len(lines) - 3]


@settings(max_examples=60)
@given(TEXTS)
def test_json_is_ascii_and_says_the_same(words: str) -> None:
    words = words.encode("utf-8", "replace").decode()
    said = as_json(hostile(words))
    assert said.isascii()
    assert all(c.isprintable() or c == "\n" for c in said)
    assert json.loads(said)["summary"] == words
    assert json.loads(as_json(hostile(words), hostile(words)))[1]["summary"] == words


@settings(max_examples=60)
@given(TEXTS)
def test_results_of_tekton_are_printable_lines(words: str) -> None:
    values = tekton_results([hostile(words)])
    assert all(value.isprintable() and "$(" not in value for value in values.values())


@settings(max_examples=60)
@given(TEXTS)
def test_a_chat_is_told_one_code_span_without_entities_of_its_own(words: str) -> None:
    said = spoken(words)
    assert said[0] == said[-1] == "`" and "`" not in said[1:-1]
    assert said.isprintable()
    assert not re.search(r"[<>]|&(?!(?:amp|lt|gt);)", said)


@pytest.mark.parametrize("seen", ["\u3164", "\ufe0f", "\U000e0100", "\u034f", "\u200d", "\u00ad", "\x7f"])
def test_what_is_not_seen_is_not_there(seen: str) -> None:
    assert printable(f"a{seen}b") == "a b"


def test_letters_of_every_script_stay() -> None:
    words = "Größe \u043f\u043e\u0434 \u30dd\u30c3\u30c9 \u0645\u062b\u0627\u0644 e\u0301"
    assert printable(words) == words


def test_markdown_reads_well_where_words_are_plain() -> None:
    said = "Container main of Pod bank/desk-0 ran out of memory (limit 128Mi), 3 times: it's well-known."
    assert (
        "Container main of Pod `bank/desk-0` ran out of memory \\(limit 128Mi\\), 3 times: it's well-known."
        in markdown(result(said))
    )
