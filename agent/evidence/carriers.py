"""Carriers: where text contains secrets: URLs, headers, pairs, phrases, commands, statements, blocks, keys.

Every pattern is linear in the length of the text.
"""

import re
from urllib.parse import unquote

from agent.evidence.commands import is_given
from agent.evidence.credentials import looks_random
from agent.evidence.keys import drop_private_keys
from agent.evidence.layout import drop_apart, drop_blocks
from agent.evidence.mark import MARK
from agent.evidence.pairs import PROSE, PROSE_WORD, Learn, drop_pairs, teach
from agent.evidence.phrases import drop_phrases
from agent.evidence.secrecy import ACCENTED, PASSWORD_WORDS, words

# A password in a URL may contain "/" and "@"; a port followed by "/" is no password. The end of the text may
# have cut what follows a password.
_USERINFO = re.compile(
    r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.\-]{0,30}(?::|%3[aA])(?://|\\/\\/|%2[fF]%2[fF]))"
    r"(?P<user>(?:(?!%3[aA]|%40)[^\s/?#\"'<>:@])*+)"
    r"(?:(?::|%3[aA])(?!\d{1,5}(?:[/?#\s,\"]|$))(?P<password>(?:(?!://)[^\s\"'<>?#])*))?(?:@|%40)"
)
_CUT_USERINFO = re.compile(
    r"(?m)(?P<head>\b[A-Za-z][A-Za-z0-9+.\-]{0,30}://[^\s/?#\"'<>:@]{1,128}:)"
    r"(?=[^\s/\"'<>@]*\d)(?=[^\s/\"'<>@]*[A-Za-z!$%^&*])(?P<password>[^\s/\"'<>@]{3,})(?=$|\.\.\. \(|…)"
)
_BARE_USERINFO = re.compile(
    r"(?<![\w/.\-])(?P<user>[\w.\-]{1,64}):(?P<password>[^\s:@/\"'<>,]{3,200})@(?!sha\d)(?=[\w/(\[])"
)
_SCHEMES = words("mailto acct sip sips xmpp")
_AUTHORIZATION = re.compile(
    r"(?i)\b(?P<head>(?:proxy-)?authorization\\?[\"']?\s{0,3}[:=]\s{0,3}(?:\[(?!redacted))?\\?[\"']?)"
    r"(?P<value>(?:\w+ )?\[redacted\]|[^\"'\\\],\r\n]+)"
)
_SCHEME = re.compile(
    r"(?i)\b(?P<head>bearer|basic|token|digest|negotiate|apikey|auth (?:plain|login))(?P<space>[ ]{1,3}|%20|\+)"
    r"(?P<value>[A-Za-z0-9._~+/\-]{6,}+={0,2})"
)
_SCHEME_ONLY = re.compile(r"(?i)bearer|basic|token|digest|negotiate")
_COOKIE = re.compile(
    r"(?i)\b(?P<head>(?:set-)?cookie\\?[\"']?\s{0,3}:\s{0,3}\\?[\"']?)(?P<value>[^\"'\\\r\n]+)"
)
_STATEMENT = re.compile(  # SQL, redis, openssl, curl, smbclient, haproxy, xfreerdp, sqlplus
    r"(?i)(?P<head>\bpassword\s{1,3}(?=['\"])|\bidentified\s{1,3}(?:with\s{1,3}\S{1,60}\s{1,3})?(?:by|as)\s{1,3}"
    r"|\b(?:requirepass|masterauth)\s{1,3}|\"auth\"\s{1,3}(?=\")"
    r"|(?-i:\bAUTH(?:[ ]\w{1,32})?[ ](?=\S{0,60}(?:[a-z][A-Z]|\d)))"
    r"|\buser\s{1,3}\S{1,64}\s{1,3}on\s{1,3}>"
    r"|\bpass(?:in|out)?[ =]{0,3}pass:|(?<!\S)[/-](?:p|pw):|(?<![^\s:])\w{1,32}/(?=[^\s/@]{1,128}@//)"
    r"|\b\w{1,32}:(?=[^\s'\"|]{4,200}['\"]?\s{0,3}\|\s{0,3}(?:\w{1,10}\s)?chpasswd)"
    r"|\bsqlplus\s{1,3}(?:-\w\s)?\w{1,32}/"
    r"|(?<!\S)(?:-u|-U|--(?:proxy-)?user|auth)[ =]{1,3}[\"']?[\w.\-]{1,64}(?::|%)(?!\d{1,5}(?:\s|\Z|/)))"
    r"(?P<value>'[^'\n]*'|\"[^\"\n]*\"|[^\s\"'@]+)"
)
_PGPASS = re.compile(
    r"(?m)^(?P<head>(?!(?:[0-9a-fA-F]{1,4}:){4})[\w.*\-/]{1,255}:(?:\d{2,5}|\*):[\w.*\-]{1,64}:[\w.*\-]{1,64}:)"
    r"(?P<value>(?:[^\s:\\]|\\.){3,200})[ \t]*$"
)

# A line with none of these has no carrier; looking for them is much cheaper than the patterns.
_HINTS = sorted(
    words(
        """pass pwd pw secret token credential key auth sig jwt session cookie bearer basic digest negotiate
        identified @ -u -p -w -a -k -x /p: psk otp sid sess code salt hmac saml csrf xsrf crumb ticket sas
        mnemonic login user creds account attempt code <<< add_user :// sqlplus"""
    )
    | (PASSWORD_WORDS - {"pass", "pwd", "pw", "psk", "otp"})
    | ACCENTED
    | {" on >", "%40"}
)


def drop_carried(text: str, learn: Learn) -> str:
    """The text without the secrets in known places; `learn` gets those that could also occur elsewhere."""
    text = drop_private_keys(text)
    lower = text.lower()
    hints = [hint for hint in _HINTS if hint in lower]
    if not hints:
        return _drop_pgpass(text, learn)
    lines = text.split("\n")
    drop_blocks(lines, learn)
    drop_apart(lines, learn)
    for number, line in enumerate(lines):
        if any(hint in line.lower() for hint in hints):
            lines[number] = _drop_from_line(line, learn)
    text = _CUT_USERINFO.sub(lambda match: match["head"] + MARK, "\n".join(lines))
    return _drop_pgpass(text, learn)


def _drop_pgpass(text: str, learn: Learn) -> str:
    return _PGPASS.sub(lambda match: _statement(match, learn), text)


def _drop_from_line(line: str, learn: Learn) -> str:
    if "@" in line or "%40" in line:
        line = _USERINFO.sub(lambda match: _userinfo(match, learn), line)
        line = _BARE_USERINFO.sub(lambda match: _bare_userinfo(match, learn), line)
    line = drop_pairs(line, learn)
    line = _AUTHORIZATION.sub(_header, line)
    line = _COOKIE.sub(_header, line)
    line = _SCHEME.sub(_scheme, line)
    line = _STATEMENT.sub(lambda match: _statement(match, learn), line)
    return drop_phrases(line, learn)


def passwords_of_urls(text: str) -> list[str]:
    """The passwords that URLs in the text carry."""
    return [match["password"] for match in _USERINFO.finditer(text) if match["password"]]


# -- one match ---------------------------------------------------------------------------------------------


def _userinfo(match: re.Match[str], learn: Learn) -> str:
    learn(match["password"] or "")
    return f"{match['scheme']}{MARK}@"


def _bare_userinfo(match: re.Match[str], learn: Learn) -> str:
    if match["user"].lower() in _SCHEMES:
        return match[0]
    teach(learn, "", match["password"])
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
    return all(PROSE_WORD.fullmatch(word) for word in several[:4])


def _scheme(match: re.Match[str]) -> str:
    value = match["value"].rstrip(".")
    token_like = (
        len(value) >= 20 or value.endswith("=") or re.search(r"\d[A-Za-z]|[a-z][A-Z]|[A-Za-z]\d", value)
    )
    is_sure = match["head"].lower() not in ("token", "digest")
    if not token_like or (not is_sure and not looks_random(value)):
        return match[0]
    return match["head"] + match["space"] + MARK


def _statement(match: re.Match[str], learn: Learn) -> str:
    raw = match["value"]
    value = raw.strip("'\"").rstrip(";,)")
    if not is_given(value) or value.lower() in PROSE:
        return match[0]
    teach(learn, "password", value)
    teach(learn, "password", unquote(value))
    start = match.start("value") - match.start() + raw.index(value)
    return match[0][:start] + MARK + match[0][start + len(value) :]
