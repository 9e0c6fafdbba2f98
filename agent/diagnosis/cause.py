"""The closed vocabulary of causes: each is declared once, beside the analyzer that finds it."""

from dataclasses import dataclass

REGISTRY: dict[str, "Cause"] = {}


@dataclass(frozen=True)
class Cause:
    """One thing that can be wrong.

    `id` is what results carry; `title` a noun phrase; `meaning`, `shows` (how it shows in a cluster)
    and `remedy` are sentences for people; `confused_with` names causes that look alike.
    `symptom` marks what is only the surface of something else (a crash loop, a pod not ready):
    it is reported as the cause only where nothing deeper is found.
    """

    id: str
    family: str
    title: str
    meaning: str
    shows: str
    remedy: str
    confused_with: tuple[str, ...] = ()
    symptom: bool = False


def declare(cause: Cause) -> Cause:
    """Add a cause to the vocabulary; raises ValueError when its id is taken."""
    if cause.id in REGISTRY:
        raise ValueError(f"cause {cause.id!r} is declared twice")
    REGISTRY[cause.id] = cause
    return cause
