"""Heads: status lines and headers of HTTP answers. http.client bounds each line, and not all of them together.

It imports an HTTP client: import it lazily.
"""

import http.client
from functools import cache
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler

MOST = 64 << 10
"""Bytes of a head, with those of the interim answers before it."""


class _Head:
    """A connection while its head is read: it ends with an error where that is too long."""

    def __init__(self, connection: Any) -> None:
        self._connection, self._left = connection, MOST

    def readline(self, most: int = -1) -> bytes:
        line: bytes = self._connection.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise http.client.HTTPException(f"more than {MOST >> 10} KiB of headers")
        return line

    def close(self) -> None:
        self._connection.close()


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        connection: Any = self.fp
        self.fp: Any = _Head(connection)  # None once it is closed
        try:
            super().begin()
        finally:
            if not self.isclosed():  # as it is where there was no answer
                self.fp = connection


@cache
def _bounded(connection: Any) -> Any:
    return type(connection.__name__, (connection,), {"response_class": _Response})


def bound_pools(manager: Any) -> None:
    """Have a pool manager of urllib3 read no head without end."""
    manager.pool_classes_by_scheme = {
        scheme: type(pool.__name__, (pool,), {"ConnectionCls": _bounded(pool.ConnectionCls)})
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }


class BoundedHttp(HTTPHandler):
    """Opens http, for urllib."""

    def do_open(self, http_class: Any, *given: Any, **options: Any) -> Any:
        """Send a request, and read no head without end."""
        return super().do_open(_bounded(http_class), *given, **options)


class BoundedHttps(HTTPSHandler):
    """Opens https, for urllib."""

    def do_open(self, http_class: Any, *given: Any, **options: Any) -> Any:
        """Send a request, and read no head without end."""
        return super().do_open(_bounded(http_class), *given, **options)
