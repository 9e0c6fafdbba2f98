"""Images that cannot be pulled: what the runtime and the registry report about them."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.advice import edit, look, on, roll_back, watch
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.command import kubectl
from agent.diagnosis.facts.changes import recent_change
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure, one_of
from agent.diagnosis.read.pod import Container, containers, is_deleting
from agent.diagnosis.read.pull import host_in, read_pull_error, registry_of
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import QUOTE_LENGTH, Obj
from agent.diagnosis.registry import rule
from agent.kinds import ROLLED_OUT
from agent.ref import Ref

WAITING = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)


NOT_FOUND = cause("image-not-found")
ACCESS = cause("image-access-denied")
UNREACHABLE = cause("registry-unreachable")
DNS = cause("registry-dns")
TLS = cause("registry-tls")
RATE = cause("registry-rate-limit")
REGISTRY = cause("registry-error")
PLATFORM = cause("image-wrong-platform")
INVALID = cause("image-name-invalid")
NEVER = cause("image-never-pulled")
DISK = cause("node-disk-full")
FAILED = cause("image-pull-failed")
_BY_CLASS = {
    "platform": PLATFORM,
    "disk": DISK,
    "dns": DNS,
    "tls": TLS,
    "rate": RATE,
    "access": ACCESS,
    "unreachable": UNREACHABLE,
    "not-found": NOT_FOUND,
    "registry": REGISTRY,
    "other": FAILED,
}
_WORDS = {
    "image-not-found": "the registry has no image {image}",
    "image-access-denied": "the registry refuses {image} without valid credentials",
    "registry-unreachable": "the registry {host} cannot be reached to pull {image}",
    "registry-dns": "the registry name {host} in {image} does not resolve",
    "registry-tls": "the TLS connection to the registry {host} is not accepted for {image}",
    "registry-rate-limit": "the registry {host} rate-limits pulls and refuses {image}",
    "registry-error": "the registry {host} fails to serve {image}",
    "image-wrong-platform": "{image} has no variant for the node's platform",
    "image-name-invalid": "{image} is not a valid image name",
    "image-never-pulled": "{image} is not on the node and its pull policy is Never",
    "node-disk-full": "the node's disk is full, and {image} cannot be stored",
    "image-pull-failed": "{image} cannot be pulled",
}


@dataclass(frozen=True, eq=False)
class Trouble:
    """A container that waits for its image, and the message that says why."""

    container: Container
    error: str
    quotes: tuple[Quote, ...]
    cause: Cause

    @property
    def image(self) -> str:
        """The image as written in the spec."""
        return str(self.container.spec.get("image") or "")


@rule(
    "Pod",
    finds=(ACCESS, DISK, DNS, FAILED, INVALID, NEVER, NOT_FOUND, PLATFORM, RATE, REGISTRY, TLS, UNREACHABLE),
)
def image_trouble(case: Case, pod: Obj) -> Iterator[Finding]:
    """Containers that wait for an image that cannot be pulled."""
    if is_deleting(pod):
        return
    for container in containers(pod):
        if container.waiting not in WAITING:
            continue
        trouble = _trouble(case, container)
        yield _finding(case, pod, trouble)


def _trouble(case: Case, container: Container) -> Trouble:
    """The newest message about the pull: the waiting message, or (older kubelets) the events."""
    message = container.waiting_message
    quotes = container.quote("state.waiting.reason", "state.waiting.message")
    end = message.split("\n", 1)[0][-QUOTE_LENGTH // 2 :]
    if quotes and not quotes[-1].text.endswith(end):  # cut off, and the cause is at the end of a pull error
        quotes = (*quotes, Quote(container.pod.evidence.id, end))
    match container.waiting:
        case "InvalidImageName":
            return Trouble(container, message, quotes, INVALID)
        case "ErrImageNeverPull":
            return Trouble(container, message, quotes, NEVER)
    error, kind = message, read_pull_error(message)
    if kind == "other":
        events = case.events(container.pod.ref, "why can the image not be pulled?") or []
        image = str(container.spec.get("image") or "")
        for event in reversed(events):
            if (
                event.reason == "Failed"
                and event.message.startswith("Failed to pull image")
                and image in event.message
            ):
                error, kind, quotes = event.message, read_pull_error(event.message), (*quotes, event.quote)
                break
    return Trouble(container, error, quotes, _BY_CLASS[kind])


def _finding(case: Case, pod: Obj, trouble: Trouble) -> Finding:
    owner = workload_of(case, pod)
    image, container = trouble.image, trouble.container
    host = host_in(trouble.error) or registry_of(image)
    words = _WORDS[trouble.cause.id].format(image=image, host=host)
    claims = [
        Claim(f"Container {container.name} waits for its image: {words}", trouble.quotes),
        Claim(f"The image of container {container.name}", container.quote_spec("image", "imagePullPolicy")),
        *_secret_claims(case, pod, trouble),
    ]
    change = recent_change(case, owner)
    changed = change.touching(f"[{container.name}].image") if change else ()
    if change and changed:
        claims.append(change.claim())
    node = str(pod.at("spec.nodeName") or "")
    entity = Ref("Node", "", node) if trouble.cause is DISK and node else owner.ref
    return Finding(
        cause=trouble.cause,
        entity=entity,
        headline=f"Container {container.name} of {owner.ref.kind} {owner.ref.name} cannot start: {words}",
        claims=tuple(claims),
        sure=Sure.LIKELY if trouble.cause is FAILED else Sure.STATED,
        recommendations=one_of(*_advice(owner, trouble, bool(changed))),
        ruled_out=tuple(_ruled_out(trouble)),
        since=pod.created,
        container=container.name,
    )


def _secret_claims(case: Case, pod: Obj, trouble: Trouble) -> Iterator[Claim]:
    """Whether the pod has credentials, if the registry requires them."""
    if trouble.cause is not ACCESS:
        return
    missing = [
        event
        for event in (case.events(pod.ref, "are the pull secrets there?") or [])
        if event.reason == "FailedToRetrieveImagePullSecret"
    ]
    named = pod.items("spec.imagePullSecrets")
    if missing:
        yield Claim("The pull secret that the pod names cannot be read", (missing[-1].quote,))
    elif named:
        quotes = pod.quote(*(f"spec.imagePullSecrets[{secret.get('name')}].name" for secret in named))
        yield Claim("The pod has a pull secret that the registry does not accept", quotes)
    else:
        yield Claim("The pod names no imagePullSecrets", kind="hypothesis")


def _advice(owner: Obj, trouble: Trouble, changed: bool) -> Iterator[Recommendation]:
    if changed and owner.ref.kind in ROLLED_OUT:
        yield roll_back(owner.ref)
    match trouble.cause.id:
        case "image-access-denied":
            yield Recommendation(
                action="giving the pods a pull secret that the registry accepts",
                sentence="See which pull secrets the pods and their ServiceAccount use, and correct or add "
                "one.",
                command=kubectl(
                    owner.ref.namespace,
                    "get serviceaccounts -o custom-columns="
                    "NAME:.metadata.name,PULLSECRETS:.imagePullSecrets[*].name",
                ),
                risk="none",
                verify=watch(owner.ref),
            )
        case "node-disk-full":
            node = Ref("Node", "", str(trouble.container.pod.at("spec.nodeName") or ""))
            yield look(node, "freeing the node's disk", DISK.remedy)
        case known if known in _AT_THE_REGISTRY:
            see = on(trouble.container.pod.ref, "describe")
            action, sentence = _AT_THE_REGISTRY[known], trouble.cause.remedy
            yield Recommendation(action, sentence, see, "none", watch(owner.ref))
        case known if known in _IN_THE_TEMPLATE:
            yield edit(owner.ref, _IN_THE_TEMPLATE[known], trouble.cause.remedy)
        case _:
            sentence = f"Set the image of {trouble.container.name} to one that exists."
            yield edit(owner.ref, "correcting the image", sentence)


_AT_THE_REGISTRY = {
    "registry-unreachable": "making the registry reachable",
    "registry-tls": "having the nodes trust the registry",
    "registry-error": "repairing the registry",
    "registry-rate-limit": "pulling with credentials or from a mirror",
    "image-pull-failed": "reading the pull error",
}
_IN_THE_TEMPLATE = {
    "registry-dns": "correcting the registry's name",
    "image-wrong-platform": "using an image built for the node's platform",
    "image-never-pulled": "allowing the pull or loading the image",
}
"""How to fix a pull that correcting the image name does not fix: in the registry, on the node or in the template."""


def _ruled_out(trouble: Trouble) -> Iterator[RuledOut]:
    if trouble.cause in (NOT_FOUND, ACCESS, PLATFORM):
        yield RuledOut("registry-unreachable", "the registry answered", trouble.quotes[-1:])
    if trouble.container.restarts == 0:
        yield RuledOut("app-exception", "the container never ran", trouble.container.quote("restartCount"))
