"""Advice: recommendations that several families of causes give, with commands that can be pasted."""

from agent.diagnosis.finding import Recommendation, Risk
from agent.ref import Ref


def kubectl(namespace: str, words: str) -> str:
    """A kubectl command in a namespace; in none for cluster-scoped objects."""
    return f"kubectl -n {namespace} {words}" if namespace else f"kubectl {words}"


def handle(ref: Ref) -> str:
    """An object as kubectl takes it: `deployment/web`."""
    return f"{ref.kind.lower()}/{ref.name}"


def on(ref: Ref, verb: str, rest: str = "") -> str:
    """`kubectl -n NS VERB kind/name REST`."""
    return kubectl(ref.namespace, f"{verb} {handle(ref)} {rest}".rstrip())


def edit(ref: Ref, action: str, sentence: str, verify: str = "", risk: Risk = "medium") -> Recommendation:
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


def watch(ref: Ref) -> str:
    """The command that shows whether a change of a workload has helped."""
    if ref.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        return on(ref, "rollout status")
    return on(ref, "get")
