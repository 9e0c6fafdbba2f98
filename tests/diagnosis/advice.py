"""What holds of every piece of advice, whichever rule gives it; each test of a rule asks for it."""

import re

from agent.diagnosis.causes import causes
from agent.diagnosis.command import Command
from agent.diagnosis.engine import Diagnosis
from agent.diagnosis.finding import Finding, Recommendation
from agent.evidence import query as q

LONGEST_ACTION = 80
READS = re.compile(r"kubectl (-n \S+ )?(get|describe|logs|top|rollout status|auth can-i) .*")
UNCHANGEABLE = re.compile(r"kubectl -n \S+ edit (job|pod)/")
LOG = re.compile(r"kubectl -n (\S+) logs (\S+) -c (\S+)( --previous)?")
SILENT = re.compile(r"\blogs?\b.* (are gone|is empty|could not be read)")


def check(diagnosis: Diagnosis) -> None:
    """Every finding's advice reads as such, does what it says, and does not contradict its headline."""
    for finding in diagnosis.findings:
        assert not any(way.instead for way in finding.recommendations[:1]), finding.id
        for way in finding.recommendations:
            _check_words(finding, way)
            _check_commands(diagnosis, way)
            if SILENT.search(finding.headline):
                assert "logs " not in str(way.command or "") and not re.search(r"\blog\b", way.action), way


def _check_words(finding: Finding, way: Recommendation) -> None:
    """The action goes on after "Recommend", and the sentence is one."""
    titles = {cause.title.lower() for cause in causes().values()}
    if way.action:
        assert re.match(r"[a-z]+ing\b", way.action) and way.action[-1] not in ".;,", (finding.id, way)
        assert len(way.action) <= LONGEST_ACTION and way.action.lower() not in titles, (finding.id, way)
    assert re.match(r"[A-Z]", way.sentence) and way.sentence.endswith((".", ")")), (finding.id, way)


def _check_commands(diagnosis: Diagnosis, way: Recommendation) -> None:
    """What is without risk only reads, as does what verifies; nothing is edited that cannot be."""
    calls = str(way.command or "").split(" && ") if isinstance(way.command, Command) else []
    if way.risk == "none":
        assert all(map(READS.fullmatch, calls)), way
    if isinstance(way.verify, Command):
        assert READS.fullmatch(str(way.verify)), way
    assert not any(map(UNCHANGEABLE.match, calls)), way
    for read in filter(None, map(LOG.fullmatch, calls)):
        namespace, pod, container, previous = read.groups()
        asked = q.logs(namespace, pod, container, previous=bool(previous))
        assert diagnosis.case.status(asked) == "ok", way
