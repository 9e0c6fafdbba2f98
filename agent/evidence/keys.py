"""Private keys: the lines of a PEM block, whole or cut, whatever precedes each."""

import re

from agent.evidence.credentials import looks_random
from agent.evidence.mark import MARK

_TIME = r"(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+\-]\d\d:?\d\d)[ ])?"
_BEGIN = re.compile(
    r"(?P<head>-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|PuTTY-User-Key-File-\d:)(?P<body>.*)"
)
_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----")
_BODY = re.compile(
    rf"(?P<lead>{_TIME}[\s|>\"']*)"
    r"(?=[A-Za-z0-9+/=]{16}|[a-z]*[A-Z0-9+/=]|[\w\-]+: )"  # a short word of lower-case letters is not a key
    r"(?:[A-Za-z0-9+/=]{1,120}|[\w\-]{4,40}: [^\r\n]*)[\s\"',]*"
)
_LAST = re.compile(r"(?P<lead>(?:.*[\s|>\"'])?)(?P<body>[A-Za-z0-9+/=]{1,120})[\s\"',]*")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/]{60}")
_BASE64_LINE = re.compile(rf"(?P<lead>{_TIME}\s*)(?P<body>[A-Za-z0-9+/]{{60,120}}={{0,2}})\s*")
_LEAD_LIMIT = 400


def drop_private_keys(text: str) -> str:
    """The text without private keys; the lines around them, and what precedes each key line, stay."""
    if "PRIVATE KEY" in text or "PuTTY" in text:
        text = _drop_blocks(text)
    if not _BASE64_RUN.search(text):
        return text
    return "\n".join(map(_drop_base64, text.split("\n")))


def _drop_blocks(text: str) -> str:
    lines = text.split("\n")
    lead: str | None = None  # of the lines of the key that we are in
    for number, line in enumerate(lines):
        begin, end = _BEGIN.search(line), _END.search(line)
        if begin:
            end = _END.search(line, begin.start("body"))
            tail = line[end.start() :] if end else ""
            lines[number] = line[: begin.start("body")] + (MARK if begin["body"].strip() else "") + tail
            lead = None if end else line[: begin.start()]
        elif end:
            lines[number] = line if end.start() == 0 else _masked_before(line, end.start())
            _mask_upwards(lines, number, line[: end.start()])
            lead = None
        elif lead is not None:
            masked = _masked_body(line, lead)
            lead = None if masked is None else lead
            lines[number] = line if masked is None else masked
    return "\n".join(lines)


def _masked_body(line: str, lead: str) -> str | None:
    """The line of a key without its secret, None if it is not one; `lead` is what preceded BEGIN or END."""
    if line.strip() == "" or line.endswith(MARK):
        return line
    if body := _BODY.fullmatch(line):
        return body["lead"] + MARK
    last = _LAST.fullmatch(line) if len(line) <= _LEAD_LIMIT else None
    if last and last["lead"].strip() and _shape(lead).endswith(_shape(last["lead"])):
        return last["lead"] + MARK
    return None


def _shape(lead: str) -> str:
    """What precedes the lines of a block, such as the time and the level of a log, without its numbers."""
    return re.sub(r"\d+", "0", lead).strip()


def _masked_before(line: str, end: int) -> str:
    return (
        re.sub(r"[A-Za-z0-9+/=\\]+\Z", MARK, line[:end][-4096:]) + line[end:]
        if end <= 4096
        else MARK + line[end:]
    )


def _mask_upwards(lines: list[str], number: int, lead: str) -> None:
    """The head of a key may have been cut away: its last lines go too, the one above the end however short."""
    least = 1
    while number > 0 and not lines[number - 1].endswith(MARK):
        line = lines[number - 1]
        masked = _masked_body(line, lead)
        if masked is None or not re.search(rf"[A-Za-z0-9+/]{{{least}}}=*[\s\"',]*\Z", line):
            return
        number, least = number - 1, 40
        lines[number] = masked


def _drop_base64(line: str) -> str:
    """A line of nothing but base64 is the middle of a key or of a certificate: nobody reads it."""
    match = _BASE64_LINE.fullmatch(line)
    return match["lead"] + MARK if match and looks_random(match["body"]) else line
