"""Image pulls: what a runtime's error says about the image, the registry or the way to it."""

import re

# First match wins: a platform error says "not found" too, and a refused request may quote a lookup.
_CLASSES = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("platform", r"no match for platform|no matching manifest for|does not match the specified platform"),
        ("disk", r"no space left on device|disk quota exceeded"),
        (
            "dns",
            r"no such host|server misbehaving|temporary failure in name resolution|lookup \S+ on "
            r"\S+: .*timeout",
        ),
        ("tls", r"x509:|tls: |certificate|server gave HTTP response to HTTPS client"),
        ("rate", r"429|too ?many ?requests|rate limit"),
        (
            "access",
            r"may require authorization|pull access "
            r"denied|\b40[13]\b|unauthorized|forbidden|authentication required"
            r"|access denied|denied: |no basic auth credentials|insufficient_scope|authorization failed",
        ),
        (
            "unreachable",
            r"connection refused|i/o timeout|no route to host|network is unreachable|deadline exceeded"
            r"|connection reset|TLS handshake timeout|\bEOF\b|connect: ",
        ),
        ("not-found", r"not found|manifest unknown|name unknown|no such manifest|does not exist"),
        ("registry", r"\b5\d\d\b|internal server error|bad gateway|service unavailable"),
    )
)
_LOOKUP = re.compile(r"lookup ([\w.-]+)")
_URL = re.compile(r'https?://([^/"\s]+)')
_HOST_CODE = re.compile(r"pulling from host (\S+) failed")


def registry_of(image: str) -> str:
    """The registry that an image is pulled from, by its reference: Docker Hub where that names none."""
    path = image.partition("@")[0].rpartition("/")[0]
    first = path.partition("/")[0]
    return first if "." in first or ":" in first or first == "localhost" else "docker.io"


def read_pull_error(text: str) -> str:
    """The class of a pull error, one of those above, or other."""
    said = _without_reference(text)
    return next((kind for kind, pattern in _CLASSES if pattern.search(said)), "other")


def host_in(text: str) -> str:
    """The registry's host that an error names, empty when it names none."""
    for pattern in (_LOOKUP, _HOST_CODE, _URL):
        if match := pattern.search(text):
            return match[1]
    return ""


def _without_reference(text: str) -> str:
    """The error without the image's own name, which may contain any word: a tag `429` is not a rate limit."""
    tail = (
        text.rpartition("failed to resolve reference ")[2] if "failed to resolve reference " in text else text
    )
    match = re.match(r'"([^"]*)":', tail)
    said = tail[match.end() :] if match else tail
    for quoted in {match[1] if match else "", *re.findall(r'image "([^"]+)"', text)} - {""}:
        said = said.replace(quoted, "IMAGE")
    return said
