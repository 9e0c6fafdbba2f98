"""Admission webhooks: the configurations that declare them, and the Service each calls."""

from agent.diagnosis.read.thing import Obj
from agent.ref import Ref

CONFIGURATIONS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


def called_service(configuration: Obj | None, webhook: str) -> Ref | None:
    """The Service that a webhook of a configuration calls, or None."""
    service = configuration.at(f"webhooks[{webhook}].clientConfig.service") if configuration else None
    return Ref("Service", str(service["namespace"]), str(service["name"])) if service else None
