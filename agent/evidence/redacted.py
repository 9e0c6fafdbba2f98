"""Redacted: the texts a redactor has seen, and what it made of them: objects of a cluster repeat theirs."""

LONGEST = 1 << 13
MOST = 1 << 19
"""Characters that are kept of all texts, about."""
_ENTRY = 128  # what an entry takes besides its characters


class Redacted:
    """What texts became, as long as nothing further is learned; it forgets all when it is full."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._size = 0

    def get(self, text: str) -> str | None:
        """What the text became, None if that is not known."""
        return self._texts.get(text)

    def add(self, text: str, redacted: str) -> None:
        """Note what a text became, unless it is so long that it will hardly stand there twice."""
        if len(text) > LONGEST:
            return
        if self._size > MOST:
            self._texts.clear()
            self._size = 0
        self._texts[text] = redacted
        self._size += _ENTRY + len(text) + len(redacted)
