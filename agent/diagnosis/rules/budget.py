"""PodDisruptionBudgets: one that allows no disruption at all, or guards unhealthy pods."""

from collections.abc import Iterator

from agent.diagnosis.advice import edit
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.budget import count, guarded_pods, guards, is_short
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.selector import selector_text
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import rule
from agent.diagnosis.state import State

STRICT = cause("pdb-allows-no-disruption")
UNHEALTHY = cause("pdb-pods-unhealthy")
EMPTY = cause("pdb-selects-nothing")

OVERLAP = cause("pdb-overlap")


@rule("PodDisruptionBudget", finds=(EMPTY, OVERLAP, STRICT, UNHEALTHY))
def budget(case: Case, obj: Obj) -> Iterator[Finding | State]:
    """Compare the number of healthy pods a budget requires with the actual one."""
    healthy, wanted = count(obj, "currentHealthy"), count(obj, "desiredHealthy")
    quotes = obj.quote(
        "status.expectedPods", "status.desiredHealthy", "status.currentHealthy", "status.disruptionsAllowed"
    )
    pods = guarded_pods(case, obj)
    if isinstance(pods, Lack):
        return
    if other := _other(case, obj, pods):
        yield _overlap(obj, other)
    elif not pods and count(obj, "expectedPods") == 0:
        yield _empty(case, obj, quotes)
    elif is_short(obj):
        headline = f"Budget {obj.ref.name} has {healthy} of the {wanted} healthy pods it requires"
        see = Recommendation(
            "repairing the pods it guards",
            "See which pods are not ready and why.",
            kubectl(obj.ref.namespace, "get pods -l {selector}", selector=obj.at("spec.selector")),
            "none",
        )
        claim = Claim(headline, quotes + obj.quote_condition("DisruptionAllowed"))
        yield Finding(UNHEALTHY, obj.ref, headline, (claim,), Sure.POSSIBLE, (see,))
    elif count(obj, "disruptionsAllowed") == 0:
        yield _strict(obj, healthy, quotes)
    else:
        words = f"{obj.ref} has pods to spare: {healthy} are healthy, {wanted} are required."
        yield State("healthy", obj.ref, words, quotes, settles=case.is_subject)


def _other(case: Case, obj: Obj, pods: list[Obj]) -> Obj | None:
    """Another budget that guards one of its pods."""
    why = f"are the pods of {obj.ref} guarded twice?"
    others = case.list("PodDisruptionBudget", obj.ref.namespace, why=why, need="some")
    mine = [b for b in others or [] if b.ref != obj.ref and any(guards(b, pod) for pod in pods)]
    return mine[0] if mine else None


def _overlap(obj: Obj, other: Obj) -> Finding:
    headline = (
        f"Budgets {obj.ref.name} and {other.ref.name} guard the same pods, so none of these can be evicted"
    )
    quotes = obj.quote("spec.selector") + other.quote("spec.selector")
    sentence = f"Keep one of {obj.ref.name} and {other.ref.name}, or make their selectors exclude each other."
    advice = edit(
        obj.ref, "keeping one budget for these pods", sentence, kubectl(obj.ref.namespace, "get pdb")
    )
    return Finding(OVERLAP, obj.ref, headline, (Claim(headline, quotes),), Sure.STATED, (advice,))


def _strict(obj: Obj, healthy: int, quotes: tuple[Quote, ...]) -> Finding:
    rule = obj.quote("spec.minAvailable", "spec.maxUnavailable")
    said = "maxUnavailable" if obj.at("spec.maxUnavailable") is not None else "minAvailable"
    value = obj.at(f"spec.{said}")
    headline = (
        f"Budget {obj.ref.name} ({said}: {value}) never allows a disruption: all {healthy} pods must stay"
    )
    sentence = "Set maxUnavailable to 1, or run one replica more than minAvailable."
    advice = edit(
        obj.ref, "letting one pod be unavailable", sentence, kubectl(obj.ref.namespace, "get pdb"), "low"
    )
    return Finding(STRICT, obj.ref, headline, (Claim(headline, rule + quotes),), Sure.STATED, (advice,))


def _empty(case: Case, obj: Obj, quotes: tuple[Quote, ...]) -> Finding:
    selector = selector_text(obj.at("spec.selector"))
    none = case.none_listed("Pod", obj.ref.namespace, label=selector) if selector else None
    headline = f"Budget {obj.ref.name} guards no pod: its selector ({selector or 'empty'}) matches none"
    advice = edit(
        obj.ref, "correcting its selector", "Select the labels of the pods it is meant to guard.", risk="low"
    )
    claim = Claim(headline, quotes + ((none,) if none else ()))
    return Finding(EMPTY, obj.ref, headline, (claim,), Sure.LIKELY, (advice,))
