"""Credentials in text: what a secret looks like, and what only talks about one."""

import re
from functools import cache
from importlib import import_module

MARK = "[redacted]"


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


# -- names of values -------------------------------------------------------------------------------------

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WITHIN = re.compile(
    r"password|passwd|passphrase|passcode|secret|credential|(?:api|access|private|account)key"
)
_ALONE = frozenset({"pass", "pwd", "token", "tokens", "pw", "requirepass", "masterauth", "authtok"})
_ENDINGS = ("token", "pwd", "pass", "passwort")
_INNOCENT = frozenset({"bypass", "compass", "trespass", "encompass", "overpass"})
_WEAK = frozenset({"auth", "authorization", "sig", "signature", "cookie", "session", "sessionid", "jwt"})
_KEY_OWNERS = words(
    """api access private account secret encryption signing master client shared ssh auth service license
    hmac session crypto cipher storage subscription function app admin deploy jwt tls ssl aes rsa"""
)
# What follows the secret word in the name of a fact about a secret: secretName, token_ttl, PASSWORD_FILE.
_ABOUT = words(
    """name names ref refs file files path dir mount type kind ttl expiry expires expired expiration age
    count length len size max min limit policy mode enabled disabled required optional algorithm alg
    issuer url uri endpoint host port audience namespace version header field timeout interval rotation
    budget usage items provider method manager store class attempts retries request requests review
    reviews controller"""
)
_SUMS = frozenset({"checksum", "digest", "fingerprint"})


def secrecy(name: str) -> str:
    """How secret a value of that name is: "strong", "weak" (only if it looks random) or "" (not at all)."""
    parts = [part.lower() for part in _WORDS.findall(name)]
    if _SUMS.intersection(parts):
        return ""
    for position, part in enumerate(parts):
        strength = _word_secrecy(part, parts[position + 1] if position + 1 < len(parts) else "")
        if strength:
            return "" if _ABOUT.intersection(parts[position + 1 :]) else strength
    return ""


def _word_secrecy(word: str, following: str) -> str:
    if word in _ALONE or _WITHIN.search(word) or (word.endswith(_ENDINGS) and word not in _INNOCENT):
        return "strong"
    if following in ("key", "keys") and word in _KEY_OWNERS:
        return "strong"
    return "weak" if word in _WEAK else ""


# -- looks of values -------------------------------------------------------------------------------------

_RUN = re.compile(r"[A-Za-z0-9_+/\-]{20,}={0,2}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?[0-9a-f]+|(?:0x)?[0-9A-F]+")
_CHANGES = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")


def looks_random(text: str) -> bool:
    """Whether the text holds a run of characters as generators of tokens make, and names of objects do not.

    UUIDs, digests, time stamps and names such as `ledger-7c9d8f6b5d-x2x9k` do not.
    """
    return any(_random_run(run) for run in _RUN.findall(text))


def _random_run(run: str) -> bool:
    if _UUID.search(run) or _HEX.fullmatch(run) or not any(c.isdigit() for c in run):
        return False
    upper, lower = any(c.isupper() for c in run), any(c.islower() for c in run)
    if upper and lower:
        return any(_mixed(part) for part in re.split(r"[/=]", run))
    return any(
        len(part) >= 24 and _jumps(part) >= 8 and not _HEX.fullmatch(part)
        for part in re.split(r"[-_/=]", run)
    )


def _mixed(part: str) -> bool:
    """Whether the characters change between upper case, lower case and digits as if thrown by dice."""
    return len(part) >= 16 and sum(c.isdigit() for c in part) >= 2 and _jumps(part) * 4 >= len(part)


def _jumps(part: str) -> int:
    return len(_CHANGES.findall(part))


_BENIGN = re.compile(
    r"""(?ix) \s* | \[redacted\] | true|false|yes|no|on|off|none|null|nil|<nil>|undefined|unset|empty|n/a
    | [*x•.]{3,} | <[^<>]*> | \[?(?:filtered|redacted|hidden|masked|omitted|present|set)\]?
    | \$\{?[\w.:\-]*\}? | \$\([\w.\-]*\) | \{\{[^{}]*\}\} | %\w | [{}\[\]()]+
    | (?:/[\w.\-]*[a-z][\w.\-]*){2,}/?"""
)


def benign(value: str) -> bool:
    """Whether a value, whatever its name, gives nothing away: empty, a boolean, a placeholder, a path."""
    return bool(_BENIGN.fullmatch(value)) and not looks_random(value)


def is_count(name: str, value: str) -> bool:
    """Whether it is a number of tokens, as of a language model, and no token."""
    return bool(re.fullmatch(r"\d{1,7}[,.;)\]}]*", value)) and "token" in name.lower()


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
    text = _AWS_SECRET.sub(lambda match: MARK if _like_base64(match[0]) else match[0], _KNOWN.sub(MARK, text))
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
    return _RUN.sub(lambda run: MARK if len(run[0]) >= 32 and _random_run(run[0]) else run[0], piece)
