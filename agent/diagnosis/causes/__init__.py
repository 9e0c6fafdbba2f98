"""The closed vocabulary of causes: what can be wrong, one file per family, and the code names each by its id."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there
_WORDS = ("title", "meaning", "shows", "remedy")


@dataclass(frozen=True)
class Cause:
    """One thing that can be wrong.

    `id` is what results carry, `family` the file it is defined in; `title` a noun phrase; `meaning`, `shows`
    (how it shows in a cluster) and `remedy` are sentences for people; `confused_with` names causes that
    look alike. `symptom` marks what only shows that something else is wrong (a crash loop, a pod not
    ready): it is the verdict only if nothing deeper is found. `explains` names causes, or with
    `FAMILY/*` all of a family, that are consequences of this one: on the same object they do not compete.
    """

    id: str
    family: str
    title: str
    meaning: str
    shows: str
    remedy: str
    symptom: bool = False
    explains: tuple[str, ...] = ()
    confused_with: tuple[str, ...] = ()

    def does_explain(self, other: "Cause") -> bool:
        """Whether the other one is a consequence of this one."""
        return other.id in self.explains or f"{other.family}/*" in self.explains


@cache
def causes() -> dict[str, Cause]:
    """Every cause by its id, family by family; raises ValueError for an entry that is not one."""
    known: dict[str, Cause] = {}
    for each in _read():
        if each.id in known:
            raise ValueError(
                f"cause {each.id!r} is in both {known[each.id].family}.yaml and {each.family}.yaml"
            )
        known[each.id] = each
    families = {f"{each.family}/*" for each in known.values()}
    for each in known.values():
        if unknown := set(each.confused_with + each.explains) - set(known) - families:
            raise ValueError(
                f"cause {each.id!r} names causes that do not exist: {', '.join(sorted(unknown))}"
            )
    return known


def cause(id: str) -> Cause:
    """The cause with that id; raises ValueError if no file defines it."""
    if found := causes().get(id):
        return found
    raise ValueError(f"no file in agent/diagnosis/causes defines the cause {id!r}")


def _read() -> Iterator[Cause]:
    files = [file for file in resources.files(__package__).iterdir() if file.name.endswith(".yaml")]
    for file in sorted(files, key=lambda each: each.name):
        family = file.name.removesuffix(".yaml")
        for id, entry in (yaml.load(file.read_text("utf-8"), Loader=_LOADER) or {}).items():
            yield _checked(id, family, entry)


def _checked(id: str, family: str, entry: dict[str, Any]) -> Cause:
    """Return one entry as a cause; it must have every text and no unknown keys."""
    where = f"cause {id!r} of {family}.yaml"
    if unknown := set(entry) - {*_WORDS, "symptom", "explains", "confused_with"}:
        raise ValueError(f"{where} has unknown keys: {', '.join(sorted(unknown))}")
    if missing := [key for key in _WORDS if not isinstance(entry.get(key), str) or not entry[key]]:
        raise ValueError(f"{where} lacks {', '.join(missing)}")
    if re.match(r"[a-z]|(?:A|An|The|No) ", entry["title"]):
        raise ValueError(
            f"{where}: the title must be a noun phrase that begins with a capital letter and no article"
        )
    texts: dict[str, Any] = {key: entry[key] for key in _WORDS}
    lists: dict[str, Any] = {key: tuple(entry.get(key) or ()) for key in ("explains", "confused_with")}
    return Cause(id, family, symptom=entry.get("symptom") is True, **texts, **lists)
