"""Pairs: a name and its value side by side, `name=value`, `"name": "value"`, `<name>value</name>`, however quoted.

A quote or an equals sign may be escaped or encoded, as it is in JSON within JSON, in HTML and in URLs.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from agent.evidence.credentials import benign, is_count, is_reference, looks_generated, names_object
from agent.evidence.mark import MARK
from agent.evidence.secrecy import names_password, secrecy, words
from agent.names import is_name

Learn = Callable[[str], None]

QUOTE = r"(?:\"{3}|'{3}|\\{0,7}[\"'`]|&(?:quot|apos|\#0?3[49]|\#x2[27]);|%(?:25){0,2}2[27]|\\{1,4}[ux](?:00)?2[27])"
_TO_CLOSING_TAG = r"(?=[^<>\n]{1,4000}+(?:</|(?<=\]\])>)|[^<>&\n]{1,400}+&lt;/)"
_SEPARATOR = (
    r"(?:=>|:=|={1,3}|::?|：|＝|->(?=[ \t]|[\"'])|%(?:25){0,2}3[aAdD]"
    r"|\\{1,4}[ux](?:00)?3[aAdD]|&\#(?:6[01]|58|x3[adAD]);"
    rf"|(?<=[\"']),(?=[ \t]{{0,3}}{QUOTE})|\((?=[NBRUnbru]?{QUOTE})"
    rf"|(?:(?<=[ \t])[^<>\n]{{0,80}}+)?(?:(?<!-)>|&gt;)(?:<!\[CDATA\[)?{_TO_CLOSING_TAG})"
)
# `password: {value: S}`: the name goes on as the name of a part.
_NESTED = (
    rf"(?:\{{[ \t]?{QUOTE}?(?i:value|secretvalue|data|content|plain|plaintext|text|string|raw|default|stringvalue)"
    rf"{QUOTE}?[ \t]?[:=][ \t]?)?"
)
_HEAD = re.compile(
    rf"(?:(?<![\w\\])|(?<=\\[nrt])|(?<=\\)(?![nrt]))(?P<name>\w[\w.\-/\[\]]{{0,127}}+)(?P<close>{QUOTE}?\]?)"
    rf"[ \t]{{0,40}}+(?P<sep>{_SEPARATOR})[ \t]{{0,40}}+{_NESTED}"
)
_OPEN = re.compile(rf"(?:[NBRUnbru](?=[\"']))?(?P<quote>{QUOTE})")
_BARE = re.compile(r"\[[^\]\n]{0,2000}\][^\s,;&\"'<>]*|(?:[^\s,;&\"'<>`]|[,;](?!\s|[\w.\-]{1,60}[=:]|$))+")
_ENCODED = re.compile(r"(?:[^\s,;&\"'<>%]|%(?!(?:25){0,2}(?:2[0267cC]|0[aAdD]|7[dD])))+")
_TEXT = re.compile(r"(?:(?!</|\]\]>|&lt;/)[^\n])+")
_TAIL = re.compile(r"[)}\]]*[.,;]?\Z")
_LINE_START = re.compile(
    r"\s*(?:(?:[-*+#]|export|set|setx|setenv|env|ENV|ARG|-D|-e|let|const|var|\$env:|[\w\-]{1,32}:)\s*)?\$?\Z"
)
_LAST_WORDS = re.compile(r"(?:\w{1,32}[ \t]){1,2}\Z")
_GENERIC = words("key keys id code phrase word passe string")
PROSE_WORD = re.compile(r"[\"']?[A-Za-z\-']+[\"']?[.,:;!?)]*")
PROSE = words(
    """a an the is was are be been being has have had must should shall may might can could cannot will
    would does did do not no nor or and but for from of on in to at by with without when while if then than
    as it its this that expired invalid missing required unexpected failed failure error empty
    authentication unauthorized denied unknown wrong malformed incorrect mismatch rejected revoked
    unsupported too very value flag option got want requires needs need found context timeout unbound
    undefined parameter variable null unset illegal bad length field key expected type input extra
    validation string none"""
)
_PLACE = re.compile(r"\.[a-z]{1,5}\Z")  # PasswordEncoder.java:42
_LOOKED_AT = 512
_LONGEST_TAIL = 8


def drop_pairs(line: str, learn: Learn) -> str:
    """The line without the values of secret names; other values are searched for pairs inside them."""
    kept, done, position = [], 0, 0
    while head := _HEAD.search(line, position):
        position = head.end()
        if not (strength := secrecy(name := _whole_name(line, head))):
            continue
        if line.startswith(
            MARK, position
        ):  # hidden already; of a long run of such each would be read to the end
            continue
        if strength == "weak":  # of a long run of such pairs each would be read to the end
            begin = line[head.end() : head.end() + _LOOKED_AT]
            start, end = value_span(begin, 0, head["sep"])
            if not looks_generated(begin[start:end]):
                continue
        start, end = value_span(line, head.end(), head["sep"])
        if whole := _whole_line(line, head, name, start, end):
            end = whole
        if end > start and _is_secret(line, head, (name, strength), line[start:end]):
            teach(learn, name, line[start:end])
            kept += [line[done:start], MARK]
            done = position = end
    return "".join([*kept, line[done:]])


def value_span(line: str, start: int, separator: str = "=") -> tuple[int, int]:
    """Where the value that begins at `start` has its first and its last character, without its quotes."""
    if separator.endswith((">", "[", "&gt;")) and separator != "=>" and separator != "->":
        text = _TEXT.match(line, start)
        return start, text.end() if text else start
    if opened := _OPEN.match(line, start):
        return opened.end(), _closing(line, opened.end(), opened["quote"])
    bare = (_ENCODED if separator.startswith("%") else _BARE).match(line, start)
    if bare is None:
        return start, start
    return start, bare.end() - (len(_tail(bare[0])) if not bare[0].startswith("[") else 0)


def _closing(line: str, start: int, quote: str) -> int:
    """Where the quoted value ends: at the next quote of the same kind, or with the line."""
    if len(quote) == 1:
        quoted = re.compile(rf"(?:[^{quote}\\\n]|\\.)*+").match(line, start)
        return quoted.end() if quoted else start
    closed = re.compile(rf"(?<!\\){re.escape(quote)}").search(line, start)
    return closed.start() if closed else len(line)


def _tail(value: str) -> str:
    """What closes a sentence or a bracket after an unquoted value."""
    tail = _TAIL.search(value[-_LONGEST_TAIL:])
    return tail[0] if tail and not value.endswith(MARK) and tail.start() else ""


def _whole_name(line: str, head: re.Match[str]) -> str:
    """The name, with the words before it if its last word alone says little: "api key: S"."""
    name = head["name"]
    before = line[max(0, head.start() - 66) : head.start()]
    if name.lower() in _GENERIC and not head["close"] and (words_before := _LAST_WORDS.search(before)):
        return words_before[0] + name
    return name


def _whole_line(line: str, head: re.Match[str], name: str, start: int, end: int) -> int:
    """Where the line ends, if it is nothing but this pair: then the value may contain anything."""
    if head.start() > 64 or start != head.end() or not _LINE_START.match(line[: head.start()]):
        return 0
    rest = line[start:].rstrip()
    if rest.startswith(("[", "{")) or MARK in rest:
        return 0
    several = any(c in " \t" for c in rest)
    if several and not (
        names_password(name)
        and not re.search(r"[\w\-]{1,60}[=:]", rest[end - start :])
        and not _talks(line, head, name, line[start:end])
        and line[start:end].lower().strip("()") not in PROSE
    ):
        return 0
    return start + len(rest) - len(_tail(rest))


def _is_secret(line: str, head: re.Match[str], named: tuple[str, str], value: str) -> bool:
    (name, strength), value = named, value.strip("\\\"'")
    if benign(value) or value.startswith(MARK):
        return False
    if is_count(name, value) or is_reference(name, value) or (" " in name and names_object(value)):
        return False
    if (_PLACE.search(name) and value.rstrip(")")[:6].isdigit()) or (
        strength == "weak" and not looks_generated(value[:_LOOKED_AT])
    ):
        return False
    separated = line[head.end("sep") : head.end()] != ""
    if not head["close"] and head["sep"] in (":", "->") and separated and _talks(line, head, name, value):
        return False
    if head["sep"] == ",":  # define('DB_PASSWORD', 'S'), and no list of names
        return "_" in name and line[: head.start()].rstrip("\"' ").endswith("(")
    return head["sep"] != "(" or names_password(name) or looks_generated(value[:_LOOKED_AT])


def _talks(line: str, head: re.Match[str], name: str, value: str) -> bool:
    """Whether `name: value` is a sentence about a secret: "fetch token: unexpected status"."""
    word = value.rstrip(".,:;!?)").lower()
    if word in PROSE or value.endswith(":") or value.lower().split(" ")[0].rstrip(",") in PROSE:
        return True
    end = head.end() + len(value)
    more = line[end : end + 2].strip(" \t") not in ("", "\n", "\r", ",")
    return more and bool(PROSE_WORD.fullmatch(value)) and not names_password(name)


def teach(learn: Learn, name: str, value: str) -> None:
    """Learn a value, unless it may just as well be a word, or the name of an object: `secret=ledger-db`."""
    value = value.rstrip(".,:;!?")
    is_object = is_name("", value) or not any(c.isdigit() for c in value)
    if MARK not in value and value.lower() not in PROSE and (names_password(name) or not is_object):
        learn(value)
        learn(unquote(value))
