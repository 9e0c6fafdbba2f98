"""Phrases: a secret that follows its name as the next word of a sentence, a statement or a command line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from agent.evidence.commands import is_given, secret_words
from agent.evidence.credentials import looks_generated, looks_scrambled, names_object, reads_as_secret
from agent.evidence.mark import MARK
from agent.evidence.pairs import PROSE, Learn, teach
from agent.evidence.secrecy import names_password, secrecy, words

_WORD = re.compile(r"\S+")
_QUOTED_WORD = re.compile(
    r"\\?\"[^\"\n]{0,400}\"|'[^'\n]{0,400}'|`[^`\n]{0,400}`|“[^”\n]{0,400}”|«[^»\n]{0,400}»|\S+"
)
_EDGES = "\"'`“”«»()[]{}<>,;\\"
_BETWEEN = words(
    """<<< is was are of as to = - – value set has changed now reads given used using entered equals : == := => ->
    ist war lautet lautete heißt est était es era è sera é foi som er on är jest to это был равен : «"""
)
_MOST_BETWEEN = 3
_BEFORE, _BEHIND = 4, 9  # words around the name of a password
_LAST_WORDS = words("key keys id code phrase passe word string")
_LINE_END = re.compile(r"(?:[nrt]\\|[\"'])*")  # as escapes in a quoted text, read backwards: from its end
_END_OF_WORD = ".,;:!?)"
_ENDINGS = ("ed", "ing", "tion", "er", "ly", "es")
_STARTERS = words("set setenv setx export env ENV ARG - default machine")
# Scripts that put no space between a name and what follows it.
_UNSPACED = re.compile(
    r"(?P<head>(?:密码|密碼|口令|パスワード|비밀번호|암호|暗証番号)[^\x21-\x7e\n]{0,12}(?:[:=\"'][ \t]?)?)"
    r"(?P<value>[\x21-\x7e]{4,200})"
)


_LOGIN = re.compile(
    r"(?i)(?P<head>\b(?:user|login|creds|credentials|account|attempt)\b[: \[\"']{1,4}[\w.@\-]{1,64}[ ]?[/:|][ ]?"
    r"|\b(?:verification|security|recovery|backup|mfa|2fa|otp|sms|one-time|confirmation|pairing|pin)[ _\-]codes?"
    r"(?:[ ]is)?:?[ ]{1,3})(?P<value>[^\s/:\]\"',]{6,200})"
)


@dataclass(frozen=True)
class Word:
    """A word of a line, where it begins, whether behind a tab, and its text without quotes and brackets around it."""

    start: int
    raw: str
    tabbed: bool = False

    @cached_property
    def bare(self) -> str:
        """The word without what surrounds it."""
        ending = _LINE_END.match(self.raw[::-1])
        return self.raw[: len(self.raw) - (ending.end() if ending else 0)].strip(_EDGES)

    @property
    def quoted(self) -> bool:
        """Whether it is in quotes."""
        return self.raw.lstrip("\\")[:1] in "\"'`“«" and len(self.raw) > 2


def drop_phrases(line: str, learn: Learn) -> str:
    """The line without the words that follow the name of a secret as its value, or are a command's secrets."""
    if any(quote in line for quote in "\"'`“«"):
        line = _drop_words(line, _QUOTED_WORD, learn)
    line = _drop_words(line, _WORD, learn)  # what is quoted may be a sentence or a command, too
    line = _LOGIN.sub(lambda match: _unspaced(match, learn), line)
    return _UNSPACED.sub(lambda match: _unspaced(match, learn), line)


def _drop_words(line: str, pattern: re.Pattern[str], learn: Learn) -> str:
    found = [
        Word(match.start(), match[0], line[max(0, match.start() - 1) : match.start()] == "\t")
        for match in pattern.finditer(line)
    ]
    spans = dict(_named(found))
    for position, offset in secret_words([word.raw for word in found]):
        spans.setdefault(position, ("password", offset))
    kept, done = [], 0
    for position in sorted(spans):
        name, offset = spans[position]
        start, end = _inside(found[position], offset)
        if start < end and is_given(value := line[start:end]):
            teach(learn, name, value)
            kept += [line[done:start], MARK]
            done = end
    return "".join([*kept, line[done:]])


def _inside(word: Word, offset: int) -> tuple[int, int]:
    """The part of the word that is the value: neither its quotes nor what ends the sentence."""
    raw, lead, tail = word.raw, offset, 0
    while lead < len(raw) and raw[lead] in "\"'`“«\\":
        lead += 1
    if lead > offset:
        tail = len(raw) - len(raw.rstrip("\"'`”»\\"))
    else:
        tail = len(raw) - len(raw.rstrip(_END_OF_WORD))
        tail = tail if tail < len(raw) - lead else 0
        tail += len(raw[: len(raw) - tail]) - len(raw[: len(raw) - tail].rstrip("\"'`"))
    return word.start + lead, word.start + len(raw) - tail


def _named(line: list[Word]) -> Iterator[tuple[int, tuple[str, int]]]:
    """(position, (name, offset)) of each word that is the value of the name before it."""
    for position, word in enumerate(line[:-1]):
        name = _name(line, position)
        strength = secrecy(name)
        if not strength or word.raw.endswith((".", ",", ";", "!", "?")):
            continue
        place = position + 1
        while (
            place < len(line) - 1
            and place - position <= _MOST_BETWEEN
            and line[place].raw.lower().rstrip(":") in _BETWEEN
        ):
            place += 1
        value = line[place]
        if value.raw.endswith(":") and not value.quoted:
            continue
        if _is_value(line, position, place, (name, strength)):
            yield place, (name, 0)
        elif names_password(name):
            yield from ((near, (name, 0)) for near in _near(line, position))


def _near(line: list[Word], position: int) -> Iterator[int]:
    """The words near the name of a password that no sentence would contain: "password for joe: got S"."""
    for near in range(max(0, position - _BEFORE), min(len(line), position + 1 + _BEHIND)):
        text = line[near].bare.rstrip(".:!?")
        if (near != position and looks_scrambled(text) and not names_object(text)) or (
            near == len(line) - 1 > position and line[near - 1].raw.endswith(":") and _is_jumble(text)
        ):
            yield near


def _is_jumble(text: str) -> bool:
    """Whether a word of letters has capitals inside but not first: no word of a sentence does."""
    return len(text) >= 8 and text.isalpha() and text[0].islower() and not text.islower()


def _name(line: list[Word], position: int) -> str:
    bare = line[position].bare.rstrip(":=")
    if bare.lower() in _LAST_WORDS and position:
        return f"{line[position - 1].bare} {bare}"
    return bare


def _is_value(line: list[Word], position: int, place: int, named: tuple[str, str]) -> bool:
    (name, strength), value = named, line[place]
    text = value.bare.rstrip(".:!?") if not value.quoted else value.bare
    if strength == "weak":
        return looks_generated(text[:512])
    if text.lower() in PROSE or not text or ("=" in text[:-2] and not value.quoted and "://" not in text):
        return False
    if line[position].raw.startswith("-") and place == position + 1:
        return not text.startswith("-") and not value.raw.startswith("-")
    if reads_as_secret(name, text):
        return True
    is_word = " " in text or text.isupper() or names_object(text)
    if value.quoted and len(text) >= 8 and not is_word and place == position + 1:
        return True
    return names_password(name) and len(text) >= 4 and _is_plain_word(line, position, place)


def _is_plain_word(line: list[Word], position: int, place: int) -> bool:
    """Whether a word of letters is a password all the same: quoted, or alone on the line after its name."""
    value = line[place]
    if value.raw.isupper() or line[position].bare in PROSE:
        return False
    if line[place - 1].raw.endswith((":", "=")) or (value.tabbed and place == position + 1):
        return not any(word.raw.isalpha() for word in line[place + 1 : place + 2])
    if value.quoted:
        return " " not in value.bare and not value.bare.startswith("/")
    if place > position + 1 and re.search(r"\w[_.\-]\w", line[position].bare):  # DB_PASSWORD has value S
        return not value.bare.islower() and not value.bare.istitle()
    if value.bare.lower().endswith(_ENDINGS) or not value.bare.isalpha():
        return False
    is_netrc = (
        any(word.raw == "login" for word in line[max(0, position - 4) : position])
        and line[position].raw == "password"
    )
    starters = position < 4 and all(word.raw in _STARTERS for word in line[:position])
    return is_netrc or (starters and place == len(line) - 1 and place == position + 1)


def _unspaced(match: re.Match[str], learn: Learn) -> str:
    value = match["value"].strip("\"'")
    if (
        not is_given(value)
        or not reads_as_secret("password", value)
        or (names_object(value) and not value.isdigit())
    ):
        return match[0]
    teach(learn, "password", value)
    return match["head"] + MARK
