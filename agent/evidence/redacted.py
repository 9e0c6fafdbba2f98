"""Redacted: the texts a redactor has seen, and their redacted form: objects of a cluster repeat their texts."""

LONGEST = 1 << 13
MOST = 1 << 19
"""Characters that are kept of all texts, about."""
_ENTRY = 128  # what an entry takes besides its characters


class Redacted:
    """Redacted forms of texts, valid until a new secret is learned; it forgets all when it is full."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._size = 0

    def get(self, text: str) -> str | None:
        """The redacted form of the text, None if it is not known."""
        return self._texts.get(text)

    def add(self, text: str, redacted: str) -> None:
        """Note the redacted form of a text, unless it is so long that it will hardly occur twice."""
        if len(text) > LONGEST:
            return
        if self._size > MOST:
            self._texts.clear()
            self._size = 0
        self._texts[text] = redacted
        self._size += _ENTRY + len(text) + len(redacted)
