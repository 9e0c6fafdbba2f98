"""Advice: recommendations that several families of causes give."""

from collections.abc import Iterator
from typing import Any

from agent.diagnosis.command import Command, Withheld, kubectl
from agent.diagnosis.finding import Recommendation, Risk
from agent.diagnosis.read.thing import Log
from agent.kinds import ROLLED_OUT
from agent.ref import Ref


def handle(ref: Ref) -> str:
    """An object as sentences name it: `deployment/web`."""
    return f"{ref.kind.lower()}/{ref.name}"


def on(ref: Ref, verb: str, rest: str = "", **values: Any) -> Command | Withheld:
    """`kubectl -n NS VERB kind/name REST`; verb and rest are constant, `values` fill the slots of the rest."""
    return kubectl(ref.namespace or None, f"{verb} {{object}} {rest}", object=ref, **values)


def edit(
    ref: Ref, action: str, sentence: str, verify: Command | Withheld | None = None, risk: Risk = "medium"
) -> Recommendation:
    """Change an object by hand, if the right value cannot be known from outside."""
    if note := _FIXED.get(ref.kind):
        return Recommendation(
            action, f"{sentence} {note}", on(ref, "get", "-o yaml"), risk, verify or watch(ref)
        )
    return Recommendation(action, sentence, on(ref, "edit"), risk, verify or watch(ref))


_FIXED = {
    "Job": "An existing Job cannot be changed this way: delete it and create it again.",
    "Pod": "An existing pod cannot be changed this way: delete it and create it again.",
    "PersistentVolumeClaim": "An existing claim cannot be changed this way: delete it and create it again.",
}
"""Kinds whose spec cannot be edited, except for fields that no advice is about."""


def look(ref: Ref, action: str, sentence: str) -> Recommendation:
    """Read more about an object."""
    return Recommendation(action, sentence, on(ref, "describe"), "none")


def roll_back(ref: Ref) -> Recommendation:
    """Put the earlier version of a workload back."""
    return Recommendation(
        action="rolling back the last change",
        sentence=f"Roll {handle(ref)} back to the version that worked, then fix the change.",
        command=on(ref, "rollout undo"),
        risk="medium",
        verify=watch(ref),
    )


def watch(ref: Ref) -> Command | Withheld:
    """The command that shows whether a change of a workload has helped."""
    if ref.kind in ROLLED_OUT:
        return on(ref, "rollout status")
    if ref.kind == "CronJob":
        return kubectl(ref.namespace, "get jobs")
    return on(ref, "get")


def read_log(log: Log | None, action: str, sentence: str) -> Iterator[Recommendation]:
    """Read the log of a container; nothing where the log was not read or is empty."""
    if log is None or not log.text.strip():
        return
    asked = log.evidence.query
    words = "logs {name} -c {container} --previous" if asked.previous else "logs {name} -c {container}"
    command = kubectl(asked.namespace, words, name=asked.name, container=asked.container)
    yield Recommendation(action, sentence, command, "none")
