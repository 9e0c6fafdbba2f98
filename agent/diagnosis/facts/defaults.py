"""Defaults: requests and limits that a LimitRange of the namespace put into a pod, not its template."""

import re

from agent.diagnosis.case import Case
from agent.diagnosis.finding import Claim
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj

ANNOTATION = "kubernetes.io/limit-ranger"
"""Where the API server's LimitRanger plugin notes what it set."""
_SET = re.compile(r"([\w., /-]+?) (request|limit) for (?:init )?container (\S+?)(?:;|$)")
_FIELDS = {"request": "defaultRequest", "limit": "default"}


def given_by(case: Case, pod: Obj, resource: str, what: str) -> tuple[Obj, str] | None:
    """The LimitRange that gave a container its `request` or `limit` of a resource, and the container's name."""
    note = str((pod.at("metadata.annotations") or {}).get(ANNOTATION) or "").partition(": ")[2]
    named = next(
        (
            name
            for given, field, name in _SET.findall(note)
            if field == what and resource in given.strip().split(", ")
        ),
        "",
    )
    if not named:
        return None
    ranges = case.list("LimitRange", pod.ref.namespace, why=f"who set the {resource} {what} of {pod.ref}?")
    for found in ranges or []:
        if _quote(found, resource, what):
            return found, named
    return None


def claim(found: Obj, container: str, resource: str, what: str) -> Claim:
    """A claim that the LimitRange set it, not the template."""
    text = f"LimitRange {found.ref.name} gives container {container} this {resource} {what}; its template sets none"
    return Claim(text, _quote(found, resource, what))


def _quote(found: Obj, resource: str, what: str) -> tuple[Quote, ...]:
    fields = (_FIELDS[what], "default")  # without a default request the default limit is the request
    quotes = (found.quote_key(f"spec.limits[Container].{field}", resource) for field in fields)
    return next((quote for quote in quotes if quote), ())
