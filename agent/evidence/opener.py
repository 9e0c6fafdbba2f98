"""The opener: HTTP without redirects, so that a token or a verdict that is sent reaches no other host."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib.request import OpenerDirector


def opener() -> "OpenerDirector":
    """Make one; a redirect is an HTTPError like any other answer but 2xx. Imports urllib only when it is needed."""
    from urllib.request import HTTPRedirectHandler, build_opener

    class NoRedirects(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    return build_opener(NoRedirects)
