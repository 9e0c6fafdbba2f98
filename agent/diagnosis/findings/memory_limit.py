"""The memory limit of a container that reaches it."""

from agent.diagnosis.advice import edit, on, watch
from agent.diagnosis.command import Command, Withheld
from agent.diagnosis.finding import Recommendation
from agent.kinds import ROLLED_OUT
from agent.quantity import parse_quantity
from agent.ref import Ref


def raise_limit(ref: Ref, container: str, bound: str) -> Recommendation:
    """Give a container more memory than the limit it reaches."""
    action = "raising the memory limit"
    sentence = f"Raise the memory limit above {bound} to what the program needs."
    if ref.kind not in ROLLED_OUT:
        return edit(ref, action, sentence, risk="low")
    return Recommendation(action, sentence, _raise(ref, container, bound), "low", watch(ref))


def _raise(ref: Ref, container: str, bound: str) -> Command | Withheld:
    try:
        doubled = f"{max(1, round(parse_quantity(bound) * 2 / 2**20))}Mi"
    except (ValueError, TypeError):
        return on(ref, "set resources", "-c {container} --limits=memory=<amount>", container=container)
    limit = "-c {container} --limits=memory={amount}"
    return on(ref, "set resources", limit, container=container, amount=doubled)
