"""Reports: text for terminals and logs, Markdown for people; renderings of the result, nothing computed twice."""

import re
import textwrap
from collections.abc import Iterator

from agent.line import printable
from agent.steps import steps
from agent.verdict.result import (
    ClaimPart,
    ConsideredPart,
    LeadPart,
    ObservationPart,
    QuotePart,
    RecommendationPart,
    Result,
    UsagePart,
)

WIDTH = 80
MOST_ALSO = 5
BANNER = "=== INCIDENT WORKFLOW RESULT ==="
# A token of prose: punctuation around a word of letters or a short number, which no commit looks like.
_PARTS = re.compile(r"([\"'(\[{]*)(.*?)([.,:;!?)\]}\"'%]*)")
_WORD = re.compile(
    r"(?![0-9a-fA-F]{7,}$)[^\W\d_]*(?:[-'\u2019][^\W\d_]+)*|\d{1,6}(?:[.,]\d{1,3})?[A-Za-z]{0,3}|[-=+/]"
)
_ACTIVE = re.compile(r"[!(){}\[\]]|(?<=\d)\.|^[-=+]$")
ONE_OF = "One of these:"
STORED = "(stored result of run {run_id}; not investigated again)"


def text(result: Result, *, stored: bool = False) -> str:
    """The report for a terminal or a log; it ends with the block of four lines."""
    lines = [*_head(result), *_statements(result), *_leads(result), *_advice(result), *_missing(result)]
    if stored:
        lines += [STORED.format(run_id=printable(result.run_id))]
    return "\n".join([*lines, *block(result)]) + "\n"


def block(result: Result) -> list[str]:
    """The four lines every run ends with."""
    return [
        BANNER,
        f"Alert: {printable(result.alert.title)}",
        f"Commander: {printable(result.commander)}",
        f"Investigator: {printable(result.investigator)}",
    ]


def _head(result: Result) -> Iterator[str]:
    sure = f" (confidence {result.confidence:.2f})" if result.cause else ""
    yield from _row("Incident", f"{result.incident_id}, run {result.run_id}")
    yield from _row("Alert", ": ".join(filter(None, (result.alert.name, result.alert.title))))
    yield from _row("Subject", f"{result.subject.entity or result.subject.service or 'none'}")
    yield from _row("Outcome", f"{result.outcome}{sure}")
    if result.cause:
        yield from _row("Cause", f"{result.cause} ({result.cause_title})")
        yield from _row("Entity", result.entity or "")
    if result.reason:
        yield from _row("Reason", result.reason)
    yield from _row("Cost", f"{result.usage.model}, {_used(result.usage)}")
    yield ""
    yield from wrapped(result.summary, "  ")  # only the block's own lines begin at the margin
    if len(result.chain) > 1:
        yield ""
        yield "How it happened, from the alert to the root"
        for depth, link in enumerate(result.chain):
            yield from wrapped(f"{link.headline} [{link.entity}]", "  " + "  " * depth + "-> ")
    yield ""


def _statements(result: Result) -> Iterator[str]:
    """The sections of sentences, each with its kind and the quotes that support it."""
    sections: dict[str, list[tuple[str, str, list[QuotePart]]]] = {
        "Evidence": [(claim.kind, claim.text, claim.quotes) for claim in result.claims],
        "Observed": [(seen.kind, seen.sentence, seen.quotes) for seen in _observed(result)],
        "Also found": [(also.cause, f"{also.headline} [{also.entity}]", []) for also in _also(result)],
        "Ruled out": [(excluded.cause, excluded.why, excluded.quotes) for excluded in result.ruled_out],
    }
    for title, statements in sections.items():
        if statements:
            yield title
            for lead, words, quotes in statements:
                yield from wrapped(words, f"  {printable(lead)}: ")
                for quote in quotes:
                    yield from wrapped(quote.text, f"      {printable(quote.evidence)} | ")
            yield ""


def _leads(result: Result) -> Iterator[str]:
    if result.leads:
        yield "Leads"
        for lead in result.leads:
            yield from wrapped(lead.sentence, f"  {printable(lead.kind)}: ")
            for quote in lead.quotes:
                yield from wrapped(quote.text, f"      {printable(quote.evidence)} | ")
            if lead.command:
                yield f"      {printable(lead.command)}"
        yield ""


def _advice(result: Result) -> Iterator[str]:
    if result.recommendations:
        yield "What to do"
        for number, step in enumerate(steps(result.recommendations), 1):
            if len(step) > 1:
                yield f"  {number}. {ONE_OF}"
            for way in step:
                yield from _way(way, f"  {number}. " if len(step) == 1 else "     - ")
        yield ""
    if result.alert.runbook_url:
        yield f"Runbook: {printable(result.alert.runbook_url)}"
        yield ""


def _way(way: RecommendationPart, prefix: str) -> Iterator[str]:
    """One way to do a step, after its number or, if there are several, its dash."""
    indent = " " * len(prefix)
    yield from wrapped(f"{way.sentence} (risk: {way.risk})", prefix)
    if way.command:
        yield f"{indent}{printable(way.command)}"
    if way.verify:
        yield f"{indent}Verify: {printable(way.verify)}"


def _missing(result: Result) -> Iterator[str]:
    if switched := _switched(result):
        yield "By configuration"
        for sentence in switched:
            yield from wrapped(sentence, "  - ")
        yield ""
    if result.missing:
        yield "Could not be read"
        for sentence in result.missing[:10]:
            yield from wrapped(sentence, "  - ")
        if len(result.missing) > 10:
            yield f"  - and {len(result.missing) - 10} more"
        yield ""


def _switched(result: Result) -> list[str]:
    """What would have been reported without the operator's switches."""
    return [f"{e.cause}@{e.entity}: {e.why}" for e in result.considered if e.part in ("off", "lowered")]


def _row(name: str, value: str) -> Iterator[str]:
    yield from wrapped(value, f"{name:<10}")


def wrapped(words: str, prefix: str) -> Iterator[str]:
    """Words as lines of the terminal's width, the first after a prefix, the others indented as far."""
    indent = " " * len(prefix)
    yield from textwrap.wrap(
        printable(words), WIDTH, initial_indent=prefix, subsequent_indent=indent, break_on_hyphens=False,
        break_long_words=False,
    ) or [prefix.rstrip()]  # fmt: skip


def markdown(result: Result) -> str:
    """The report as Markdown; every untrusted word is escaped or in a code span."""
    sure = (
        f": {_code(result.cause or '')} in {_code(result.entity or '')}, confidence {result.confidence:.2f}"
    )
    lines = [f"# {_escape(result.alert.title)}", ""]
    lines += [f"**{result.outcome}**{sure if result.cause else ''}", "", _escape(result.investigator), ""]
    lines += [f"Reason: {_escape(result.reason)}", ""] if result.reason else []
    for title, content in _sections(result):
        lines += [f"## {title}", "", *content, ""] if content else []
    run = f"Incident {_code(result.incident_id)}, run {_code(result.run_id)}"
    lines += ["---", f"{run}, model {_code(result.usage.model)}, {_code(_used(result.usage))}."]
    return "\n".join(lines) + "\n"


def _sections(result: Result) -> Iterator[tuple[str, list[str]]]:
    """Title and lines of each section in Markdown; without lines it is not shown."""
    links = result.chain if len(result.chain) > 1 else []
    way = [f"{n}. {_escape(link.headline)} ({_code(link.entity)})" for n, link in enumerate(links, 1)]
    yield "How it happened", way
    yield "Evidence", [line for claim in result.claims for line in _claimed(claim)]
    yield "Observed", [f"- {_escape(seen.kind)}: {_escape(seen.sentence)}" for seen in _observed(result)]
    also = [
        f"- {_code(each.cause)}: {_escape(each.headline)} ({_code(each.entity)})" for each in _also(result)
    ]
    yield "Also found", also
    yield (
        "Ruled out",
        [f"- {_code(excluded.cause)}: {_escape(excluded.why)}" for excluded in result.ruled_out],
    )
    yield "Leads", [line for lead in result.leads for line in _lead(lead)]
    plan = enumerate(steps(result.recommendations), 1)
    advice = [line for number, step in plan for line in _advised(number, step)]
    yield "What to do", advice
    yield "By configuration", [f"- {_code(sentence)}" for sentence in _switched(result)]
    yield "Could not be read", [f"- {_code(sentence)}" for sentence in result.missing]


def _claimed(claim: ClaimPart) -> Iterator[str]:
    yield f"- {claim.kind}: {_escape(claim.text)}"
    for quote in claim.quotes:
        yield f"  - {_escape(quote.evidence)}: {_code(quote.text)}"


def _lead(lead: LeadPart) -> Iterator[str]:
    yield f"- {_escape(lead.kind)}: {_escape(lead.sentence)}"
    for quote in lead.quotes:
        yield f"  - {_escape(quote.evidence)}: {_code(quote.text)}"
    if lead.command:
        yield f"  - {_code(lead.command)}"


def _advised(number: int, step: list[RecommendationPart]) -> Iterator[str]:
    prefix = f"{number}. "
    if len(step) > 1:
        yield prefix + ONE_OF
        prefix = "   - "
    for way in step:
        indent = " " * len(prefix)
        yield f"{prefix}{_escape(way.sentence)} Risk: {_escape(way.risk)}."
        if way.command:
            yield f"{indent}{_code(way.command)}"
        if way.verify:
            yield f"{indent}Verify: {_code(way.verify)}"


def _escape(words: str) -> str:
    """Words as they are, and in a code span whatever a renderer might turn into a link, a mention or formatting.

    A backslash does not help there: a forge looks for addresses, @names, #1 and commits in what it has rendered.
    """
    return " ".join(_token(token) for token in printable(words).split())


def _token(token: str) -> str:
    lead, core, trail = _PARTS.fullmatch(token).groups()  # type: ignore[union-attr]  # every part may be empty
    if _WORD.fullmatch(core):
        return _ACTIVE.sub(r"\\\g<0>", token)
    return _ACTIVE.sub(r"\\\g<0>", lead) + _code(core) + _ACTIVE.sub(r"\\\g<0>", trail)


def _code(words: str) -> str:
    """A code span that its content cannot leave; nothing for no words."""
    words = printable(words)
    fence = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{pad}{words}{pad}{fence}" if words else ""


def _observed(result: Result) -> list[ObservationPart]:
    """What is reported about the rest if there is no cause; next to a cause it would only distract."""
    return [] if result.cause else result.observations


def _also(result: Result) -> list[ConsideredPart]:
    """Other real faults beside the cause: they stay when it is mended."""
    beside = [
        each
        for each in result.considered
        if {"carried", "cause"} <= {*each.rank} and each.part not in ("first", "off", "lowered")
    ]
    return beside[:MOST_ALSO] if result.cause else []


def _used(usage: UsagePart) -> str:
    return f"${usage.usd:.4f}, {usage.seconds:.2f} s, {usage.reads} reads"
