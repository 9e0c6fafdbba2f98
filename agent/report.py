"""Reports: text for terminals and logs, Markdown for people; renderings of the result, nothing computed twice."""

import re
import textwrap
from collections.abc import Iterator

from agent.result import ClaimPart, ObservationPart, QuotePart, RecommendationPart, Result, UsagePart

WIDTH = 80
BANNER = "=== INCIDENT WORKFLOW RESULT ==="
STORED = "(stored result of run {run_id}; not investigated again)"


def text(result: Result, *, stored: bool = False) -> str:
    """The report for a terminal or a log; it ends with the block of four lines."""
    lines = [*_head(result), *_statements(result), *_advice(result), *_missing(result)]
    if stored:
        lines += [STORED.format(run_id=result.run_id)]
    return "\n".join([*lines, *block(result)]) + "\n"


def block(result: Result) -> list[str]:
    """The four lines every run ends with."""
    return [
        BANNER,
        f"Alert: {_line(result.alert.title)}",
        f"Commander: {_line(result.commander)}",
        f"Investigator: {_line(result.investigator)}",
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
    yield from _wrapped(result.summary, "")
    if len(result.chain) > 1:
        yield ""
        yield "How it comes about, from the alert to the root"
        for depth, link in enumerate(result.chain):
            yield from _wrapped(f"{link.headline} [{link.entity}]", "  " + "  " * depth + "-> ")
    yield ""


def _statements(result: Result) -> Iterator[str]:
    """The sections of sentences, each with what it is and the words that carry it."""
    sections: dict[str, list[tuple[str, str, list[QuotePart]]]] = {
        "Evidence": [(claim.kind, claim.text, claim.quotes) for claim in result.claims],
        "Observed": [(seen.kind, seen.sentence, seen.quotes) for seen in _observed(result)],
        "Ruled out": [(excluded.cause, excluded.why, excluded.quotes) for excluded in result.ruled_out],
    }
    for title, statements in sections.items():
        if statements:
            yield title
            for lead, words, quotes in statements:
                yield from _wrapped(words, f"  {lead}: ")
                for quote in quotes:
                    yield from _wrapped(quote.text, f"      {quote.evidence} | ")
            yield ""


def _advice(result: Result) -> Iterator[str]:
    if result.recommendations:
        yield "What to do"
        for number, advice in enumerate(result.recommendations, 1):
            yield from _wrapped(f"{advice.sentence} (risk: {advice.risk})", f"  {number}. ")
            if advice.command:
                yield f"     {_line(advice.command)}"
            if advice.verify:
                yield f"     Verify: {_line(advice.verify)}"
        yield ""
    if result.alert.runbook_url:
        yield f"Runbook: {_line(result.alert.runbook_url)}"
        yield ""


def _missing(result: Result) -> Iterator[str]:
    if result.missing:
        yield "Could not be read"
        for sentence in result.missing[:10]:
            yield from _wrapped(sentence, "  - ")
        if len(result.missing) > 10:
            yield f"  - and {len(result.missing) - 10} more"
        yield ""


def _row(name: str, value: str) -> Iterator[str]:
    yield from _wrapped(value, f"{name:<10}")


def _wrapped(words: str, prefix: str) -> Iterator[str]:
    indent = " " * len(prefix)
    yield from textwrap.wrap(
        _line(words), WIDTH, initial_indent=prefix, subsequent_indent=indent, break_on_hyphens=False,
        break_long_words=False,
    ) or [prefix.rstrip()]  # fmt: skip


def markdown(result: Result) -> str:
    """The report as Markdown; every untrusted word is escaped or in a code span."""
    sure = f": `{result.cause}` in {_code(result.entity or '')}, confidence {result.confidence:.2f}"
    lines = [f"# {_escape(result.alert.title)}", ""]
    lines += [f"**{result.outcome}**{sure if result.cause else ''}", "", _escape(result.investigator), ""]
    lines += [f"Reason: {_escape(result.reason)}", ""] if result.reason else []
    for title, content in _sections(result):
        lines += [f"## {title}", "", *content, ""] if content else []
    lines += ["---", f"Incident `{result.incident_id}`, run `{result.run_id}`, model {_code(result.usage.model)}, "
              f"{_used(result.usage)}."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _sections(result: Result) -> Iterator[tuple[str, list[str]]]:
    """Title and lines of each section in Markdown; without lines it is not shown."""
    links = result.chain if len(result.chain) > 1 else []
    steps = [f"{n}. {_escape(link.headline)} ({_code(link.entity)})" for n, link in enumerate(links, 1)]
    yield "How it comes about", steps
    yield "Evidence", [line for claim in result.claims for line in _claimed(claim)]
    yield "Observed", [f"- {seen.kind}: {_escape(seen.sentence)}" for seen in _observed(result)]
    yield "Ruled out", [f"- `{excluded.cause}`: {_escape(excluded.why)}" for excluded in result.ruled_out]
    advice = [line for n, each in enumerate(result.recommendations, 1) for line in _advised(n, each)]
    yield "What to do", advice
    yield "Could not be read", [f"- {_code(sentence)}" for sentence in result.missing]


def _claimed(claim: ClaimPart) -> Iterator[str]:
    yield f"- {claim.kind}: {_escape(claim.text)}"
    for quote in claim.quotes:
        yield f"  - {quote.evidence}: {_code(quote.text)}"


def _advised(number: int, advice: RecommendationPart) -> Iterator[str]:
    yield f"{number}. {_escape(advice.sentence)} Risk: {advice.risk}."
    if advice.command:
        yield f"   {_code(advice.command)}"
    if advice.verify:
        yield f"   Verify: {_code(advice.verify)}"


def _escape(words: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()<>#+!|~@-])", r"\\\1", _line(words))


def _code(words: str) -> str:
    """A code span that its content cannot leave."""
    words = _line(words)
    fence = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def _observed(result: Result) -> list[ObservationPart]:
    """What is told of the rest where there is no cause; beside a cause it would only distract."""
    return [] if result.cause else result.observations


def _used(usage: UsagePart) -> str:
    return f"${usage.usd:.4f}, {usage.seconds:.2f} s, {usage.reads} reads"


def _line(words: str) -> str:
    """One printable line: untrusted text can neither break the layout nor control the terminal."""
    return "".join(c if c.isprintable() else " " for c in " ".join(words.split()))
