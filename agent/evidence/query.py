"""Queries: one line of text names one read, the same in plans, tools, recordings and the ledger."""

import re
from dataclasses import dataclass
from typing import Self

GRAMMAR = """\
get KIND NAMESPACE/NAME                  one object; cluster-scoped kinds: get Node NAME
list KIND NAMESPACE [label=SELECTOR] [field=SELECTOR]
                                         objects of a namespace; "*" means all namespaces
events NAMESPACE [KIND/NAME]             events about one object, or the warnings of a namespace
logs NAMESPACE/POD CONTAINER [previous]  the last lines of a container
usage NAMESPACE [POD]                    current CPU and memory, from metrics-server
metrics PROMQL                           a Prometheus range over the hours around the alert"""

_WORD = r"[^\s/]+"
_FORMS = {
    "get": re.compile(rf"get (?P<kind>{_WORD}) (?:(?P<namespace>{_WORD})/)?(?P<name>{_WORD})"),
    "list": re.compile(
        rf"list (?P<kind>{_WORD}) (?P<namespace>{_WORD})"
        r"(?: label=(?P<label>.+?))?(?: field=(?P<field>\S+))?"
    ),
    "events": re.compile(rf"events (?P<namespace>{_WORD})(?: (?P<kind>{_WORD})/(?P<name>{_WORD}))?"),
    "logs": re.compile(
        rf"logs (?P<namespace>{_WORD})/(?P<name>{_WORD}) (?P<container>{_WORD})(?P<previous> previous)?"
    ),
    "usage": re.compile(rf"usage (?P<namespace>{_WORD})(?: (?P<name>{_WORD}))?"),
    "metrics": re.compile(r"metrics (?P<promql>.+)", re.DOTALL),
}


class QueryError(ValueError):
    """A text that is not a query; the message says which forms exist."""


@dataclass(frozen=True)
class Query:
    """One read. `verb` is get, list, events, logs, usage or metrics; the rest is empty where it does not apply.

    `namespace` is empty for cluster-scoped objects and "*" for a list over all namespaces.
    `label` and `field` are selectors as the Kubernetes API takes them.
    """

    verb: str
    kind: str = ""
    namespace: str = ""
    name: str = ""
    container: str = ""
    previous: bool = False
    label: str = ""
    field: str = ""
    promql: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a query back from its text; raises QueryError."""
        text = text.strip()
        form = _FORMS.get(text.partition(" ")[0])
        match = form.fullmatch(text) if form else None
        if match is None:
            raise QueryError(f"not a query: {text[:80]!r}; the forms are:\n{GRAMMAR}")
        parts = {name: value or "" for name, value in match.groupdict().items()}
        previous = bool(parts.pop("previous", ""))
        return cls(verb=text.partition(" ")[0], previous=previous, **parts)

    def __str__(self) -> str:
        """The canonical text: what a recording is keyed by."""
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        match self.verb:
            case "get":
                return f"get {self.kind} {where}"
            case "list":
                label = f" label={self.label}" if self.label else ""
                return f"list {self.kind} {self.namespace}{label}" + (
                    f" field={self.field}" if self.field else ""
                )
            case "events":
                about = f" {self.kind}/{self.name}" if self.kind else ""
                return f"events {self.namespace}{about}"
            case "logs":
                return f"logs {where} {self.container}" + (" previous" if self.previous else "")
            case "usage":
                return f"usage {self.namespace}" + (f" {self.name}" if self.name else "")
            case _:
                return f"metrics {self.promql}"


def get(kind: str, namespace: str, name: str) -> Query:
    """Ask for one object; `namespace` is empty for cluster-scoped kinds."""
    return Query("get", kind=kind, namespace=namespace, name=name)


def listing(kind: str, namespace: str, *, label: str = "", field: str = "") -> Query:
    """Ask for the objects of a kind; the namespace of a cluster-scoped kind is "*"."""
    return Query("list", kind=kind, namespace=namespace or "*", label=label, field=field)


def events(namespace: str, kind: str = "", name: str = "") -> Query:
    """Ask for the events about one object, or without one for a namespace's warnings."""
    return Query("events", namespace=namespace or "default", kind=kind, name=name)


def logs(namespace: str, pod: str, container: str, *, previous: bool = False) -> Query:
    """Ask for the last lines of a container, or of its previous instance."""
    return Query("logs", namespace=namespace, name=pod, container=container, previous=previous)


def usage(namespace: str, pod: str = "") -> Query:
    """Ask metrics-server for current CPU (cores) and memory (bytes)."""
    return Query("usage", namespace=namespace, name=pod)


def metrics(promql: str) -> Query:
    """Ask Prometheus for a range of an expression around the alert."""
    return Query("metrics", promql=promql)
