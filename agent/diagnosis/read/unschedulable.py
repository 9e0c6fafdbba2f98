"""What the scheduler says about a pod it cannot place: its message as reasons with node counts.

The words are those of pkg/scheduler/framework/types.go (FitError) and of the plugins' reasons; older
minors' spellings are read too. Each node shows only the first filter that refused it, and for resources
all that lack, so that counts may exceed the number of nodes.
"""

import re
from dataclasses import dataclass

_COUNTS = re.compile(r"\d+/(\d+) nodes are available: (.*)", re.DOTALL)
_REASON = re.compile(r"(\d+) (.+)", re.DOTALL)
_BETWEEN = re.compile(r", (?=\d+ )")
_PREEMPTION = re.compile(r"[.,]? ?(?:no new claims to deallocate, )?preemption: ", re.IGNORECASE)
_TAINT = re.compile(r"taints?(?:\(s\))? \{([^:}]+): ?([^}]*)\}")

# First match wins; a group `what` names the thing.
_KINDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("resource", r"Insufficient (?P<what>\S+)"),
        ("too-many-pods", r"Too many pods"),
        ("taint", r"had (?:untolerated )?taint"),
        ("cordoned", r"were unschedulable"),
        (
            "node-affinity",
            r"didn't match (?:Pod's )?node (?:affinity|selector)",
        ),
        ("topology-label", r"topology spread constraints \(missing required label\)"),
        ("topology-spread", r"topology spread constraints"),
        ("existing-anti-affinity", r"existing pods'? anti-affinity rules"),
        ("pod-anti-affinity", r"pod anti-affinity rules"),
        ("pod-affinity", r"pod affinity rules|pod affinity/anti-affinity"),
        ("host-port", r"free ports for the requested pod ports"),
        ("volume-affinity", r"PersistentVolume's node affinity|volume node affinity conflict"),
        ("volume-zone", r"available volume zone"),
        ("volume-unavailable", r"available persistent volumes to bind|enough free storage"),
        ("volume-in-use", r"ReadWriteOncePod access mode|no available disk"),
        ("volume-limit", r"exceed max volume count|max volume count"),
        ("claim-missing", r'persistentvolumeclaim "(?P<what>[^"]+)" not found'),
        ("claim-lost", r'bound to non-existent (?:persistentvolume|pv\(s\))(?: "(?P<what>[^"]+)")?'),
        ("claim-deleting", r'persistentvolumeclaim "(?P<what>[^"]+)" is being deleted'),
        ("claim-unbound", r"unbound immediate PersistentVolumeClaims"),
        ("claim-waiting", r"waiting for ephemeral volume controller to create the persistentvolumeclaim"),
        ("node-name", r"didn't match the requested node name|didn't match the requested hostname"),
        ("no-nodes", r"no nodes available to schedule pods"),
        ("plugin", r"didn't satisfy plugin"),
    )
)


@dataclass(frozen=True)
class Reason:
    """Why `nodes` nodes refused; `kind` is "other" for unknown words, `what` the resource, taint or claim."""

    kind: str
    what: str
    nodes: int
    text: str


@dataclass(frozen=True)
class Refusal:
    """The scheduler's sentence, without what it says of preemption."""

    reasons: tuple[Reason, ...]

    def kinds(self) -> set[str]:
        """The kinds of its reasons."""
        return {reason.kind for reason in self.reasons}

    def of(self, *kinds: str) -> list[Reason]:
        """Its reasons of these kinds."""
        return [reason for reason in self.reasons if reason.kind in kinds]


def read_refusal(message: str) -> Refusal:
    """Read the message of a PodScheduled condition or of a FailedScheduling event; never raises."""
    text = " ".join(message.split()).removesuffix(". not found").rstrip(". ")
    return Refusal(_counted(_PREEMPTION.split(text, maxsplit=1)[0].rstrip(". ")))


def _counted(text: str) -> tuple[Reason, ...]:
    match = _COUNTS.fullmatch(text)
    if match is None:
        return (_reason(text, 0),) if text else ()
    rest = match[2].rstrip(". ")
    parts = [_REASON.fullmatch(part.strip()) for part in _BETWEEN.split(rest)]
    if not all(parts):
        return (_reason(rest, int(match[1])),)  # a sentence in place of counts: it holds for every node
    return tuple(_reason(part[2], int(part[1])) for part in parts if part)


def _reason(text: str, nodes: int) -> Reason:
    text = text.strip().rstrip(".")
    for kind, pattern in _KINDS:
        if match := pattern.search(text):
            what = (match.groupdict().get("what") or "").rstrip(".,")
            if kind == "taint" and (taint := _TAINT.search(text)):
                what = f"{taint[1]}={taint[2]}".rstrip("=").strip()
            return Reason(kind, what, nodes, text)
    return Reason("other", "", nodes, text)
