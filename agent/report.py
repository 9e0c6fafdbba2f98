"""Reports: text for terminals and logs, Markdown for people; renderings of the result, nothing computed twice."""

import re
import textwrap
from collections.abc import Iterator

from agent.result import QuotePart, Result

WIDTH = 80
BANNER = "=== INCIDENT WORKFLOW RESULT ==="
STORED = "(stored result of run {run_id}; not investigated again)"


def text(result: Result, *, stored: bool = False) -> str:
    """The report for a terminal or a log; it ends with the block of four lines."""
    lines = [*_head(result), *_claims(result), *_observations(result), *_ruled_out(result), *_advice(result)]
    lines += _missing(result)
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
    usage = result.usage
    yield from _row("Cost", f"{usage.model}, ${usage.usd:.4f}, {usage.seconds:.2f} s, {usage.reads} reads")
    yield ""
    yield from _wrapped(result.summary, "")
    if len(result.chain) > 1:
        yield ""
        yield "How it comes about, from the alert to the root"
        for depth, link in enumerate(result.chain):
            yield from _wrapped(f"{link.headline} [{link.entity}]", "  " + "  " * depth + "-> ")
    yield ""


def _claims(result: Result) -> Iterator[str]:
    if result.claims:
        yield "Evidence"
        for claim in result.claims:
            yield from _wrapped(claim.text, f"  {claim.kind}: ")
            yield from _quoted(claim.quotes)
        yield ""


def _observations(result: Result) -> Iterator[str]:
    if result.observations and not result.cause:
        yield "Observed"
        for seen in result.observations:
            yield from _wrapped(seen.sentence, f"  {seen.kind}: ")
            yield from _quoted(seen.quotes)
        yield ""


def _ruled_out(result: Result) -> Iterator[str]:
    if result.ruled_out:
        yield "Ruled out"
        for excluded in result.ruled_out:
            yield from _wrapped(excluded.why, f"  {excluded.cause}: ")
            yield from _quoted(excluded.quotes)
        yield ""


def _advice(result: Result) -> Iterator[str]:
    if result.recommendations:
        yield "What to do"
        for number, advice in enumerate(result.recommendations, 1):
            yield from _wrapped(f"{advice.sentence} (risk: {advice.risk})", f"  {number}. ")
            if advice.command:
                yield f"     {_line(advice.command)}"
            if advice.verify:
                yield from _wrapped(advice.verify, "     Verify: ")
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


def _quoted(quotes: list[QuotePart]) -> Iterator[str]:
    for quote in quotes:
        yield from _wrapped(quote.text, f"      {quote.evidence} | ")


def _line(words: str) -> str:
    """One printable line: untrusted text can neither break the layout nor control the terminal."""
    return "".join(c if c.isprintable() else " " for c in " ".join(words.split()))


def markdown(result: Result) -> str:
    """The report as Markdown; every untrusted word is escaped or in a code span."""
    out = [f"# {_escape(result.alert.title)}", ""]
    out += [f"**{result.outcome}**" + (f": `{result.cause}` in {_code(result.entity or '')}, confidence "
            f"{result.confidence:.2f}" if result.cause else ""), "", _escape(result.investigator), ""]  # fmt: skip
    if result.reason:
        out += [f"Reason: {_escape(result.reason)}", ""]
    if len(result.chain) > 1:
        out += ["## How it comes about", ""]
        out += [
            f"{n}. {_escape(link.headline)} ({_code(link.entity)})" for n, link in enumerate(result.chain, 1)
        ]
        out.append("")
    if result.claims:
        out += ["## Evidence", ""]
        for claim in result.claims:
            out.append(f"- {claim.kind}: {_escape(claim.text)}")
            out += [f"  - {quote.evidence}: {_code(quote.text)}" for quote in claim.quotes]
        out.append("")
    if result.observations and not result.cause:
        out += ["## Observed", "", *(f"- {o.kind}: {_escape(o.sentence)}" for o in result.observations), ""]
    if result.ruled_out:
        out += ["## Ruled out", "", *(f"- `{r.cause}`: {_escape(r.why)}" for r in result.ruled_out), ""]
    if result.recommendations:
        out += ["## What to do", ""]
        for number, advice in enumerate(result.recommendations, 1):
            out.append(f"{number}. {_escape(advice.sentence)} Risk: {advice.risk}.")
            out += [f"   {_code(advice.command)}"] if advice.command else []
            out += [f"   Verify: {_escape(advice.verify)}"] if advice.verify else []
        out.append("")
    if result.missing:
        out += ["## Could not be read", "", *(f"- {_code(m)}" for m in result.missing), ""]
    usage = result.usage
    out += ["---", f"Incident `{result.incident_id}`, run `{result.run_id}`, model {_code(usage.model)}, "
            f"${usage.usd:.4f}, {usage.seconds:.2f} s, {usage.reads} reads."]  # fmt: skip
    return "\n".join(out) + "\n"


def _escape(words: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()<>#+!|~@-])", r"\\\1", _line(words))


def _code(words: str) -> str:
    """A code span that its content cannot leave."""
    words = _line(words)
    fence = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{pad}{words}{pad}{fence}"
