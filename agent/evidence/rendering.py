"""Rendering: plain data as lines of `path: value`, so that any fact can be quoted by one line."""

from collections.abc import Iterator
from typing import Any

Line = tuple[str, str]


def lines(data: Any, path: str = "") -> Iterator[Line]:
    """Yield (path, value) for each leaf; list elements with a name or type are addressed by it."""
    if isinstance(data, dict):
        for key in sorted(data):
            yield from lines(data[key], f"{path}.{key}" if path else str(key))
    elif isinstance(data, list):
        if _is_points(data):
            yield path, " ".join(f"{value:.6g}" for _, value in data)
            return
        for position, item in enumerate(data):
            yield from lines(item, f"{path}[{label(item, position)}]")
    elif data is not None:
        yield path, _scalar(data)


def render(data: Any) -> str:
    """The text of an answer: logs as they are, everything else line by line."""
    if isinstance(data, str):
        return data
    return "\n".join(f"{path}: {value}" for path, value in lines(data))


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def label(item: Any, position: int) -> str:
    """How a list element is addressed: by metadata.name, name or type, as people do, else by its place."""
    if isinstance(item, dict):
        meta = item.get("metadata")
        if isinstance(meta, dict) and "involvedObject" not in item and meta.get("name"):
            return str(meta["name"])
        for key in ("name", "type"):
            if isinstance(item.get(key), str) and "involvedObject" not in item:
                return str(item[key])
    return str(position)


def _is_points(data: list[Any]) -> bool:
    """Whether this is a series: [[unix seconds, number], ...]."""
    return bool(data) and all(
        isinstance(p, list) and len(p) == 2 and all(isinstance(n, int | float) for n in p) for p in data
    )
