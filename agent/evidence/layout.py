"""Layout: secrets whose name is elsewhere: `name: X` and `value: S`, and the block of lines below a name."""

import re
from dataclasses import dataclass

from agent.evidence.credentials import benign, names_object
from agent.evidence.mark import MARK
from agent.evidence.pairs import QUOTE, Learn, teach, value_span
from agent.evidence.secrecy import names_password, secrecy

_PART = re.compile(
    rf"""(?x)(?P<object>[{{}}]|\A\s*-\s)
    | variable\s\"(?P<declared>[\w.\-]{{1,128}})\"\s\{{  # of Terraform
    | (?<![\w.\-])(?P<field>[\w.\-]{{1,40}}+){QUOTE}?\s{{0,4}}(?P<sep>[:=>])\s{{0,4}}"""
)
_NAMES = re.compile(r"(?i)(?:.*(?:name|key|property|param|parameter|variable)|id|field|label|option|var)\Z")
_HOLDS = re.compile(r"(?i)(?:.*value|val|content|default|text)\Z")
_NAME = re.compile(rf"{QUOTE}?(?P<name>[\w.\-/]{{2,128}}+)(?P<text>{QUOTE}\s{{0,4}}>(?=[^<\s]))?")
_NESTED = re.compile(rf"(?i)\{{\s?{QUOTE}?(?:string|text|)_?value{QUOTE}?\s?[:=]\s?")
_LINES_APART = 3
_BLOCK = re.compile(
    rf"(?P<indent>\s*(?:-\s+)?){QUOTE}?(?P<name>[\w.\-]{{2,128}}+){QUOTE}?[ \t]*[:=][ \t]*(?:![\w\-/]{{1,40}}[ \t]+)?"
    r"(?P<open>[|>][+\-]?\d?[+\-]?|\\|\"{3}|'{3}|\[|)[ \t]*\r?\Z"
)
_TRIPLE = ('"""', "'''")
_OPENINGS = (":", "=", "|", ">", "-", "+", "\\", "[", *_TRIPLE)
_SCALAR = re.compile(r"(?P<indent>\s+(?:-\s+)?|\s*-\s+)(?P<value>\S+)\s*\Z")


@dataclass
class _Value:
    line: int
    start: int
    end: int


def drop_apart(lines: list[str], learn: Learn) -> None:
    """Mask, in place, the value of each object whose name is another field of it, on that line or a near one."""
    name, named_at = "", -_LINES_APART
    orphan: _Value | None = None  # a value whose name may follow
    for number in range(len(lines)):
        position = 0
        while part := _PART.search(lines[number], position):
            line, position = lines[number], part.end()
            if part["object"] or part["declared"]:
                name, named_at, orphan = _strong(part["declared"] or ""), number, None
            elif _HOLDS.match(part["field"]):
                nested = _NESTED.match(line, position)
                value = _Value(number, *value_span(line, nested.end() if nested else position, part["sep"]))
                if name and number - named_at <= _LINES_APART:
                    position, name = _mask(lines, value, name, learn), ""
                else:
                    orphan, position = value, value.end
            elif _NAMES.match(part["field"]) and (found := _NAME.match(line, position)):
                name, named_at, position = _strong(found["name"]), number, found.end()
                if name and orphan and number - orphan.line <= 1:
                    _mask(lines, orphan, name, learn)
                    position += len(lines[number]) - len(line)  # if the value was on the same line
                    name = ""
                elif name and found["text"]:
                    text = _Value(number, *value_span(line, position, ">"))
                    position, name = _mask(lines, text, name, learn), ""
                orphan = None


def _strong(name: str) -> str:
    return name if secrecy(name) == "strong" else ""


def _mask(lines: list[str], value: _Value, name: str, learn: Learn) -> int:
    """Mask the value and return where its line goes on; if the value opens a block, mask the block."""
    line = lines[value.line]
    text = line[value.start : value.end]
    if re.fullmatch(r"[|>][+\-]?\d?[+\-]?", text) or not text:
        indent = len(line) - len(line.lstrip())
        _mask_block(lines, value.line, indent, (name, text or "|"), learn)
    elif not benign(text) and MARK not in text:
        teach(learn, name, text)
        lines[value.line] = line[: value.start] + MARK + line[value.end :]
        return value.start + len(MARK)
    return value.end


def drop_blocks(lines: list[str], learn: Learn) -> None:
    """Mask, in place, the lines that a secret name is the heading of: block scalars, continued and listed values."""
    for number, line in enumerate(lines):
        head = _BLOCK.fullmatch(line) if line.rstrip().endswith(_OPENINGS) else None
        if head and secrecy(head["name"]) == "strong":
            _mask_block(lines, number, len(head["indent"]), (head["name"], head["open"]), learn)


def _mask_block(lines: list[str], number: int, indent: int, head: tuple[str, str], learn: Learn) -> None:
    """Mask the lines below a heading as far as its block reaches; `head` is its name and what opens the block."""
    name, opening = head
    for below in range(number + 1, len(lines)):
        line = lines[below]
        if opening in _TRIPLE:
            if opening in line:
                return
        elif opening == "\\":
            lines[below] = _masked_line(line, name, learn)
            if not line.endswith("\\"):
                return
            continue
        elif (opening == "[" and line.lstrip().startswith("]")) or (
            line.strip() and len(line) - len(line.lstrip(" \t-")) <= indent
        ):
            return
        if opening in ("", "[") and not _is_scalar(line):
            return
        lines[below] = _masked_line(line, name, learn)


def _is_scalar(line: str) -> bool:
    scalar = _SCALAR.fullmatch(line)
    if scalar is None or scalar["value"].endswith((":", "{", "[")):
        return False
    return not re.match(r"[\w.\-]+[:=]", scalar["value"])


def _masked_line(line: str, name: str, learn: Learn) -> str:
    """The line without its text, unless that is the name of an object where objects may be listed."""
    text = line.strip().removeprefix("- ").strip("\"' \\,")
    if not text or MARK in text or benign(text) or (names_object(text) and not names_password(name)):
        return line
    teach(learn, name, text)
    start = line.index(text)
    return line[:start] + MARK + line[start + len(text) :]
