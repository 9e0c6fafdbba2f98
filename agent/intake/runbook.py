"""Runbooks: what is asked first for each class of alert. YAML data in `runbooks/`, one file per class."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from agent.evidence.query import Query
from agent.intake.alert import Alert
from agent.intake.subject import Subject
from agent.intake.topic import Topic


@dataclass(frozen=True)
class Runbook:
    """One class of alerts.

    `names` are regular expressions for the alert name, `words` for its text; the first runbook that
    matches by name, else by words, is used. `first` are queries with {kind} {namespace} {name} {container}
    {service} {node} to fill in. `families` of causes explain this alert best. `settled_by_state`: the state
    of objects shows whether the alert still holds; False if only a metric does. `about` is
    where to look when the alert names no object: references, of which `Node/*` means every node. `kinds`
    are what a bare name means first in this class. `reads_logs`: logs of healthy pods are read, too.
    """

    id: Topic
    title: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    first: tuple[str, ...]
    families: tuple[str, ...]
    settled_by_state: bool
    about: tuple[str, ...]
    kinds: tuple[str, ...]
    reads_logs: bool
    order: int

    def queries(self, subject: Subject) -> list[Query]:
        """The first questions for a subject; those that need a name it does not have are left out."""
        ref = subject.ref
        known = {
            "kind": ref.kind if ref else "",
            "namespace": (ref.namespace if ref else subject.namespace) or "",
            "name": ref.name if ref else "",
            "container": subject.container,
            "service": subject.service,
            "node": subject.node,
        }
        queries = []
        for template in self.first:
            fields = re.findall(r"\{(\w+)\}", template)
            if all(known[name] for name in fields):
                queries.append(Query.parse(template.format(**known)))
        return list(dict.fromkeys(queries))


@cache
def all_runbooks() -> tuple[Runbook, ...]:
    """Every runbook that ships, most specific first."""
    return read_runbooks(resources.files(__package__) / "runbooks")


def read_runbooks(folder: Traversable) -> tuple[Runbook, ...]:
    """The runbooks of a folder, most specific first; raises ValueError unless they are one for each topic."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = {
        file.name.removesuffix(".yaml"): file for file in folder.iterdir() if file.name.endswith(".yaml")
    }
    if odd := sorted(files.keys() ^ {*Topic}):
        raise ValueError(f"topics and runbooks differ in {', '.join(odd)}; expected one file for each Topic")
    books = [_read(topic, yaml.load(files[topic].read_text(), loader)) for topic in Topic]
    return tuple(sorted(books, key=lambda book: (book.order, book.id)))


def choose(alert: Alert) -> Runbook:
    """The runbook for an alert; the general one when no class fits."""
    books = all_runbooks()
    for book in books:
        if any(re.search(pattern, alert.name) for pattern in book.names):
            return book
    for book in books:
        if any(re.search(pattern, alert.text, re.IGNORECASE) for pattern in book.words):
            return book
    return next(book for book in books if book.id is Topic.GENERAL)


def _read(topic: Topic, data: dict[str, Any]) -> Runbook:
    return Runbook(
        id=topic,
        title=data["title"],
        names=tuple(data.get("names") or ()),
        words=tuple(data.get("words") or ()),
        first=tuple(data.get("first") or ()),
        families=tuple(data.get("families") or ()),
        settled_by_state=bool(data.get("settled_by_state", True)),
        about=tuple(data.get("about") or ()),
        kinds=tuple(data.get("kinds") or ()),
        reads_logs=bool(data.get("reads_logs", False)),
        order=int(data.get("order", 50)),
    )
