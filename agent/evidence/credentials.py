"""Credentials: what the value of a secret looks like, and what only looks like one."""

import re
from functools import cache
from importlib import import_module

from agent.evidence.encodings import is_account
from agent.evidence.mark import MARK
from agent.evidence.secrecy import names_password, words
from agent.names import is_name

# -- how values look -------------------------------------------------------------------------------------

_RUN = re.compile(r"[A-Za-z0-9_+/\-]{20,}={0,2}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?[0-9a-f]+|(?:0x)?[0-9A-F]+")
_DIGIT = re.compile(r"[0-9]")
_CHANGES = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")


def looks_random(text: str) -> bool:
    """Whether the text contains a run of characters like generated tokens, which names of objects do not.

    UUIDs, digests, time stamps and names such as `ledger-7c9d8f6b5d-x2x9k` do not.
    """
    return any(_random_run(run) for run in _RUN.findall(text))


def _random_run(run: str) -> bool:
    if not _DIGIT.search(run) or _HEX.fullmatch(run) or _UUID.search(run):
        return False
    if run not in (run.lower(), run.upper()):  # it has letters of both cases
        return any(_mixed(part) for part in re.split(r"[/=]", run))
    return any(
        len(part) >= 24 and _jumps(part) >= 8 and not _HEX.fullmatch(part)
        for part in re.split(r"[-_/=]", run)
    )


def _mixed(part: str) -> bool:
    """Whether the characters change between upper case, lower case and digits as if at random."""
    return len(part) >= 16 and sum(c.isdigit() for c in part) >= 2 and _jumps(part) * 4 >= len(part)


def _jumps(part: str) -> int:
    return len(_CHANGES.findall(part))


def looks_generated(text: str) -> bool:
    """Whether a value after a word such as "key" or "session" was generated."""
    is_hex = bool(re.fullmatch(r"(?:0x)?[0-9a-fA-F]{32,}", text)) and _is_mixed(text)
    return is_hex or looks_random(text) or is_account(text)


_MARKS = re.compile(r"[!@#$%^&*?+=~]")
_NO_PASSWORD = re.compile(
    r"""(?ix) .*:// .* | (?:.*[-_])?(?:sha|md|aes|rsa|x|utf|v|http/?|tls|ipv|oauth|base|http)[-_]?\d[\w.\-]{0,15}
    | [\d.,:/\-]+ | v?\d+(?:\.\d+)+\S* | \d+(?:ms|s|m|h|d|%|[kmg]i?b?) | [\w.\-]+\(.* | .*\(\)? | \{.* | <.*"""
)


def reads_as_secret(name: str, value: str) -> bool:
    """Whether the word that follows the name of a secret in a sentence is its value, not the next word.

    Sentences go on with words; a value has digits or marks among its letters, or has no words before it.
    """
    if MARK in value or len(value) < 5 or benign(value):
        return False
    if names_password(name) and re.fullmatch(r"\d{6,}", value):
        return True
    if _NO_PASSWORD.fullmatch(value) or not _is_mixed(value):
        return False
    return names_password(name) or (len(value) >= 8 and not names_object(value))


def looks_scrambled(value: str) -> bool:
    """Whether a word is so mixed that it stands out in a sentence: `Kq7vRz2x`, `summer!22`, hexadecimal digits."""
    if value.isalpha() and len(value) < 32:  # as most words are
        return False
    if (
        MARK in value
        or len(value) < 8
        or benign(value)
        or _NO_PASSWORD.fullmatch(value)
        or _UUID.search(value)
    ):
        return False
    if re.fullmatch(r"[0-9a-f]{32,}", value):
        return True
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    cases = any(c.isupper() for c in value) and any(c.islower() for c in value)
    if not letters or not digits or re.search(r"[/:(){}=\[\]@\\]", value):
        return False
    return bool(_MARKS.search(value)) or (
        cases and len(re.findall(r"\d(?=[A-Za-z])", value)) >= 1 and "-" not in value
    )


def names_object(value: str) -> bool:
    """Whether the value may be the name of an object, `ledger-db` or `bank/ledger-db`, not a token."""
    is_object = all(is_name("", part) for part in value.split("/"))
    return is_object and not looks_generated(value) and not _UUID.fullmatch(value)


def is_reference(name: str, value: str) -> bool:
    """Whether a supposed secret is only the name of one, as in `secret="ledger-db"` of a series."""
    return (
        name.lower() in ("secret", "secrets") and bool(re.search(r"\w[-.]\w", value)) and names_object(value)
    )


def _is_mixed(value: str) -> bool:
    letters = any(c.isalpha() for c in value)
    return letters and (any(c.isdigit() for c in value) or bool(_MARKS.search(value[1:])))


_BENIGN = re.compile(
    r"""(?ix) \s* | \[redacted\] | true|false|yes|no|on|off|none|null|nil|<nil>|undefined|unset|empty|n/a
    | [*x•.]{3,} | <[^<>]*> | \[?(?:filtered|redacted|hidden|masked|omitted|present|set)\]?
    | \$\{?[\w.:\-]*\}? | \$\([\w.\-]*\) | \{\{[^{}]*\}\} | %\w | [{}\[\]()]+
    | (?:/[\w.\-]*[a-z][\w.\-]*){2,}/?"""
)


def benign(value: str) -> bool:
    """Whether a value, whatever its name, reveals nothing: empty, a boolean, a placeholder, a path."""
    return bool(_BENIGN.fullmatch(value)) and not looks_random(value)


def is_count(name: str, value: str) -> bool:
    """Whether it is a number of tokens or sessions, as of a language model, not a token."""
    return bool(re.fullmatch(r"\d{1,7}[,.;)\]}]*", value)) and bool(re.search(r"(?i)token|sess", name))


# -- shapes ----------------------------------------------------------------------------------------------

_KNOWN = re.compile(
    r"""(?x)(?<![A-Za-z0-9])(?:
      eyJ[\w\-]{8,}={0,2}(?:\.[\w\-]+={0,2}){1,4}                           # JSON web tokens, whole or cut
    | (?:sk|rk|pk)[-_](?:live|test|prod|ant|proj|or|svcacct)[-_][\w\-]{12,} | sk-[A-Za-z0-9]{20,}
    | github_pat_\w{20,} | gh[pousr]_\w{20,} | gl[a-z]{2,8}-[\w\-]{18,}
    | xox[a-z]-[\w\-]{10,} | xapp-[\w\-]{10,} | hooks\.slack\.com/services/[\w/\-]+
    | AIza[\w\-]{30,} | ya29\.[\w\-.]{20,} | GOCSPX-[\w\-]{20,}
    | hv[sbr]\.[\w\-]{20,} | (?:npm|hf|dop_v1|doo_v1|dckr_pat|shpat|shpss|whsec|sntrys|lin_api)_[\w\-]{16,}
    | AGE-SECRET-KEY-1[0-9A-Z]{20,} | (?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}
    | LS0tLS1CRUdJTi[A-Za-z0-9+/=]*                                         # base64 of a PEM block
    )"""
)
_HASHED = re.compile(  # passwords as htpasswd, shadow, LDAP, MySQL and PostgreSQL keep them
    r"""(?x)\$(?:apr1|[1567y]|2[abxy]?|gy|sha1|argon2\w{1,2}|scrypt|bcrypt[\w\-]{0,10}|pbkdf2[\w\-]{0,12})
      \$[^\s:"'`<>;\\]{8,}
    | \{(?:S?SHA\d{0,3}|S?MD5|PBKDF2[\w\-]*|CRYPT|ARGON2)\}[A-Za-z0-9+/=$.,]{12,}
    | (?<![\w*])\*[0-9A-F]{40}(?!\w) | SCRAM-SHA-\d+\$\d+:[\w+/=$:]{16,} | (?<!\w)md5[0-9a-f]{32}(?!\w)"""
)
# The beginning of a credential at the very end of a text, which was cut there.
_CUT = re.compile(
    r"""(?x)(?<![A-Za-z0-9])(?:(?:sk|rk)[-_](?:live|test|proj|ant)[-_]|github_pat_|gh[pousr]_|glpat-|xox[a-z]-
      |hv[sbr]\.|AIza|AKIA|ASIA|dckr_pat_|npm_|whsec_)[\w\-]*(?=\Z|\.\.\.[ ]\(|…)"""
)
_DIGEST = re.compile(r"(?i)(?:sha\d{1,3}|md5)[:\-]\Z")
_AWS_SECRET = re.compile(r"(?<![\w+/=.\-])[A-Za-z0-9+/]{40}(?![\w+/=.\-])")
_CHUNK = re.compile(r"[^\s\"'`<>(){}\[\],;|]{20,}")
_CHUNK_LIMIT = 2048
_PLUGINS = words(
    """artifactory aws azure_storage_key discord github_token gitlab_token jwt mailchimp npm openai
    pypi_token sendgrid slack square_oauth stripe telegram_token twilio"""
)


@cache
def _library() -> tuple[re.Pattern[str], ...]:
    """The patterns of detect-secrets; importing them costs 0.2 s, so only once something looks random."""
    base = import_module("detect_secrets.plugins.base")
    for plugin in _PLUGINS:
        import_module(f"detect_secrets.plugins.{plugin}")
    detectors = base.RegexBasedDetector.__subclasses__()
    return tuple(p for d in detectors if d.__module__.rpartition(".")[2] in _PLUGINS for p in d.denylist)


def drop_known_shapes(text: str) -> str:
    """Replace credentials that are known by their shape, and runs of characters that look like one."""
    text = _CUT.sub(MARK, _HASHED.sub(MARK, _KNOWN.sub(MARK, text)))
    text = _AWS_SECRET.sub(lambda match: MARK if _like_base64(match[0]) else match[0], text)
    return _CHUNK.sub(lambda match: _drop_from_chunk(match[0]), text)


def _like_base64(run: str) -> bool:
    upper, lower = sum(c.isupper() for c in run), sum(c.islower() for c in run)
    return upper >= 5 and lower >= 5 and upper + lower < len(run)


def _drop_from_chunk(chunk: str) -> str:
    if not looks_random(chunk):
        return chunk
    pieces = (chunk[i : i + _CHUNK_LIMIT] for i in range(0, len(chunk), _CHUNK_LIMIT))
    return "".join(_drop_from_piece(piece) for piece in pieces)


def _drop_from_piece(piece: str) -> str:
    for pattern in _library():
        piece = pattern.sub(MARK, piece)
    return _RUN.sub(lambda run: MARK if _is_token(run) else run[0], piece)


def _is_token(run: re.Match[str]) -> bool:
    """Whether a run is long enough to be a token whatever precedes it; a labelled digest is not one."""
    before = run.string[max(0, run.start() - 8) : run.start()]
    return len(run[0]) >= 32 and _random_run(run[0]) and not _DIGEST.search(before)
