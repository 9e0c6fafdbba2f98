"""Switches: causes that an operator does not want as verdicts, each with the reason why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import yaml

from agent.diagnosis.causes import causes
from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.finding import Finding, Sure
from agent.errors import UserError

EXPECTED = "expected `off:` and `lower:`, each a map of causes and reasons"


class SwitchesError(UserError):
    """A file of switches that cannot be used; the message is for people."""


@dataclass(frozen=True)
class Switches:
    """`off` has causes that are never the verdict, `lower` those that are never more than possible; values say why."""

    off: Mapping[str, str] = field(default_factory=dict)
    lower: Mapping[str, str] = field(default_factory=dict)

    def apply(self, diagnosis: Diagnosis) -> Diagnosis:
        """The diagnosis without what is switched off, which is kept separately, and with lowered findings.

        What was found behind a finding that is off, however far, counts as found next to the subject.
        """
        off = {f.id: f for f in diagnosis.findings if f.cause.id in self.off}
        kept = [f for f in diagnosis.findings if f.id not in off]
        diagnosis.findings = [self._lowered(f) for f in kept]
        diagnosis.switched_off = [(f, self.off[f.cause.id]) for f in off.values()]
        diagnosis.lowered = {f.id: self.lower[f.cause.id] for f in kept if f.cause.id in self.lower}
        for id in [f.id for f in kept if any(before in off for before in _way(diagnosis, f.id))]:
            diagnosis.found_at[id] = replace(diagnosis.found_at[id], cause="")
        return diagnosis

    def _lowered(self, finding: Finding) -> Finding:
        return replace(finding, sure=Sure.POSSIBLE) if finding.cause.id in self.lower else finding


def _way(diagnosis: Diagnosis, finding: str) -> Iterator[str]:
    """The findings, by their ids, that led to where one was made; none twice."""
    seen = {finding}
    while (at := diagnosis.found_at.get(finding)) and at.cause and at.cause not in seen:
        finding = at.cause
        seen.add(finding)
        yield finding


def parse_switches(text: bytes, where: str) -> Switches:
    """Read a file of switches; raises SwitchesError with one line that says what is wrong in it."""
    try:
        # BaseLoader makes only texts, lists and maps: to other loaders the key `off` is a boolean.
        data = yaml.load(text, Loader=yaml.BaseLoader) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise SwitchesError(f"{where} is not YAML; {EXPECTED}") from None
    if not isinstance(data, dict) or (unknown := set(map(str, data)) - {"off", "lower"}):
        what = f"has {sorted(unknown)[0][:60]!r}" if isinstance(data, dict) else "is not a map"
        raise SwitchesError(f"{where} {what}; {EXPECTED}")
    off, lower = (_reasons(data.get(key) or {}, f"{where}, {key}") for key in ("off", "lower"))
    if both := set(off) & set(lower):
        raise SwitchesError(f"{where} has {sorted(both)[0]} under off and under lower; expected one of them")
    return Switches(off, lower)


def _reasons(entries: Any, where: str) -> dict[str, str]:
    if not isinstance(entries, dict):
        raise SwitchesError(f"{where} is not a map; expected lines like `oom-killed: the reason`")
    for id, reason in entries.items():
        if id not in causes():
            near = get_close_matches(str(id), causes(), 1)
            hint = f"did you mean {near[0]}?" if near else "`incident-agent explain` lists them"
            raise SwitchesError(f"{where}: {str(id)[:60]!r} is not a cause; {hint}")
        if not isinstance(reason, str) or not reason.strip():
            raise SwitchesError(f"{where}: {id} has no reason; expected a few words, which reports will show")
    return {id: " ".join(reason.split()) for id, reason in entries.items()}
