"""Paging: the objects of a collection of any size, page by page, as the API server hands them out."""

import time
from typing import Any

from agent.evidence.decoding import Each
from agent.evidence.identity import listed
from agent.evidence.kinds import Resource
from agent.evidence.kube_api import KubeApi
from agent.evidence.reading import Refusal

PAGE = 250  # objects: few enough for a server to answer quickly, enough to read ten thousand in time


class Pages:
    """The objects of a collection, as far as the server returns them within `seconds`.

    `cut_short` says in words why the end was not reached; it is empty when it was.
    """

    def __init__(
        self, api: KubeApi, resource: Resource, namespace: str, selectors: dict[str, str], seconds: float
    ) -> None:
        self._api, self._resource, self._seconds = api, resource, seconds
        self._path = resource.path(namespace)
        self._parameters: dict[str, str | int] = {"limit": PAGE} | {k: v for k, v in selectors.items() if v}
        self.cut_short = ""

    def read(self, keep: Each) -> None:
        """Give each object to `keep` as soon as it is read. Raises Refusal when the first page is refused."""
        end = time.monotonic() + self._seconds
        page = self._page(self._api, keep)
        while True:
            meta = page.get("metadata")
            meta = meta if isinstance(meta, dict) else {}
            token, remaining = str(meta.get("continue") or ""), meta.get("remainingItemCount")
            if not token:
                return
            rest = f"; {remaining} more remained" if isinstance(remaining, int) else ""
            if token == self._parameters.get("continue"):
                self.cut_short = "the server returned the same page again"
                return
            self._parameters["continue"] = token
            try:
                page = self._next(end, keep)
            except Refusal as refusal:
                self.cut_short = refusal.message + rest
                return

    def _next(self, end: float, keep: Each) -> dict[str, Any]:
        """The next page; if its token has expired, by the token that the server gives instead."""
        try:
            return self._get(end, keep)
        except Refusal as refusal:
            if not refusal.remainder:
                raise
            self._parameters["continue"] = refusal.remainder
            return self._get(end, keep)

    def _get(self, end: float, keep: Each) -> dict[str, Any]:
        left = end - time.monotonic()
        if left <= 0:
            raise Refusal("timed-out", f"{self._seconds:g} s time limit reached (--read-timeout)")
        return self._page(self._api.within(round(left, 1) + 0.1), keep)

    def _page(self, api: KubeApi, keep: Each) -> dict[str, Any]:
        page = api.get(self._path, self._resource.list_kind, keep, **self._parameters)
        listed(page)
        return page
