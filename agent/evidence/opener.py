"""The opener: HTTP that follows no redirect and reads no head without end: a token reaches no other host."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssl import SSLContext
    from urllib.request import OpenerDirector


def opener(tls: "SSLContext | None" = None) -> "OpenerDirector":
    """Make one; a redirect is an HTTPError like any other answer but 2xx. Imports urllib only when it is needed."""
    from urllib.request import HTTPRedirectHandler, build_opener

    from agent.evidence.heads import BoundedHttp, BoundedHttps

    class NoRedirects(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    secure = BoundedHttps(context=tls) if tls else BoundedHttps()
    return build_opener(NoRedirects, BoundedHttp, secure)
