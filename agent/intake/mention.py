"""Mentions: the object that prose names ("Pod bank/desk-0 is not ready", "High CPU on payment-service").

Prose is the weakest source of a subject, so a word counts only where the sentence makes it a name: next to a
word for a kind, in a `namespace/name` pair, in a host name of the cluster, after a preposition, or as the
subject of the sentence. Where nothing fits, nothing is guessed.
"""

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from agent.hosts import SERVICE
from agent.intake.vocabulary import ABBREVIATIONS, KINDS, NOT_NAMES, PREFIXES, PREPOSITIONS, VERBS
from agent.names import is_deployment_pod, is_name

MAX_TEXT = 4096  # characters that are read

_END = "."  # of a sentence, a clause or a line: a word of its own
_AFTER_NAME = (
    VERBS | PREPOSITIONS | {"in", "and", "or", "but", "because", "above", "over", "below", "since", ":", _END}
)
_LEAD_PLAIN = frozenset(
    {"on", "for", "of", "from", "against", "affecting"}
)  # "to" precedes a verb just as often
_FILLERS = frozenset(
    {"the", "named", "called", "a", "an", "our", "your", "generation", "for", "rollout", "of", "in"}
)
_LINKS = ("for", "of", "in")
_SIGNS = (":", "=", '"', "`")
_NO_NAME = re.compile(
    r"[a-z]{2}-(?:[a-z]+-)+\d[a-z]?"  # a cloud region
    r"|[0-9a-f]{8}-[0-9a-f]{4}-.*"  # a UUID
)

_WORD = re.compile(r"[A-Za-z0-9/](?:[\w./'-]|:(?=\d))*|[:=\"`.]")
_PAUSE = re.compile(r"[.,;!?]+(?=\s|$)|\n")
_URL = re.compile(r"\b[a-z]{2,12}://[^\s\"'<>)]+")
_BRACED_CONTAINER = re.compile(r"/[a-z0-9.-]+ \(([a-z0-9-]{1,63})\)")
_TWO_WORD_KIND = re.compile(
    r"\b(stateful|daemon|replica|cron|persistent|(?:persistent)?volume)[ -](set|job|volume|claim)", re.I
)


@dataclass(frozen=True)
class Mention:
    """What a text names; every field is a valid Kubernetes name or empty."""

    kind: str = ""
    """Kind of the object, when the text says it."""
    name: str = ""
    namespace: str = ""
    place: str = ""
    """The word of `in WORD`: perhaps the namespace, perhaps an environment or a cluster."""
    container: str = ""
    node: str = ""
    words: str = ""
    """The words that decided, for the sentence that explains the routing."""


def find_mention(text: str) -> Mention:
    """Find the object a text is about. Reads the first 4096 characters, in linear time; never raises."""
    text = text[:MAX_TEXT]
    if host := find_host(text):
        return host
    text = _URL.sub(" ", text)
    for _ in range(2):  # "persistent volume claim" takes two
        text = _TWO_WORD_KIND.sub(r"\1\2", text)
    words = _split(text)
    named = list(_kind_mentions(words))
    around = Mention(
        namespace=_first(named, "Namespace"),
        container=_first(named, "Container") or _braced_container(text),
        node=_first(named, "Node"),
    )
    found = _beside_kind(named) or _pair(words) or _bare(words, around)
    if found is None:
        return around
    namespace = around.namespace or found.namespace
    place = "" if namespace else _place(words, found.name)
    return replace(found, namespace=namespace, place=place, container=around.container, node=around.node)


def candidate_names(text: str, namespace: str) -> list[str]:
    """Words that may be names of objects in a namespace, the likelier first; only their existence proves them.

    What the text says is `in NAMESPACE` comes first, even if it is an English word.
    """
    words = _split(_URL.sub(" ", text[:MAX_TEXT]))
    inside = [
        _uncapitalised(word)
        for at, word in enumerate(words)
        if _following(words, at) == "in" and namespace in words[at + 2 : at + 5] and word[:1].isalpha()
    ]
    joined = [
        f"{one}-{two}" for one, two in pairwise(words) if one.isalpha() and two.isalnum()
    ]  # "order service"
    named = [*inside, *map(str.lower, joined), *(word for word in words if _is_candidate(word))]
    return [word for word in dict.fromkeys(named) if word != namespace and is_name("Service", word)]


def find_host(text: str) -> Mention | None:
    """The Service behind a host name of the cluster: NAME.NAMESPACE.svc, alone or within a URL."""
    for name, namespace in SERVICE.findall(text):
        if is_name("Service", name) and is_name("Namespace", namespace):
            return Mention(kind="Service", name=name, namespace=namespace, words=f"{name}.{namespace}.svc")
    return None


def _split(text: str) -> list[str]:
    """The words of a text, with the ends of its sentences as words of their own."""
    return [word.rstrip("./'-_") or _END for word in _WORD.findall(_PAUSE.sub(f" {_END} ", text))]


def _first(mentions: list[Mention], kind: str) -> str:
    return next((mention.name for mention in mentions if mention.kind == kind), "")


def _braced_container(text: str) -> str:
    """The container in `Pod NAMESPACE/NAME (CONTAINER)`."""
    braced = _BRACED_CONTAINER.search(text)
    return braced[1] if braced and is_name("Container", braced[1]) else ""


def _beside_kind(named: list[Mention]) -> Mention | None:
    """The first object named next to a word for its kind; a full `namespace/name` is better than a name."""
    objects = [mention for mention in named if mention.kind not in ("Namespace", "Node", "Container")]
    return next((mention for mention in objects if mention.namespace), objects[0] if objects else None)


def _kind_mentions(words: list[str]) -> Iterator[Mention]:
    for at, word in enumerate(words):
        head, slash, rest = word.partition("/")
        kind_word = head.partition(".")[0].lower()
        if kind_word not in KINDS:
            continue
        kind = KINDS[kind_word]
        if kind == "Service" and not slash:
            kind = ""  # in prose a service is an application, whatever it runs as
        signed = words[at + 1 : at + 2] in ([":"], ["="])
        if slash:
            mention = _slashed(kind, rest, word)
        elif kind_word in ABBREVIATIONS and not signed:
            continue
        else:
            mention = _behind(kind, words, at) or _before(kind, words, at)
        if mention:
            yield mention


def _slashed(kind: str, rest: str, word: str) -> Mention | None:
    """`pod/NAME` or `pod/NAMESPACE/NAME`."""
    namespace, slash, name = rest.partition("/")
    if not slash:
        namespace, name = "", rest
    if is_name(kind, name) and (not namespace or is_name("Namespace", namespace)):
        return Mention(kind, name, namespace, words=word)
    return None


def _behind(kind: str, words: list[str], at: int) -> Mention | None:
    """`pod NAME`, `pod: NAME`, `pod "NAME"`, `Deployment generation for NAMESPACE/NAME`."""
    stated = False  # a sign or a quote shows that a name follows
    for index in range(at + 1, min(at + 5, len(words))):
        word = words[index]
        if word in _SIGNS:
            stated = True
        elif pair := _split_pair(word, lambda parts: any(map(_is_candidate, parts))):
            return Mention(kind, pair[1], pair[0], words=f"{words[at]} {word}")
        elif word.lower() not in _FILLERS:
            following = _following(words, index)
            in_namespace = kind == "Namespace" and at > 0 and words[at - 1].lower() in ("in", "from")
            if in_namespace or words[index - 1] in ("=", '"', "`"):
                named = is_name(kind, word)
            elif index > at + 1 and words[index - 1].lower() in _LINKS:
                named = False  # "pods of the month": a name follows its kind at once
            else:
                named = _is_shaped(word) or (_is_plain(word) and (stated or following in _AFTER_NAME))
            return Mention(kind, word, words=f"{words[at]} {word}") if named and is_name(kind, word) else None
    return None


def _before(kind: str, words: list[str], at: int) -> Mention | None:
    """`the NAME deployment`, `NAME service is down`."""
    if at == 0:
        return None
    word = _uncapitalised(words[at - 1]) if at == 1 or words[at - 2] == _END else words[at - 1]
    led = at > 1 and words[at - 2].lower() in PREPOSITIONS | {"the", "in"}
    if is_name(kind, word) and (_is_shaped(word) or (_is_plain(word) and (led or _acts(words, at)))):
        return Mention(kind, word, words=f"{word} {words[at]}")
    return None


def _pair(words: list[str]) -> Mention | None:
    """The first `namespace/name` without a kind: a preposition leads, or a part has the shape of a name."""
    for at, word in enumerate(words):
        before = words[at - 1].lower() if at else "on"
        pair = _split_pair(word, lambda parts: all(map(_is_candidate, parts)))
        led = before in PREPOSITIONS | {"in"}
        if pair and before not in ("image", "path", "file") and (led or any(map(_is_shaped, pair))):
            kind = "Pod" if is_deployment_pod(pair[1]) else ""
            return Mention(kind, pair[1], pair[0], words=word)
    return None


def _bare(words: list[str], around: Mention) -> Mention | None:
    """A name without a kind: after a preposition, or before a verb, or the one hyphenated word."""
    behind = [word for before, word in pairwise(words) if before.lower() in PREPOSITIONS and _is_shaped(word)]
    plain = _led(words, _LEAD_PLAIN)
    inside = _led(words, {"in"})
    shaped = [word for word in words if _is_shaped(word)]
    taken = (around.namespace, around.container, around.node)
    for word in chain(behind, _acting(words), plain, shaped, inside):
        if word not in taken and _is_candidate(word) and is_name("Service", word):
            return Mention("Pod" if is_deployment_pod(word) else "", word, words=word)
    return None


_OF_A_PLACE = frozenset({"the", "namespace", "ns"})


def _led(words: list[str], leads: AbstractSet[str]) -> list[str]:
    """The words after a lead (`on NAME`), if the clause then ends, or goes on as it does after a name."""
    return [
        word
        for at, (before, word) in enumerate(pairwise(words), start=1)
        if before.lower() in leads and _following(words, at) in _AFTER_NAME
    ]


def _acting(words: list[str]) -> Iterator[str]:
    """The words that sentences begin with before a verb: `NAME is down`, `The NAME returns errors`."""
    for at, word in enumerate(words):
        begins = at == 0 or words[at - 1] == _END
        if not begins and words[at - 1].lower() == "the":
            begins = at == 1 or words[at - 2] == _END
        if begins and _acts(words, at):
            yield _uncapitalised(word)


def _acts(words: list[str], at: int) -> bool:
    """Whether a verb follows the word, directly or after a place: `NAME is down`, `NAME in namespace prod is down`."""
    if _following(words, at) != "in":
        return _following(words, at) in VERBS
    behind = [word.lower() for word in words[at + 2 : at + 6] if word.lower() not in _OF_A_PLACE]
    return len(behind) > 1 and behind[1] in VERBS


def _following(words: list[str], at: int) -> str:
    return words[at + 1].lower() if at + 1 < len(words) else _END


def _uncapitalised(word: str) -> str:
    """The first word of a sentence in lower case; CamelCase stays: it is not a Kubernetes name."""
    return word.lower() if word == word.capitalize() else word


def _place(words: list[str], name: str) -> str:
    """`NAME ... in WORD`."""
    inside = (word for word in _led(words, {"in"}) if word != name and _is_candidate(word))
    return next((word for word in inside if is_name("Namespace", word)), "")


def _split_pair(word: str, is_part: Callable[[tuple[str, str]], bool]) -> tuple[str, str] | None:
    """The parts of `namespace/name`, when both are valid and `is_part` takes them for names."""
    namespace, slash, name = word.partition("/")
    if not slash or not is_name("Namespace", namespace) or not is_name("", name):
        return None
    return (namespace, name) if is_part((namespace, name)) else None


def _is_shaped(word: str) -> bool:
    """Whether it looks like a name: starts with a letter, has a hyphen inside, and is not an English word."""
    return "-" in word and _is_candidate(word)


def _is_plain(word: str) -> bool:
    return "-" not in word and _is_candidate(word)


def _is_candidate(word: str) -> bool:
    """Whether it may be a name: valid, starting with a letter, and not a typical word of alerts."""
    return (
        word[:1].isalpha()
        and len(word) > 1
        and word not in NOT_NAMES
        and is_name("", word)
        and not _NO_NAME.fullmatch(word)
        and not _is_compound(word)
    )


def _is_compound(word: str) -> bool:
    """Whether it is a hyphenated English word: out-of-memory, crash-looping, non-ready."""
    first, *rest = word.split("-")
    return first in PREFIXES and NOT_NAMES.issuperset(rest)
