"""Use: what the containers of a workload take right now, against what they may take (metrics-server)."""

from dataclasses import dataclass

from agent.diagnosis.case import Case
from agent.diagnosis.finding import Quote
from agent.diagnosis.thing import Obj, cut, dig
from agent.evidence import query as q
from agent.quantity import parse_quantity


@dataclass(frozen=True)
class Use:
    """One container's use. `limit` and `request` are None where its specification sets none."""

    pod: Obj
    container: str
    amount: float
    limit: float | None
    request: float | None
    quotes: tuple[Quote, ...]

    @property
    def share(self) -> float:
        """Of its limit, 0 without one."""
        return self.amount / self.limit if self.limit else 0.0


def usage(case: Case, pods: list[Obj], resource: str) -> list[Use] | None:
    """What the containers of these pods use of cpu (cores) or memory (bytes), nearest to a limit first.

    None while unread or where no metrics-server answers.
    """
    if not pods:
        return []
    query = q.usage(pods[0].ref.namespace)
    found = case.ask(query, f"how much {resource} do the pods use now?")
    if found is None or not found.ok:
        return None
    named = {pod.ref.name: pod for pod in pods}
    uses = []
    for place, item in enumerate(found.data or []):
        pod, amount = named.get(item.get("pod")), item.get(resource)
        if pod is None or amount is None:
            continue
        name = str(item.get("container") or "")
        path = f"spec.containers[{name}].resources"
        line = Quote(found.id, cut(f"[{place}].{resource}: {amount}"))
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


def bound(pod: Obj, container: str, path: str) -> float | None:
    """A container's limit or request (`limits.cpu`) in base units, None without one."""
    text = dig(pod.at(f"spec.containers[{container}].resources") or {}, path)
    try:
        return parse_quantity(text) if text is not None else None
    except ValueError:
        return None
