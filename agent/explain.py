"""Explanations of the causes, for people."""

import textwrap

from agent.diagnosis.causes import Cause, causes
from agent.errors import UserError


class UnknownCause(UserError):
    """A cause that is not in the vocabulary."""


def explain(identity: str = "") -> str:
    """One cause in full, or all of them, a line each; raises UnknownCause."""
    if not identity:
        return _listing()
    if identity not in causes():
        raise UnknownCause(f"{identity!r} is no cause; `incident-agent explain` lists them")
    return _page(causes()[identity])


def _listing() -> str:
    lines: list[str] = []
    width = max(map(len, causes()))
    families = dict.fromkeys(sorted(cause.family for cause in causes().values()))
    for family in families:
        lines += ["", family]
        members = sorted((c for c in causes().values() if c.family == family), key=lambda c: c.id)
        for cause in members:
            line = f"  {cause.id:<{width}} {cause.title}"
            lines += textwrap.wrap(line, 80, subsequent_indent=" " * (width + 3))
    return "\n".join(lines).strip()


def _page(cause: Cause) -> str:
    parts = [f"{cause.id}: {cause.title}", ""]
    for name, words in (
        ("Meaning", cause.meaning),
        ("How it shows", cause.shows),
        ("What to do", cause.remedy),
    ):
        parts += [name, *textwrap.wrap(words, 78, initial_indent="  ", subsequent_indent="  "), ""]
    if cause.confused_with:
        parts += ["Confused with", "  " + ", ".join(cause.confused_with), ""]
    if cause.symptom:
        parts += ["This is a symptom: it is reported only where nothing deeper is found.", ""]
    return "\n".join(parts).rstrip()
