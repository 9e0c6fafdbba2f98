"""Alertmanager's API: the alerts that fire now, from a server that may send anything."""

import re
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from agent.errors import UserError
from agent.evidence.decoding import DecodingError, decode
from agent.evidence.intake import chunks
from agent.evidence.opener import opener
from agent.evidence.reading import Refusal
from agent.files import MAX_SMALL, read_file

MAX_BODY = 32 << 20
SECONDS = 10.0
_ASKED = {"active": "true", "silenced": "false", "inhibited": "false", "unprocessed": "false"}
_HEADER = re.compile(r"([A-Za-z0-9-]{1,64}):[ \t]*([\x20-\x7e]{1,4096})")
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


class AlertmanagerError(UserError):
    """An address, a token, a header or a CA that cannot be used; one line for a person, without the secret."""


@dataclass(frozen=True)
class Access:
    """What an Alertmanager behind a proxy wants to see."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, folder: Path) -> "Access":
        """Read `token`, `header` (one line `Name: value`) and `ca.crt` of a mounted Secret, where there are."""
        headers = {}
        if token := _text(folder / "token").removeprefix("Bearer "):
            if not _TOKEN.fullmatch(token):
                raise AlertmanagerError(f"{folder / 'token'} holds no token; expected one word")
            headers["Authorization"] = f"Bearer {token}"
        if line := _text(folder / "header"):
            if not (part := _HEADER.fullmatch(line)):
                raise AlertmanagerError(
                    f"{folder / 'header'} holds no header; expected one line, Name: value"
                )
            headers[part[1]] = part[2]
        return cls(headers, _trust(folder / "ca.crt"))


@dataclass(frozen=True)
class Alertmanager:
    """One Alertmanager at `url`, without /api/v2; raises AlertmanagerError for what cannot be one."""

    url: str
    access: Access = field(default_factory=Access)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment or re.search(r"[^\x21-\x7e]", self.url):
            raise AlertmanagerError(
                "the address of an Alertmanager is not a URL like http://alertmanager.monitoring.svc:9093"
            )
        if parts.username is not None:
            raise AlertmanagerError("the address of an Alertmanager holds credentials; put a token in a file")

    def firing(self, receiver: str, take: Callable[[Any], None]) -> None:
        """Give `take` each alert that fires, is neither silenced nor inhibited, and goes to the receiver.

        `receiver` is a regular expression for the whole name; empty takes all. Raises Refusal.
        """
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import Request

        asked = _ASKED | ({"receiver": receiver} if receiver else {})
        request = Request(
            f"{self.url.rstrip('/')}/api/v2/alerts?{urlencode(asked)}",
            headers={"Accept": "application/json"} | self.access.headers,
        )
        try:
            with (
                opener(self.access.tls).open(request, timeout=SECONDS) as response,
                closing(chunks(response.read1, SECONDS, MAX_BODY)) as body,
            ):
                answer = decode(body, (), lambda alert, _: take(alert))
        except HTTPError as error:
            error.close()
            raise Refusal("error", f"HTTP {error.code}", error.code) from None
        except DecodingError as error:
            raise Refusal("error", f"it answered with {error}; is it an Alertmanager?") from None
        except TimeoutError:
            raise Refusal("timed-out", f"no answer within {SECONDS:g} s") from None
        except (URLError, HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Refusal("unreachable", str(getattr(reason, "strerror", None) or reason)) from None
        if not isinstance(answer, list):
            raise Refusal("error", "it answered without a list of alerts; is it an Alertmanager?")


def _text(file: Path) -> str:
    """The content of a file that need not be there."""
    if not file.exists():
        return ""
    try:
        return read_file(file, MAX_SMALL).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "not text"
        raise AlertmanagerError(f"cannot read {file}: {words}") from None


def _trust(file: Path) -> ssl.SSLContext | None:
    if not file.exists():
        return None
    try:
        return ssl.create_default_context(cadata=_text(file))
    except (ssl.SSLError, ValueError):
        raise AlertmanagerError(f"{file} holds no certificate; expected PEM") from None
