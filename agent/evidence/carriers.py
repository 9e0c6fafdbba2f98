"""Carriers: where text holds secrets: URLs, headers, `name=value` pairs, flags, SQL, PEM blocks.

Every pattern is linear in the length of the text and stays within one line.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from agent.evidence.credentials import MARK, benign, is_count, looks_random, secrecy, words
from agent.names import is_name

# A password in a URL may hold "/" and "@"; a port followed by "/" is no password.
_USERINFO = re.compile(
    r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.\-]{0,30}://)"
    r"(?P<user>[^\s/?#\"'<>:@]*)"
    r"(?::(?!\d{1,5}(?:[/?#\s,]|$))(?P<password>(?:(?!://)[^\s\"'<>?#])*))?@"
)
_BARE_USERINFO = re.compile(
    r"(?<![\w/.\-])(?P<user>[\w.\-]{1,64}):(?P<password>[^\s:@/\"'<>,]{3,200})@(?!sha\d)(?=\w)"
)
_SCHEMES = frozenset({"mailto", "acct", "sip", "sips", "xmpp"})
_AUTHORIZATION = re.compile(
    r"(?i)\b(?P<head>(?:proxy-)?authorization\\?[\"']?\s{0,3}[:=]\s{0,3}(?:\[(?!redacted))?\\?[\"']?)"
    r"(?P<value>(?:\w+ )?\[redacted\]|[^\"'\\\],\r\n]+)"
)
_SCHEME = re.compile(
    r"(?i)\b(?P<head>bearer|basic|token|digest|negotiate|apikey)(?P<space>[ ]{1,3}|%20)"
    r"(?P<value>[A-Za-z0-9._~+/\-]{6,}={0,2})(?![\w=\"'])"
)
_SCHEME_ONLY = re.compile(r"(?i)bearer|basic|token|digest|negotiate")
_COOKIE = re.compile(
    r"(?i)\b(?P<head>(?:set-)?cookie\\?[\"']?\s{0,3}:\s{0,3}\\?[\"']?)(?P<value>[^\"'\\\r\n]+)"
)
_STATEMENT = re.compile(  # SQL, redis.conf, openssl, curl
    r"(?i)(?P<head>\bpassword\s{1,3}(?=['\"])|\bidentified\s{1,3}by\s{1,3}|\b(?:requirepass|masterauth)\s{1,3}"
    r"|\bpassin\s{1,3}pass:|(?<!\S)(?:-u|--user)[ =]{1,3}[\w.\-]{1,64}:)(?P<value>'[^'\n]*'|\"[^\"\n]*\"|\S+)"
)
_VALUE = (
    r"\\\"(?:[^\"\\\n]|\\[^\"\n])*(?:\\\"|$)|\"(?:[^\"\\\n]|\\[^\n])*(?:\"|$)|'(?:[^'\\\n]|\\[^\n])*(?:'|$)"
    r"|\[[^\]\n]{0,2000}\][^\s,;&\"'<>]*|(?:[^\s,;&\"'<>]|[,;](?!\s|[\w.\-]{1,60}[=:]|$))+"
)
_PAIR = re.compile(
    r"(?i)(?P<word>pass|pwd|pw|secret|token|credential|key|auth|sig|jwt|session)(?P<rest>[\w.\-\[\]]{0,64})"
    r"(?P<close>\\?[\"'`]?\]?)(?P<sep>[ \t]{0,3}(?:=>|:=|==?|:)[ \t]{0,3}|(?<!-)>(?=[^<\n]{1,200}</))"
    rf"(?P<value>{_VALUE})",
)
_FLAG = re.compile(rf"(?<![\w\-])(?P<flag>--?[A-Za-z][\w\-]{{2,60}})[ \t]+(?!-)(?P<value>{_VALUE})")
_KEY_BEFORE = re.compile(r"[\w.\-\[\]/]{0,64}\Z")
_PASSWORD = re.compile(r"(?i)pass|pwd")
_PROSE_WORD = re.compile(r"[\"']?[A-Za-z\-']+[\"']?[.,:;!?)]*")
_PROSE = words(
    """a an the is was are be been being has have had must should shall may might can could cannot will
    would does did do not no nor or and but for from of on in to at by with without when while if then than
    as it its this that expired invalid missing required unexpected failed failure error empty
    authentication unauthorized denied unknown wrong malformed incorrect mismatch rejected revoked
    unsupported too very value flag option got want requires needs need found context timeout unbound
    undefined parameter variable null unset illegal bad length field key expected type input extra
    validation string none"""
)

_TIME = r"(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+\-]\d\d:?\d\d)[ ])?"
_PEM_BEGIN = re.compile(
    r"(?P<head>-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|PuTTY-User-Key-File-\d:)(?P<body>.*)"
)
_PEM_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----")
_PEM_BODY = re.compile(
    rf"(?P<time>{_TIME})(?P<lead>[\s|>\"']*)"
    r"(?=[A-Za-z0-9+/=]{16}|[a-z]*[A-Z0-9+/=]|[\w\-]+: )"  # a short word of small letters is no key
    r"(?:[A-Za-z0-9+/=]{1,120}|[\w\-]{4,40}: [^\r\n]*)[\s\"',]*"
)
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/]{60}")
_BASE64_LINE = re.compile(rf"(?P<time>{_TIME})(?P<lead>\s*)(?P<body>[A-Za-z0-9+/]{{60,120}}={{0,2}})\s*")


# A line that holds none of these holds no carrier; looking for them is much cheaper than the patterns.
_HINTS = sorted(
    words(
        """pass pwd pw secret token credential key auth sig jwt session cookie bearer basic digest negotiate
        identified @ --user"""
    )
    | {"-u "}
)


def drop_carried(text: str, learn: Callable[[str], None]) -> str:
    """The text without the secrets that stand where secrets stand; `learn` is told what could stand elsewhere."""
    if "PRIVATE KEY" in text or "PuTTY" in text:
        text = _drop_private_keys(text)
    lower = text.lower()
    hints = [hint for hint in _HINTS if hint in lower]
    lines = text.split("\n")
    for number, line in enumerate(lower.split("\n") if hints else ()):
        if any(hint in line for hint in hints):
            lines[number] = _drop_from_line(lines[number], learn)
    text = "\n".join(lines)
    return "\n".join(map(_base64_line, lines)) if _BASE64_RUN.search(text) else text


def _drop_from_line(line: str, learn: Callable[[str], None]) -> str:
    if "@" in line:
        line = _USERINFO.sub(lambda match: _userinfo(match, learn), line)
        line = _BARE_USERINFO.sub(lambda match: _bare_userinfo(match, learn), line)
    line = _PAIR.sub(lambda match: _pair(match, learn), line)
    line = _FLAG.sub(lambda match: _flag(match, learn), line)
    line = _AUTHORIZATION.sub(_header, line)
    line = _COOKIE.sub(_header, line)
    line = _SCHEME.sub(_scheme, line)
    return _STATEMENT.sub(lambda match: _statement(match, learn), line)


def passwords_of_urls(text: str) -> list[str]:
    """The passwords that URLs in the text carry."""
    return [match["password"] for match in _USERINFO.finditer(text) if match["password"]]


# -- one match ---------------------------------------------------------------------------------------------


def _userinfo(match: re.Match[str], learn: Callable[[str], None]) -> str:
    learn(match["password"] or "")
    return f"{match['scheme']}{MARK}@"


def _bare_userinfo(match: re.Match[str], learn: Callable[[str], None]) -> str:
    if match["user"].lower() in _SCHEMES:
        return match[0]
    _teach(learn, "", match["password"])
    return f"{match['user']}:{MARK}@"


def _header(match: re.Match[str]) -> str:
    value = match["value"].strip()
    if _SCHEME_ONLY.fullmatch(value):
        return match[0]
    return match[0] if _is_prose(value) and not looks_random(value) else match["head"] + MARK


def _is_prose(value: str) -> bool:
    """Whether a sentence follows, not a credential: its words are all letters."""
    several = value.split()
    if value.endswith(MARK) or len(several) < 2 or (len(several) == 2 and _SCHEME.match(value)):
        return value.endswith(MARK)
    return all(_PROSE_WORD.fullmatch(word) for word in several[:4])


def _scheme(match: re.Match[str]) -> str:
    value = match["value"]
    token_like = (
        len(value) >= 20 or value.endswith("=") or re.search(r"\d[A-Za-z]|[a-z][A-Z]|[A-Za-z]\d", value)
    )
    if not token_like or (match["head"].lower() == "token" and not looks_random(value)):
        return match[0]
    return match["head"] + match["space"] + MARK


def _statement(match: re.Match[str], learn: Callable[[str], None]) -> str:
    value = match["value"].strip("'\"")
    if benign(value) or value.endswith(MARK) or value.lower() in _PROSE:
        return match[0]
    _teach(learn, "password", value)
    return match["head"] + _replaced(match["value"])


def _flag(match: re.Match[str], learn: Callable[[str], None]) -> str:
    value = match["value"].strip("'\"")
    if secrecy(match["flag"]) != "strong" or benign(value) or value.lower().rstrip(".,:;") in _PROSE:
        return match[0]
    _teach(learn, match["flag"], value)
    return match[0][: match.start("value") - match.start()] + _replaced(match["value"])


def _pair(match: re.Match[str], learn: Callable[[str], None]) -> str:
    before = _KEY_BEFORE.search(match.string, max(0, match.start() - 64), match.start())
    name = (before[0] if before else "") + match["word"] + match["rest"]
    strength, value = secrecy(name), match["value"].strip("\\\"'")
    if value != MARK:
        value = value.rstrip(")}]") or value
    if not strength or benign(value) or (strength == "weak" and not looks_random(value)):
        return match[0]
    if (
        not match["close"]
        and match["sep"].strip() == ":"
        and match["sep"] != ":"
        and _talks(match, name, value)
    ):
        return match[0]
    if is_count(name, value):
        return match[0]
    _teach(learn, name, value)
    return match[0][: match.start("value") - match.start()] + _replaced(match["value"])


def _teach(learn: Callable[[str], None], name: str, value: str) -> None:
    """Have a value learned, unless it may as well be a word, or the name of an object: `secret=ledger-db`."""
    value = value.rstrip(".,:;!?")
    is_object = is_name("", value) or not any(c.isdigit() for c in value)
    if MARK not in value and value.lower() not in _PROSE and (_PASSWORD.search(name) or not is_object):
        learn(value)
        learn(unquote(value))


def _talks(match: re.Match[str], name: str, value: str) -> bool:
    """Whether `name: value` is a sentence about a secret: "fetch token: unexpected status"."""
    word = value.rstrip(".,:;!?)").lower()
    if word in _PROSE or value.endswith(":"):
        return True
    more = match.string[match.end() : match.end() + 2].strip(" \t") not in ("", "\n", "\r", ",")
    return more and bool(_PROSE_WORD.fullmatch(value)) and not _PASSWORD.search(name)


def _replaced(value: str) -> str:
    """The mark, in the quotes that the value had and before the bracket that closed it."""
    if value.startswith('\\"'):
        return f'\\"{MARK}\\"'
    if value[0] in "\"'":
        return value[0] + MARK + value[0]
    tail = re.search(r"[)}\]]*[.,]?$", value)
    return MARK + (tail[0] if tail and not value.startswith("[") and not value.endswith(MARK) else "")


# -- private keys ------------------------------------------------------------------------------------------


def _drop_private_keys(text: str) -> str:
    lines = text.split("\n")
    inside = False
    for number, line in enumerate(lines):
        begin = _PEM_BEGIN.search(line)
        if begin:
            end = _PEM_END.search(line, begin.start("body"))
            tail = line[end.start() :] if end else ""
            lines[number] = line[: begin.start("body")] + (MARK if begin["body"].strip() else "") + tail
            inside = end is None
        elif inside and not _PEM_END.search(line):
            inside = line.strip() in ("", MARK) or bool(_PEM_BODY.fullmatch(line))
            if inside:
                lines[number] = _masked_body(line)
        elif end := _PEM_END.search(line):
            inside = False
            lines[number] = line if end.start() == 0 else _masked_before(line, end.start())
            _mask_upwards(lines, number)
    return "\n".join(lines)


def _masked_body(line: str) -> str:
    body = _PEM_BODY.fullmatch(line)
    return body["time"] + body["lead"] + MARK if body else line


def _masked_before(line: str, end: int) -> str:
    return re.sub(r"[A-Za-z0-9+/=\\]+\Z", MARK, line[:end]) + line[end:]


def _mask_upwards(lines: list[str], number: int) -> None:
    """The head of a key may have been cut away: its last lines go too, the one above the end however short."""
    least = 1
    while number > 0 and _PEM_BODY.fullmatch(lines[number - 1]):
        if not re.search(rf"[A-Za-z0-9+/]{{{least}}}=*\s*$", lines[number - 1]):
            return
        number, least = number - 1, 40
        lines[number] = _masked_body(lines[number])


def _base64_line(line: str) -> str:
    """A line of nothing but base64 is the middle of a key or of a certificate: nobody reads it."""
    match = _BASE64_LINE.fullmatch(line)
    return match["time"] + match["lead"] + MARK if match and looks_random(match["body"]) else line
