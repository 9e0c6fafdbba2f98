"""Naming: which Services of its namespace a program names in its words, whatever stands around the name."""

import re

from agent.diagnosis.case import Case
from agent.diagnosis.facts.fact import fact
from agent.diagnosis.logs.recurring import Trouble, troubles
from agent.diagnosis.read.pod import Container
from agent.diagnosis.read.thing import Log
from agent.ref import Ref

SHORTEST = 4
"""Characters of a name without a hyphen: `api` and `db` are words, too."""
MOST_TROUBLES = 6


@fact
def services_named(case: Case, namespace: str, words: str) -> list[Ref]:
    """The Services of a namespace that stand in these words by their names."""
    known = case.list("Service", namespace, why="which Services does a log name?", need="some") or []
    named = [each.ref for each in known if _stands_in(each.ref.name, words)]
    return sorted(named, key=lambda ref: (words.find(ref.name), ref.name))


def _stands_in(name: str, words: str) -> bool:
    if len(name) < SHORTEST and "-" not in name:
        return False
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words))


def named_in_troubles(case: Case, container: Container) -> dict[Ref, tuple[Log, Trouble]]:
    """The Services that a container names where its log tells of trouble, each with the line that does."""
    pod = container.pod
    log = case.log(pod.ref, container.name, why=f"what does {container.called} complain of?")
    found: dict[Ref, tuple[Log, Trouble]] = {}
    if not log:
        return found
    for trouble in troubles(log.text)[:MOST_TROUBLES]:
        for service in services_named(case, pod.ref.namespace, trouble.message):
            found.setdefault(service, (log, trouble))
    return found
