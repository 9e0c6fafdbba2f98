"""The opener: HTTP that follows no redirect, so that what is sent, a token or a verdict, reaches no other host."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssl import SSLContext
    from urllib.request import OpenerDirector


def opener(tls: "SSLContext | None" = None) -> "OpenerDirector":
    """Make one; a redirect is an HTTPError like any other answer but 2xx. Imports urllib only when it is needed."""
    from urllib.request import HTTPRedirectHandler, HTTPSHandler, build_opener

    class NoRedirects(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    return build_opener(NoRedirects, HTTPSHandler(context=tls)) if tls else build_opener(NoRedirects)
