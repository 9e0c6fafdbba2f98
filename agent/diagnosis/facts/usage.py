"""Usage: what the containers of a workload use now, against their limits (metrics-server)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.facts.graph import has_all_pods
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj, cut, dig
from agent.evidence import query as q
from agent.evidence.ledger import Evidence
from agent.quantity import parse_quantity

MOST_ASKED = 5


@dataclass(frozen=True)
class Use:
    """One container's usage. `limit` and `request` are None if its spec sets none."""

    pod: Obj
    container: str
    amount: float
    limit: float | None
    request: float | None
    quotes: tuple[Quote, ...]

    @property
    def share(self) -> float:
        """The share of its limit, 0 without one."""
        return self.amount / self.limit if self.limit else 0.0


def usage(case: Case, pods: list[Obj], resource: str) -> list[Use] | Lack:
    """What the containers of these pods use of cpu (cores) or memory (bytes), nearest to a limit first."""
    if not pods:
        return []
    query = q.usage(pods[0].ref.namespace)
    found = case.ask(query, f"how much {resource} do the pods use now?")
    if isinstance(found, Lack):
        return found
    named = {pod.ref.name: pod for pod in pods}
    left = case.first(_untold(found, pods), MOST_ASKED, "pods outside the listed top users")
    uses = []
    for source, place, item in _entries(case, found, left):
        pod, amount = named.get(str(item.get("pod"))), item.get(resource)
        if pod is None or amount is None:
            continue
        name = str(item.get("container") or "")
        path = f"spec.containers[{name}].resources"
        line = Quote(source.id, cut(f"[{place}].{resource}: {amount}"))
        uses.append(
            Use(
                pod=pod,
                container=name,
                amount=float(amount),
                limit=bound(pod, name, f"limits.{resource}"),
                request=bound(pod, name, f"requests.{resource}"),
                quotes=(line, *pod.quote(f"{path}.limits.{resource}")),
            )
        )
    return sorted(uses, key=lambda use: (-use.share, -use.amount))


def covers(case: Case, workload: Obj, pods: list[Obj]) -> bool:
    """Whether `usage` covers every pod of a workload, so that none can use more than the first it names."""
    found = case.ask(q.usage(workload.ref.namespace))
    return (
        has_all_pods(case, workload)
        and not isinstance(found, Lack)
        and len(_untold(found, pods)) <= MOST_ASKED
    )


def _untold(found: Evidence, pods: list[Obj]) -> list[Obj]:
    """The pods that are missing from a list of the top users."""
    told = {item.get("pod") for item in found.data or []}
    return [pod for pod in pods if pod.ref.name not in told] if found.truncated else []


def _entries(
    case: Case, found: Evidence, left: Sequence[Obj]
) -> Iterator[tuple[Evidence, int, dict[str, Any]]]:
    """The measured containers, and their place in the evidence; pods left out are asked for one by one."""
    asked = [
        case.ask(q.usage(pod.ref.namespace, pod.ref.name), f"how much does {pod.ref} use now?")
        for pod in left
    ]
    for source in [found, *(each for each in asked if not isinstance(each, Lack))]:
        yield from ((source, place, item) for place, item in enumerate(source.data or []))


def bound(pod: Obj, container: str, path: str) -> float | None:
    """A container's limit or request (`limits.cpu`) in base units, None without one."""
    text = dig(pod.at(f"spec.containers[{container}].resources") or {}, path)
    try:
        return parse_quantity(text) if text is not None else None
    except ValueError:
        return None
