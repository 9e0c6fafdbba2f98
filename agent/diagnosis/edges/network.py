"""The path of a request: an Ingress, its Services, the workloads behind them."""

from collections.abc import Iterator

from agent.diagnosis.case import Case
from agent.diagnosis.facts.backends import backends, workloads_behind
from agent.diagnosis.facts.front import alias_of, services_behind
from agent.diagnosis.facts.graph import pods_of, workload_of
from agent.diagnosis.facts.load import is_about
from agent.diagnosis.read.thing import Obj
from agent.diagnosis.registry import edge
from agent.ref import Ref


@edge("Service")
def workloads(case: Case, service: Obj) -> Iterator[Ref]:
    """The workloads of its pods if some are ready; otherwise its own finding leads to them."""
    behind = backends(case, service)
    if behind is not None and behind.ready:
        yield from workloads_behind(case, behind)


@edge("Service")
def measured(case: Case, service: Obj) -> Iterator[Ref]:
    """The workload of its pods: an alert about a Service's metrics is about what is behind it."""
    if any(is_about(case, family) for family in ("cpu", "memory", "traffic")):
        for pod in (pods_of(case, service) or [])[:1]:
            yield workload_of(case, pod).ref


@edge("Service")
def alias(case: Case, service: Obj) -> Iterator[Ref]:
    """The Service that an ExternalName is an alias for, if it exists."""
    target = alias_of(service)
    if target and case.obj(target, f"{service.ref} is an alias for {target}"):
        yield target


@edge("EndpointSlice", "Endpoints")
def service(case: Case, slice_: Obj) -> Iterator[Ref]:
    """The Service it belongs to."""
    name = slice_.labels.get("kubernetes.io/service-name") or slice_.ref.name
    yield Ref("Service", slice_.ref.namespace, str(name))


@edge("Ingress")
def services(case: Case, ingress: Obj) -> Iterator[Ref]:
    """The Services it routes to, if they exist."""
    for backend, _ in services_behind(ingress):
        name = str(backend.get("name") or "")
        if case.get("Service", ingress.ref.namespace, name, f"{ingress.ref} routes to it"):
            yield Ref("Service", ingress.ref.namespace, name)
