"""Why: how a verdict was reached, for anyone who doubts it. A rendering of the result."""

from collections.abc import Iterator

from agent.line import printable
from agent.verdict.report import wrapped
from agent.verdict.result import ConsideredPart, LinkPart, Result


def why(result: Result) -> str:
    """What was examined, what was found there, and why each other finding was not chosen."""
    return "\n".join([*_visits(result), *_chain(result), *_considered(result)]) + "\n"


def _visits(result: Result) -> Iterator[str]:
    """The objects as a tree: each below the one that led to it."""
    yield f"Examined {len(result.visited)} objects, starting from the subject"
    below: dict[str, list[str]] = {}
    because = {visit.entity: visit.finding for visit in result.visited}
    for visit in result.visited:
        below.setdefault(visit.by, []).append(visit.entity)

    def branch(entity: str, depth: int) -> Iterator[str]:
        led = f"  ({because[entity].partition('@')[0]})" if because[entity] else ""
        yield "  " * (depth + 1) + printable(f"{entity}{led}")
        for other in below.get(entity, []):
            yield from branch(other, depth + 1)

    for entity in below.get("", []):
        yield from branch(entity, 0)
    yield ""


def _chain(result: Result) -> Iterator[str]:
    yield "Chosen, from the alert to the root" if result.chain else "No cause was chosen"
    for link in result.chain:
        yield from _finding(link)
    yield ""


def _considered(result: Result) -> Iterator[str]:
    if result.considered:
        yield "Considered and not chosen"
    for each in result.considered:
        yield from _finding(each)
        against = f"not chosen: {each.why}" + (
            f" [{each.part}], ranked below {each.behind}" if each.behind else ""
        )
        yield from wrapped(against, "      ")
    for question in result.missing:
        yield from wrapped(question, "  not read: ")


def _finding(each: LinkPart | ConsideredPart) -> Iterator[str]:
    yield from wrapped(f"{each.cause}@{each.entity}", "  ")
    yield from wrapped(each.headline, "      ")
    yield from wrapped(f"rule {each.rule}; rank: {', '.join(each.rank) or 'nothing in its favor'}", "      ")
