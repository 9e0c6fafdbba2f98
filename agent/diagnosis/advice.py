"""Advice: recommendations that several families of causes give."""

from typing import Any

from agent.diagnosis.command import Command, Withheld, kubectl
from agent.diagnosis.finding import Recommendation, Risk
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
    """Change an object by hand, where the right value cannot be known from outside."""
    return Recommendation(action, sentence, on(ref, "edit"), risk, verify or watch(ref))


def look(ref: Ref, action: str, sentence: str) -> Recommendation:
    """Read more about an object."""
    return Recommendation(action, sentence, on(ref, "describe"), "none")


def roll_back(ref: Ref) -> Recommendation:
    """Put the earlier version of a workload back."""
    return Recommendation(
        action="rolling back the last change",
        sentence=f"Roll {handle(ref)} back to the version that worked, then correct the change at leisure.",
        command=on(ref, "rollout undo"),
        risk="medium",
        verify=watch(ref),
    )


def watch(ref: Ref) -> Command | Withheld:
    """The command that shows whether a change of a workload has helped."""
    if ref.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        return on(ref, "rollout status")
    return on(ref, "get")


def read_log(pod: Ref, container: str, *, previous: bool = False) -> Command | Withheld:
    """The command that prints a container's log, or that of the instance before."""
    words = "logs {name} -c {container} --previous" if previous else "logs {name} -c {container}"
    return kubectl(pod.namespace, words, name=pod.name, container=container)
