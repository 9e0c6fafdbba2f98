"""Paging: the objects of a collection of any size, page by page, as the API server hands them out."""

import time
from collections.abc import Iterator
from typing import Any

from agent.evidence.kube_api import KubeApi
from agent.evidence.reading import Refusal

PAGE = 250  # objects: few enough to be held as plain data, enough to read ten thousand in time


class Pages:
    """The objects of a collection, as far as the server gives them within `seconds`.

    A first page that is refused raises Refusal. After that a page that does not come ends the collection, and
    `cut_short` says why in words; it is empty when the end was reached.
    """

    def __init__(self, api: KubeApi, path: str, selectors: dict[str, str], seconds: float) -> None:
        self._api, self._path, self._seconds = api, path, seconds
        self._parameters: dict[str, str | int] = {"limit": PAGE} | {k: v for k, v in selectors.items() if v}
        self.cut_short = ""

    def __iter__(self) -> Iterator[Any]:
        end = time.monotonic() + self._seconds
        page = self._api.get(self._path, **self._parameters)
        while True:
            items, meta = page.get("items"), page.get("metadata")
            yield from items if isinstance(items, list) else []
            meta = meta if isinstance(meta, dict) else {}
            token, remaining = str(meta.get("continue") or ""), meta.get("remainingItemCount")
            if not token:
                return
            rest = f"; {remaining} more were to come" if isinstance(remaining, int) else ""
            if token == self._parameters.get("continue"):
                self.cut_short = "the server gives the same page again"
                return
            self._parameters["continue"] = token
            try:
                page = self._next(end)
            except Refusal as refusal:
                self.cut_short = refusal.message + rest
                return

    def _next(self, end: float) -> dict[str, Any]:
        """The next page; one whose token has expired by the token that the server gives in its place."""
        try:
            return self._get(end)
        except Refusal as refusal:
            if not refusal.remainder:
                raise
            self._parameters["continue"] = refusal.remainder
            return self._get(end)

    def _get(self, end: float) -> dict[str, Any]:
        left = end - time.monotonic()
        if left <= 0:
            raise Refusal("timed-out", f"{self._seconds:g} s were over (--read-timeout)")
        return self._api.within(round(left, 1) + 0.1).get(self._path, **self._parameters)
