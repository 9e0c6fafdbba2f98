"""From a bare name to objects: "payment-service" may be a Deployment, a Service or a label."""

from agent.diagnosis.case import Case, Lack
from agent.diagnosis.read.node import is_node_ready
from agent.diagnosis.read.thing import Obj
from agent.intake.mention import candidate_names
from agent.kinds import ROLLED_OUT
from agent.names import is_deployment_pod, owner_name
from agent.ref import Ref

MENTIONED = (*ROLLED_OUT, "Service", "CronJob", "Job")
KINDS = (*MENTIONED, "Pod")
MOST_NODES = 5
LABELS = ("app.kubernetes.io/name", "app", "app.kubernetes.io/instance", "k8s-app")


def find_subjects(case: Case) -> list[Ref]:
    """The objects the alert is about; empty while unknown, with the search noted as open questions."""
    subject = case.subject
    if subject.ref is not None and subject.ref.kind == "Namespace":
        return _within(case, subject.ref)
    if subject.ref is not None:
        return [subject.ref, *_successors(case, subject.ref)]
    if not subject.service:
        return _node_at(case, subject.node) if subject.node else _looked_at(case)
    namespace = subject.namespace or "*"
    found = _named(case, namespace)
    if found == [] and namespace != "*" and is_deployment_pod(subject.service):
        gone = Ref("Pod", namespace, subject.service)
        return [gone, *_successors(case, gone)]
    if found == [] and "place" in subject.hints:  # the "prod" of "in prod" was no namespace
        found = _named(case, "*")
    if found == [] and not subject.namespace and (space := _space(case, subject.service)):
        return _within(case, space)
    if found == [] and (found := _alike(case, namespace)) == [] and subject.namespace:
        within = _within(case, Ref("Namespace", "", subject.namespace))
        return [ref for ref in within if ref.kind != "Namespace"]  # a broken object next to it was not meant
    return _most_telling(found or [])


def _alike(case: Case, namespace: str) -> list[Obj] | None:
    """What a name that no object has may mean: its words joined ("order service"), or the one that contains it."""
    name = case.subject.service
    joined = [
        word for word in candidate_names(case.alert.text, namespace) if word != name and _holds(word, name)
    ]
    for word in joined[:2]:
        if (found := _named(case, namespace, word)) != []:
            return found
    if namespace == "*":
        return []
    lists = [case.list(kind, namespace, why=f"which workload may be {name}?") for kind in ROLLED_OUT]
    holding = [obj for found in lists for obj in found or [] if _holds(obj.ref.name, name)]
    return holding if len(holding) == 1 else []


def _holds(name: str, part: str) -> bool:
    """Whether a hyphenated name has a part: `payments-api` has `payments`."""
    return f"-{part}-" in f"-{name}-"


def _space(case: Case, name: str) -> Ref | None:
    """The namespace with that name: prose may name nothing else for certain."""
    space = case.get("Namespace", "", name, f"is {name} a namespace?")
    return space.ref if space else None


def _within(case: Case, space: Ref) -> list[Ref]:
    """The object in the namespace that the alert names first, or else the namespace; empty while unknown."""
    names = candidate_names(case.alert.text, space.name)
    why = f"does the alert name an object of {space.name}?"
    lists = [case.list(kind, space.name, why=why, need="some") for kind in MENTIONED] if names else []
    if Lack.UNREAD in lists:
        return []
    objects = [obj for found in lists for obj in found or []]
    named = [obj for name in names for obj in objects if obj.ref.name == name]
    return _most_telling([obj for obj in named if obj.ref.name == named[0].ref.name]) or [space]


def _named(case: Case, namespace: str, name: str = "") -> list[Obj] | None:
    """The objects with the subject's name (or another), or else with its label; None if not answered."""
    name, kind = name or case.subject.service, case.subject.hints.get("kind", "")
    kinds = [each for each in dict.fromkeys((kind, *case.runbook.kinds, *KINDS)) if each]
    field, why = f"metadata.name={name}", f"where is {name}?"
    lists = [case.list(k, namespace, field=field, why=why, need="some") for k in kinds]
    found = [obj for objects in lists for obj in objects or [] if obj.ref.name == name]
    if found:
        return found
    return (
        _by_label(case, namespace, name) if all(not isinstance(objects, Lack) for objects in lists) else None
    )


def _node_at(case: Case, address: str) -> list[Ref]:
    """The node with that address: host exporters give no names."""
    nodes = case.list("Node", "*", why=f"which node has the address {address}?", need="some") or []
    found = [
        node.ref for node in nodes if any(a.get("address") == address for a in node.items("status.addresses"))
    ]
    if not found:
        case.is_partial("Node", "*")  # if it is partial, that is reported
    return found


def _looked_at(case: Case) -> list[Ref]:
    """Where the runbook looks for an alert that names no object: the unhealthy nodes, or else one node."""
    found: list[Ref] = []
    for text in case.runbook.about:
        if text != "Node/*":
            found.append(Ref.parse(text))
            continue
        nodes = case.list("Node", "*", why="is every node healthy?", need="some") or []
        ill = [node.ref for node in nodes if not is_node_ready(node)]
        found += case.first(ill, MOST_NODES, "nodes that are not ready") or [node.ref for node in nodes[:1]]
    return found


def _successors(case: Case, ref: Ref) -> list[Ref]:
    """Where to look when a pod is gone: the workload its name points to, if that exists."""
    if ref.kind != "Pod" or case.absent(*_triple(ref)) is None:
        return []
    owner = owner_name("Pod", ref.name)
    kinds = (*ROLLED_OUT, "Job") if owner != ref.name else ()
    found = [case.get(kind, ref.namespace, owner, f"who owned {ref}, which is gone?") for kind in kinds]
    return [obj.ref for obj in found if obj]


def _triple(ref: Ref) -> tuple[str, str, str]:
    return ref.kind, ref.namespace, ref.name


def _by_label(case: Case, namespace: str, name: str) -> list[Obj] | None:
    why = f"what is labelled {name}?"
    lists = [
        case.list("Deployment", namespace, label=f"{label}={name}", why=why, need="some") for label in LABELS
    ]
    if any(isinstance(found, Lack) for found in lists):
        return None
    return next((found for found in lists if found), [])


def _most_telling(found: list[Obj]) -> list[Ref]:
    """One object per namespace, the best match first, and the Service of that name: it may itself be at fault."""
    chosen: dict[str, Ref] = {}
    for obj in found:
        chosen.setdefault(obj.ref.namespace, obj.ref)
    services = [obj.ref for obj in found if obj.ref.kind == "Service"]
    return list(dict.fromkeys([*chosen.values(), *services]))
