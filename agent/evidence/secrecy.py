"""Secrecy: how secret a value is by its name."""

import re
import unicodedata
from functools import lru_cache


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


PASSWORD_WORDS = words(
    """password passwd passphrase passcode passwort passwords pass pwd pw psk bindpw requirepass masterauth
    otp totp passe kennwort senha contrasena motdepasse mdp wachtwoord haslo parola lozinka heslo jelszo
    salasana losenord adgangskode sifre пароль пароля паролем 密码 密碼 口令 パスワード 비밀번호 암호 暗証番号"""
)
# Some of them with accents, as people write them, for searching a text.
ACCENTED = words("contraseña hasło jelszó lösenord şifre")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_PASSWORD = re.compile(r"password|passwd|passphrase|passcode|(?:pwd|pass|passwort|pw|psk)\Z")
_WITHIN = re.compile(
    r"secret|credential|(?:api|access|private|account)keys?\Z|token\Z|sess(?:ion)?id\Z|tokens\Z"
    r"|authtok\Z|mnemonic\Z"
)
_INNOCENT = words("bypass compass trespass encompass overpass passthrough")
_WEAK = words(
    """auth authorization sig signature cookie session jwt sid key keys code salt hmac saml assertion
    csrf xsrf crumb ticket sas"""
)
_KEY_OWNERS = words(
    """api access private account secret encryption signing master client shared ssh auth service license
    hmac session crypto cipher storage subscription function app admin deploy jwt tls ssl aes rsa"""
)
# Keys that open nothing.
_PLAIN_KEYS = words(
    """public cache idempotency partition row primary foreign sort group lock object translation message
    routing shard dedup dedupe map index join unique etag"""
)
# What follows the secret word in the name of a fact about a secret: secretName, token_ttl, PASSWORD_FILE.
_ABOUT = words(
    """name names ref refs file files path dir mount type kind ttl expiry expires expired expiration age
    count length len size max min limit policy mode enabled disabled required optional algorithm alg
    issuer url uri endpoint host port audience namespace version header field timeout interval rotation
    budget usage items provider method manager store class attempts retries request requests review
    reviews controller"""
)
_SUMS = words("checksum digest fingerprint")


@lru_cache(maxsize=4096)
def secrecy(name: str) -> str:
    """How secret a value of that name is: "strong", "weak" (only if it looks generated) or "" (not at all).

    The strongest word decides. A name that ends as the names of facts about secrets do is weak.
    """
    if _SUMS.intersection(_parts(name)):
        return ""
    parts = _parts(name.rpartition("/")[2])
    strengths = [_strength(parts, position) for position in range(len(parts))]
    if "strong" not in strengths:
        return "weak" if any(strengths) else ""
    last = max(position for position, strength in enumerate(strengths) if strength == "strong")
    return "weak" if _ABOUT.intersection(parts[last + 1 :]) else "strong"


@lru_cache(maxsize=4096)
def names_password(name: str) -> bool:
    """Whether the name is one of a password, which people choose, and not of a token or an object."""
    return any(_is_password(part) for part in _parts(name)) or bool(_PASSWORD.search("".join(_parts(name))))


def _parts(name: str) -> list[str]:
    """The words of a name in small letters and without accents: `dbPassword2` is db, password, 2."""
    if not name.isascii():
        apart = unicodedata.normalize("NFKD", name)
        stripped = "".join(c for c in apart if not "\u0300" <= c <= "\u036f").replace("ł", "l")
        name = unicodedata.normalize("NFC", stripped)
    return [part.lower() for part in _WORDS.findall(name)]


def _is_password(part: str) -> bool:
    return part in PASSWORD_WORDS or (part not in _INNOCENT and bool(_PASSWORD.search(part)))


def _strength(parts: list[str], position: int) -> str:
    word, following = parts[position], parts[position + 1] if position + 1 < len(parts) else ""
    before = parts[position - 1] if position else ""
    if _is_password(word) or _WITHIN.search(word) or _WITHIN.search(word + following):
        return "strong"
    if following in ("key", "keys") and word in _KEY_OWNERS:
        return "strong"
    return "weak" if word in _WEAK and before not in _PLAIN_KEYS else ""
