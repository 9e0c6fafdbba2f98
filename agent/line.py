"""The printable line: the one form in which untrusted words reach a terminal, a log, a report or a chat."""

import re

# Printable by their category, yet shown as nothing: words could be hidden in them.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def printable(words: str) -> str:
    """The words on one line, a blank for whatever breaks it, steers a terminal, turns its direction or is not seen."""
    seen = _INVISIBLE.sub(" ", words)
    return " ".join("".join(c if c.isprintable() else " " for c in seen).split())
