"""The logs of spoken.txt, by kind."""

import re
from pathlib import Path

_TEXT = Path(__file__).with_name("spoken.txt").read_text(encoding="utf-8")
_SECTIONS = re.split(r"^=== (.*)\n", _TEXT, flags=re.MULTILINE)[1:]

SPOKEN = {
    kind: [log.strip("\n") for log in re.split(r"^---\n", body, flags=re.MULTILINE)]
    for kind, body in zip(_SECTIONS[::2], _SECTIONS[1::2], strict=True)
}
ROUTINE = SPOKEN.pop("routine")
