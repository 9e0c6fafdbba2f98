"""Identity: whether what the API answered is what it was asked for. Any server may listen at an address."""

from typing import Any

from agent.evidence.kinds import Resource
from agent.evidence.reading import Refusal


def check_object(item: Any, resource: Resource, namespace: str, name: str = "") -> None:
    """Raise Refusal unless it is an object of that kind, from that namespace and, if one is given, of that name."""
    meta = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(meta, dict) or item.get("kind", resource.kind) != resource.kind:
        raise Refusal("error", f"the answer contains something that is not a {resource.kind}")
    elsewhere = resource.namespaced and namespace not in ("", "*", meta.get("namespace", namespace))
    if elsewhere or name not in ("", meta.get("name")):
        other = f"{meta.get('namespace') or ''}/{meta.get('name') or ''}"[:320]
        raise Refusal(
            "error", f"the answer is the {resource.kind} {other.lstrip('/')}, which was not asked for"
        )


def listed(page: dict[str, Any]) -> list[Any]:
    """The items of a list; the API writes none as null, too."""
    items = page.get("items")
    if not isinstance(items, list | None):
        raise Refusal("error", "the answer is a list without items")
    return items or []


def is_missing(refusal: Refusal, resource: Resource, namespace: str, name: str) -> bool:
    """Whether what the API reports missing is the object asked for, and not something on the way to it."""
    kind, missing = refusal.missing
    words = (resource.plural, resource.kind.casefold(), f"{resource.kind.casefold()}s")
    return kind.casefold() in words and missing in (name, f"{namespace}/{name}")
