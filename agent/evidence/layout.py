"""Layout: secrets whose name stands elsewhere: `name: X` and `value: S`, and the block of lines below a name."""

import re
from dataclasses import dataclass

from agent.evidence.credentials import benign
from agent.evidence.mark import MARK
from agent.evidence.pairs import QUOTE, Learn, teach, value_span
from agent.evidence.secrecy import secrecy

_PART = re.compile(
    rf"""(?ix)(?P<object>[{{}}]|\A\s*-\s|<(?=[a-z])(?!/?(?:name|value|key)\b))
    | (?<![\w.\-])(?:(?P<names>name|key|id|property|param|parameter|field|variable|label|option|var|secret_?name)
      | (?P<holds>value|val|secretvalue|content|stringvalue|default|text))
      {QUOTE}?\s{{0,4}}(?P<sep>[:=>])\s{{0,4}}"""
)
_NAME = re.compile(rf"{QUOTE}?(?P<name>[\w.\-/]{{2,128}}+)(?P<text>{QUOTE}\s{{0,4}}>(?=[^<\s]))?")
_NESTED = re.compile(rf"(?i)\{{\s?{QUOTE}?(?:string|text|)_?value{QUOTE}?\s?[:=]\s?")
_LINES_APART = 3
_BLOCK = re.compile(
    rf"(?P<indent>\s*(?:-\s+)?){QUOTE}?(?P<name>[\w.\-]{{2,128}}+){QUOTE}?[ \t]*[:=][ \t]*(?:![\w\-/]{{1,40}}[ \t]+)?"
    r"(?P<open>[|>][+\-]?\d?[+\-]?|\\|\"{3}|'{3}|)[ \t]*\r?\Z"
)
_SCALAR = re.compile(r"(?P<indent>\s+(?:-\s+)?|\s*-\s+)(?P<value>\S+)\s*\Z")


@dataclass
class _Value:
    line: int
    start: int
    end: int


def drop_apart(lines: list[str], learn: Learn) -> None:
    """Mask, in place, the value of each object whose name is another field of it, on that line or a near one."""
    name, named_at = "", -_LINES_APART
    orphan: _Value | None = None
    for number, line in enumerate(lines):
        position = 0
        while part := _PART.search(lines[number], position):
            line, position = lines[number], part.end()
            if part["object"]:
                name, orphan = "", None
            elif part["names"]:
                found = _NAME.match(line, position)
                if found is None:
                    continue
                position = found.end()
                name, named_at = (found["name"], number) if secrecy(found["name"]) == "strong" else ("", 0)
                if name and orphan and number - orphan.line <= 1:
                    _mask(lines, orphan, name, learn)
                    position += len(lines[number]) - len(line)  # where the value stood on the same line
                    name = ""
                elif name and found["text"]:
                    text = _Value(number, *value_span(line, position, ">"))
                    position = _mask(lines, text, name, learn)
                    name = ""
                orphan = None
            else:
                nested = _NESTED.match(line, position)
                value = _Value(number, *value_span(line, nested.end() if nested else position, part["sep"]))
                if name and number - named_at <= _LINES_APART:
                    position = _mask(lines, value, name, learn)
                    name = ""
                else:
                    orphan, position = value, value.end


def _mask(lines: list[str], value: _Value, name: str, learn: Learn) -> int:
    """Mask the value and return where its line goes on; of a value that opens a block, the block."""
    line = lines[value.line]
    text = line[value.start : value.end]
    if re.fullmatch(r"[|>][+\-]?\d?[+\-]?", text) or not text:
        indent = len(line) - len(line.lstrip())
        _mask_block(lines, value.line, indent, text or "|", learn)
    elif not benign(text) and MARK not in text:
        teach(learn, name, text)
        lines[value.line] = line[: value.start] + MARK + line[value.end :]
        return value.start + len(MARK)
    return value.end


def drop_blocks(lines: list[str], learn: Learn) -> None:
    """Mask, in place, the lines that a secret name is the heading of: block scalars, continued and listed values."""
    for number, line in enumerate(lines):
        head = (
            _BLOCK.fullmatch(line)
            if line.rstrip().endswith((":", "=", "|", ">", "-", "+", "\\", '"', "'"))
            else None
        )
        if head and secrecy(head["name"]) == "strong":
            _mask_block(lines, number, len(head["indent"]), head["open"], learn)


def _mask_block(lines: list[str], number: int, indent: int, opening: str, learn: Learn) -> None:
    for below in range(number + 1, len(lines)):
        line = lines[below]
        if opening in ('"""', "'''"):
            if opening in line:
                lines[below] = _masked_line(line.replace(opening, ""), learn) + opening
                return
        elif opening == "\\":
            lines[below] = _masked_line(line, learn)
            if not line.endswith("\\"):
                return
            continue
        elif line.strip() and (depth := len(line) - len(line.lstrip(" \t-"))) <= indent and depth <= indent:
            return
        if not opening and not _is_scalar(line):
            return
        lines[below] = _masked_line(line, learn)


def _is_scalar(line: str) -> bool:
    scalar = _SCALAR.fullmatch(line)
    return (
        bool(scalar)
        and not scalar["value"].endswith((":", "{", "["))
        and not re.match(r"[\w.\-]+[:=]", scalar["value"])
    )


def _masked_line(line: str, learn: Learn) -> str:
    text = line.strip().removeprefix("- ").strip("\"' \\")
    if not text or MARK in text or benign(text):
        return line
    teach(learn, "password", text)
    start = line.index(text)
    return line[:start] + MARK + line[start + len(text) :]
