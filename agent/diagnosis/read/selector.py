"""Label selectors, as text."""

from typing import Any


def selector_text(selector: dict[str, Any] | None) -> str:
    """A LabelSelector (or a plain map of labels) as the API takes it in a query, empty when it selects nothing."""
    if not selector:
        return ""
    labels = (
        selector.get("matchLabels")
        if ("matchLabels" in selector or "matchExpressions" in selector)
        else selector
    )
    terms = [f"{key}={value}" for key, value in sorted((labels or {}).items())]
    for rule in selector.get("matchExpressions") or []:
        key, values = rule.get("key"), ",".join(rule.get("values") or [])
        match rule.get("operator"):
            case "In":
                terms.append(f"{key} in ({values})")
            case "NotIn":
                terms.append(f"{key} notin ({values})")
            case "Exists":
                terms.append(f"{key}")
            case "DoesNotExist":
                terms.append(f"!{key}")
    return ",".join(terms)
