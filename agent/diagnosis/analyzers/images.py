"""Images that cannot be had: what the runtime and the registry say about them."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.advice import edit, look, on, roll_back, watch
from agent.diagnosis.case import Case
from agent.diagnosis.cause import Cause, declare
from agent.diagnosis.changes import recent_change
from agent.diagnosis.command import kubectl
from agent.diagnosis.engine import analyzer
from agent.diagnosis.finding import Claim, Finding, Quote, Recommendation, RuledOut
from agent.diagnosis.graph import workload_of
from agent.diagnosis.pod import Container, containers, is_deleting
from agent.diagnosis.pull import host_in, parse_image, read_pull_error
from agent.diagnosis.thing import QUOTE_LENGTH, Obj
from agent.ref import Ref

WAITING = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
           "RegistryUnavailable", "SignatureValidationFailed")  # fmt: skip


def _cause(identity: str, title: str, meaning: str, shows: str, remedy: str, *confused_with: str) -> Cause:
    return declare(Cause(identity, "image", title, meaning, shows, remedy, confused_with))


NOT_FOUND = _cause(
    "image-not-found", "An image that does not exist",
    "The registry answers, and has no such repository, tag or digest: a typing error, a tag that was never "
    "pushed, "
    "or one that was deleted.",
    "ErrImagePull, ImagePullBackOff; the pull error ends in `not found` or `manifest unknown`.",
    "Correct the image in the template or push the tag.",
    "image-access-denied", "image-wrong-platform",
)  # fmt: skip
ACCESS = _cause(
    "image-access-denied", "A registry that refuses the image",
    "The registry wants credentials that the pod does not have, or they are wrong or may not read this "
    "repository. "
    "Some registries answer so for a repository that does not exist, too.",
    "The pull error says 401, 403, `unauthorized` or `pull access denied … may require authorization`.",
    "Give the pod or its ServiceAccount an imagePullSecret that may read the repository; check the name.",
    "image-not-found",
)  # fmt: skip
UNREACHABLE = _cause(
    "registry-unreachable", "A registry that cannot be reached",
    "The node gets no connection to the registry: it is down, the port is wrong, or the network or a "
    "firewall is in "
    "the way.",
    "The pull error says `connection refused`, `i/o timeout` or `no route to host`.",
    "Check that the registry runs and that the node reaches it; check host and port in the image name.",
    "registry-dns", "registry-tls",
)  # fmt: skip
DNS = _cause(
    "registry-dns", "A registry whose name does not resolve",
    "The node's resolver knows no such host: the registry's name in the image is wrong, or the node's DNS "
    "is.",
    "The pull error says `dial tcp: lookup HOST: no such host`.",
    "Correct the registry's host in the image; if others fail too, repair the node's DNS.",
    "registry-unreachable", "image-not-found",
)  # fmt: skip
TLS = _cause(
    "registry-tls", "A registry whose certificate or protocol is not accepted",
    "The node does not trust the registry's certificate, it expired, or the registry speaks plain HTTP.",
    "The pull error says `x509: …`, `tls: first record does not look like a TLS handshake` or `server gave "
    "HTTP "
    "response to HTTPS client`.",
    "Install the authority on the nodes, renew the certificate, or configure the registry as insecure.",
    "registry-unreachable",
)  # fmt: skip
RATE = _cause(
    "registry-rate-limit", "A registry that limits the rate of pulls",
    "The registry refuses further pulls for a while, as public ones do for anonymous users.",
    "The pull error says `429 Too Many Requests` or `toomanyrequests`.",
    "Pull with credentials, use a mirror or a copy in an own registry.",
    "image-access-denied",
)  # fmt: skip
REGISTRY = _cause(
    "registry-error", "A registry that fails",
    "The registry answers with a server error of its own.",
    "The pull error holds a status 500, 502, 503 or 504.",
    "Look at the registry; pulls recover by themselves when it does.",
    "registry-unreachable",
)  # fmt: skip
PLATFORM = _cause(
    "image-wrong-platform", "An image for another architecture",
    "The image exists, but was not built for the architecture of the node.",
    "The pull error says `no match for platform in manifest`.",
    "Build the image for the nodes' architecture, or choose nodes by kubernetes.io/arch.",
    "image-not-found", "wrong-architecture",
)  # fmt: skip
INVALID = _cause(
    "image-name-invalid", "An image name that is not valid",
    "The image reference cannot be parsed: capitals in the repository, spaces, an empty tag, a scheme.",
    "InvalidImageName, `couldn't parse image name … invalid reference format`.",
    "Correct the image in the template.",
    "image-not-found",
)  # fmt: skip
NEVER = _cause(
    "image-never-pulled", "An image that must not be pulled and is not there",
    "imagePullPolicy is Never and the node does not have the image.",
    "ErrImageNeverPull, `Container image … is not present with pull policy of Never`.",
    "Load the image onto the nodes, or use the policy IfNotPresent.",
    "image-not-found",
)  # fmt: skip
DISK = declare(
    Cause(
        "node-disk-full", "nodes", "A node whose disk is full",
        "The node has no disk space left, for images, logs or the files of containers.",
        "DiskPressure, `no space left on device` in pull errors and logs, evictions for ephemeral-storage.",
        "Free space on the node: unused images, logs, large emptyDirs; enlarge the disk.",
        ("volume-full",),
    )
)  # fmt: skip
FAILED = declare(
    Cause(
        "image-pull-failed", "image", "An image that cannot be pulled",
        "The image cannot be pulled, for a reason that its message does not make plain.",
        "ErrImagePull or ImagePullBackOff.",
        "Read the pull error; try the pull from the node.",
        ("image-not-found",),
        symptom=True,
    )
)  # fmt: skip
_BY_CLASS = {
    "platform": PLATFORM, "disk": DISK, "dns": DNS, "tls": TLS, "rate": RATE, "access": ACCESS,
    "unreachable": UNREACHABLE, "not-found": NOT_FOUND, "registry": REGISTRY, "other": FAILED,
}  # fmt: skip
_WORDS = {
    "image-not-found": "the registry has no image {image}",
    "image-access-denied": "the registry refuses {image} without valid credentials",
    "registry-unreachable": "the registry {host} cannot be reached for {image}",
    "registry-dns": "the name of the registry {host} does not resolve for {image}",
    "registry-tls": "the TLS of the registry {host} is not accepted for {image}",
    "registry-rate-limit": "the registry {host} limits the rate of pulls and refuses {image}",
    "registry-error": "the registry {host} fails to serve {image}",
    "image-wrong-platform": "{image} has no variant for the node's platform",
    "image-name-invalid": "{image} is not a valid image name",
    "image-never-pulled": "{image} is not on the node and its pull policy is Never",
    "node-disk-full": "the node's disk is full, and {image} cannot be stored",
    "image-pull-failed": "{image} cannot be pulled",
}


@dataclass(frozen=True, eq=False)
class Trouble:
    """A container that waits for its image, and the words that say why."""

    container: Container
    error: str
    quotes: tuple[Quote, ...]
    cause: Cause

    @property
    def image(self) -> str:
        """The image as the specification has it."""
        return str(self.container.spec.get("image") or "")


@analyzer("Pod")
def image_trouble(case: Case, pod: Obj) -> Iterator[Finding]:
    """Containers that wait for an image which does not come."""
    if is_deleting(pod):
        return
    for container in containers(pod):
        if container.waiting not in WAITING:
            continue
        trouble = _trouble(case, container)
        yield _finding(case, pod, trouble)


def _trouble(case: Case, container: Container) -> Trouble:
    """The newest words about the pull: the waiting message, else (older kubelets) the events."""
    message = container.waiting_message
    quotes = container.quote("state.waiting.reason", "state.waiting.message")
    end = message.split("\n", 1)[0][-QUOTE_LENGTH // 2 :]
    if quotes and not quotes[-1].text.endswith(
        end
    ):  # cut off, and the cause stands at the end of a pull error
        quotes = (*quotes, Quote(container.pod.evidence.id, end))
    match container.waiting:
        case "InvalidImageName":
            return Trouble(container, message, quotes, INVALID)
        case "ErrImageNeverPull":
            return Trouble(container, message, quotes, NEVER)
    error, kind = message, read_pull_error(message)
    if kind == "other":
        events = case.events(container.pod.ref, "why can the image not be pulled?")
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
    host = host_in(trouble.error) or parse_image(image).registry
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
        confidence=0.6 if trouble.cause is FAILED else 0.95,
        recommendations=tuple(_advice(owner, trouble, bool(changed))),
        ruled_out=tuple(_ruled_out(case, pod, trouble)),
        since=pod.created,
    )


def _secret_claims(case: Case, pod: Obj, trouble: Trouble) -> Iterator[Claim]:
    """Whether the pod brings credentials, where the registry asks for some."""
    if trouble.cause is not ACCESS:
        return
    missing = [
        event
        for event in case.events(pod.ref, "are the pull secrets there?")
        if event.reason == "FailedToRetrieveImagePullSecret"
    ]
    named = pod.items("spec.imagePullSecrets")
    if missing:
        yield Claim("The pull secret that the pod names cannot be read", (missing[-1].quote,))
    elif named:
        quotes = pod.quote(*(f"spec.imagePullSecrets[{secret.get('name')}].name" for secret in named))
        yield Claim("The pod brings a pull secret, which the registry does not accept", quotes)
    else:
        yield Claim("The pod names no imagePullSecrets", kind="hypothesis")


def _advice(owner: Obj, trouble: Trouble, changed: bool) -> Iterator[Recommendation]:
    if changed and owner.ref.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        yield roll_back(owner.ref)
    match trouble.cause.id:
        case "image-access-denied":
            yield Recommendation(
                action="giving the pods a pull secret that the registry accepts",
                sentence="See which pull secrets the pods and their ServiceAccount use, and correct or add "
                "one.",
                command=kubectl(owner.ref.namespace, "get serviceaccounts -o custom-columns="
                                "NAME:.metadata.name,PULLSECRETS:.imagePullSecrets[*].name"),
                risk="none",
                verify=watch(owner.ref),
            )  # fmt: skip
        case (
            "registry-unreachable"
            | "registry-dns"
            | "registry-tls"
            | "registry-error"
            | "registry-rate-limit"
        ):
            yield Recommendation(
                action="bringing the registry back or correcting its name",
                sentence=f"Try the registry from the node "
                f"{trouble.container.pod.at('spec.nodeName') or ''}: {trouble.cause.remedy}",
                command=on(trouble.container.pod.ref, "describe"),
                risk="none",
                verify=watch(owner.ref),
            )
        case "node-disk-full":
            node = Ref("Node", "", str(trouble.container.pod.at("spec.nodeName") or ""))
            yield look(node, "freeing the node's disk", DISK.remedy)
        case _:
            yield edit(
                owner.ref,
                "correcting the image",
                f"Set the image of {trouble.container.name} to one that exists.",
            )


def _ruled_out(case: Case, pod: Obj, trouble: Trouble) -> Iterator[RuledOut]:
    if trouble.cause in (NOT_FOUND, ACCESS, PLATFORM):
        yield RuledOut("registry-unreachable", "the registry answered", trouble.quotes[-1:])
    if trouble.container.restarts == 0:
        yield RuledOut("app-exception", "the container never ran", trouble.container.quote("restartCount"))
