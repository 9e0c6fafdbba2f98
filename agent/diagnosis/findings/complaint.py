"""Complaints: the line of a container's log that says what is wrong, with what is known around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from agent.diagnosis.advice import read_log, roll_back
from agent.diagnosis.case import Case
from agent.diagnosis.causes import Cause
from agent.diagnosis.facts.changes import Change, config_changes, recent_change
from agent.diagnosis.facts.ending import Ending
from agent.diagnosis.facts.graph import workload_of
from agent.diagnosis.finding import Claim, Finding, Recommendation, RuledOut, Sure, one_of
from agent.diagnosis.logs import LogFinding
from agent.diagnosis.logs.lines import split_time
from agent.diagnosis.read.pod import Container, is_ready
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Log, Obj
from agent.ref import Ref

# Weights of a line of the log: from which it states why its program ended, or is likely why a running one fails.
DECISIVE, TELLING, TELLING_WHILE_READY = 0.85, 0.17, 0.34
MORE_LINES = 4


@dataclass(frozen=True, eq=False)
class Complaint:
    """One line of one container's log. `ending` is None while the container runs."""

    case: Case
    pod: Obj
    container: Container
    log: Log
    line: LogFinding
    ending: Ending | None = None

    @cached_property
    def workload(self) -> Obj:
        """The topmost owner of the pod."""
        return workload_of(self.case, self.pod)

    @property
    def quote(self) -> Quote:
        """The line, verbatim."""
        return self.log.quote(self.line)

    def because(self, clause: str) -> str:
        """A headline: what the symptom is, and why."""
        name = self.container.called
        if self.ending is None:
            return f"The {name} cannot do its work because {clause}"
        repeats = self.container.should_run or self.container.restarts > 1
        verb = "crashes" if repeats and not self.container.is_init else "fails"
        return f"The {name} {verb} because {clause}"

    @property
    def sure(self) -> Sure:
        """How sure the line is the reason: a termination proves that there was one, a running container does not."""
        if self.ending is not None:
            return Sure.STATED if self.line.weight >= DECISIVE else Sure.LIKELY
        needed = TELLING_WHILE_READY if is_ready(self.pod) else TELLING
        return Sure.LIKELY if self.line.weight >= needed else Sure.POSSIBLE

    @cached_property
    def change(self) -> Change | None:
        """The rollout that came before the trouble, if one did."""
        return recent_change(self.case, self.workload, self.began)

    @property
    def began(self) -> datetime | None:
        """When the trouble is known to have existed: the termination, or else the line's own time."""
        return self.container.finished_at if self.ending else self.line.at

    def finding(
        self,
        cause: Cause,
        clause: str,
        *claims: Claim,
        ways: tuple[Recommendation, ...] = (),
        leads_to: tuple[Ref, ...] = (),
        sure: Sure | None = None,
        entity: Ref | None = None,
    ) -> Finding:
        """A finding that rests on the line, the end of the container, and further claims.

        Of the `ways` to fix it one is enough; if the workload is at fault, a rollback is another.
        """
        said = Claim(f"The log of {self.container.called} says: {self.line.message}", (self.quote,))
        back = (roll_back(self.workload.ref),) if self.change and entity is None else ()
        return Finding(
            cause=cause,
            entity=entity or self.workload.ref,
            headline=self.because(clause),
            claims=(said, *self._around(), *self._end(), *claims, *self._changes()),
            sure=self.sure if sure is None else sure,
            recommendations=(
                *one_of(*ways, *back),
                *read_log(self.log, "", "Read the whole log of the container."),
            ),
            leads_to=leads_to,
            ruled_out=tuple(self._ruled_out()),
            since=self.change.at if self.change else self.began,
            container=self.container.name,
        )

    def _around(self) -> Iterator[Claim]:
        """The lines beside it that belong to the same trouble: its chain of errors, or what follows it at the end."""
        text = self.log.text
        lines = [line for line in self.line.context if line in text]
        if not lines and self.ending is not None:
            lines = [split_time(line)[1] for line in text.splitlines()[self.line.index + 1 :][:MORE_LINES]]
        lines = [line for line in lines if line.strip() and line != self.line.line]
        if lines:
            yield Claim("The log also says", tuple(self.log.quote(line) for line in lines[-MORE_LINES:]))

    def _end(self) -> Iterator[Claim]:
        if self.ending is None:
            return
        end = self.container.ended
        text = f"The {self.container.called} exited with exit code {end.get('exitCode')}, reason {end.get('reason')}"
        yield Claim(text, self.ending.quote())

    def _changes(self) -> Iterator[Claim]:
        if self.change:
            yield self.change.claim()
        for edit in config_changes(self.case, self.workload, self.began) or []:
            yield edit.claim()

    def _ruled_out(self) -> Iterator[RuledOut]:
        if self.ending and self.ending.how in ("exit", "completed", "signal"):
            code, reason = self.container.exit_code, self.container.exit_reason
            why = f"It exited with exit code {code} and reason {reason}: it was not killed at a memory limit."
            yield RuledOut("oom-killed", why, self.container.quote(f"{self.container.ended_path}.reason"))
