"""Invariants: what must hold for every run, whatever it was given."""

import json
import re
import shlex
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from agent.verdict.report import BANNER
from tests.fuzz.case import DEADLINE
from tests.fuzz.manners import ELSEWHERE
from tests.fuzz.running import Run
from tests.hostile.values import MARK

GRACE = 2.0  # seconds: to start, and to write what was found when the deadline has passed
MAX_PEAK = 100.0  # MiB
SCHEMA = Path(__file__).parents[2] / "agent" / "verdict" / "result.schema.json"
KINDS = ("traceback", "status", "late", "leak", "command", "output", "result", "verdict", "memory")
UNSTEADY = ("late", "memory")
"""What a busy machine or the way of starting may cause: it counts when a process of its own shows it, too."""
_WORD = re.compile(r"(?:[A-Za-z0-9@%+=:,./_\[\]{}()'\"|*!\\ ~-]|<[a-z ]+>)+")
_UNCLEAN = {"Cc", "Cf", "Zl", "Zp", "Cs"}
Fault = tuple[str, str]  # one of KINDS, and words


def check(run: Run, codes: tuple[int, ...]) -> list[Fault]:
    """Everything that is wrong with a run."""
    faults = [*_ending(run, codes), *_cost(run), *_leaks(run), *_shown(run)]
    if run.status in (0, 1) and all(kind != "traceback" for kind, _ in faults):
        results, wrong = _results(run)
        faults += wrong
        for result in results:
            faults += [
                *_commands(result),
                *_quotes(run, result, single=len(results) == 1),
                *_verdict(run, result),
            ]
        failed = any(result["outcome"] == "failed" for result in results)
        if failed != (run.status == 1):
            faults.append(
                ("status", f"exit status {run.status} with outcomes {[r['outcome'] for r in results]}")
            )
    return list(dict.fromkeys(faults))


def _ending(run: Run, codes: tuple[int, ...]) -> Iterator[Fault]:
    if "Traceback (most recent call last)" in run.stderr:
        yield "traceback", run.stderr.strip().splitlines()[-1]
    elif run.status not in codes and run.status != 1:
        yield "status", f"exit status {run.status}: {run.stderr.strip()[-200:]}"
    lines = run.stderr.splitlines()
    if run.status == 2 and not (lines and lines[-1].startswith("incident-agent: ")):
        yield "status", f"exit status 2 without a line that says why: {lines[-1:]}"
    if run.status == 2 and run.stdout:
        yield "output", "exit status 2, and yet something is printed"


def _cost(run: Run) -> Iterator[Fault]:
    if run.seconds > DEADLINE + GRACE:
        yield (
            "late",
            f"{run.seconds:.1f} s at a deadline of {DEADLINE:g} s",
        )
    if run.peak > MAX_PEAK:
        yield "memory", f"{run.peak:.0f} MiB"


def _leaks(run: Run) -> Iterator[Fault]:
    if ELSEWHERE.encode() in run.sent:
        yield "leak", "a redirect was followed"
    if not run.case.secrets:
        return
    places = {
        "stdout": run.stdout,
        "stderr": run.stderr.encode("utf-8", "surrogateescape"),
        "requests": run.sent,
    }
    places |= {str(path.relative_to(run.folder)): path.read_bytes() for path in run.written}
    for secret in run.case.secrets:
        where = [name for name, content in places.items() if secret.encode() in content]
        if where:
            around = re.search(rb".{0,40}" + secret.encode(), places[where[0]])
            yield (
                "leak",
                f"{around.group().decode('utf-8', 'replace') if around else secret} in {', '.join(where[:3])}",
            )


def _shown(run: Run) -> Iterator[Fault]:
    for name, shown in (("stdout", run.stdout), ("stderr", run.stderr.encode("utf-8", "surrogateescape"))):
        try:
            text = shown.decode()
        except UnicodeDecodeError as error:
            yield "output", f"{name} is not UTF-8: {error}"
            continue
        unclean = sorted({c for c in text if unicodedata.category(c) in _UNCLEAN and c != "\n"})
        if unclean:
            yield "output", f"{name} ({run.form}) holds {', '.join(f'U+{ord(c):04X}' for c in unclean[:5])}"


def _results(run: Run) -> tuple[list[dict[str, Any]], list[Fault]]:
    """The results a run reached, and what is wrong with them."""
    try:
        written = [json.loads(path.read_bytes()) for path in run.written if path.name == "result.json"]
        printed = json.loads(run.stdout) if run.form == "json" else written
    except ValueError as error:
        return [], [("result", f"not JSON: {error}")]
    results = printed if isinstance(printed, list) else [printed]
    wrong: list[Fault] = []
    if not results or len(results) != len(written):
        wrong.append(("result", f"{len(results)} results printed, {len(written)} written"))
    if run.form == "text" and run.stdout.decode().count(f"\n{BANNER}\n") != len(results):
        wrong.append(("output", "not one block of the result for each incident"))
    for result in results:
        wrong += [("result", error.message[:200]) for error in _validator().iter_errors(result)]
    return ([] if wrong else results), wrong


def _commands(result: dict[str, Any]) -> Iterator[Fault]:
    """A command is words of a shell and nothing else, and none of them was planted."""
    for advice in result["recommendations"]:
        for command in filter(None, (advice["command"], advice["verify"])):
            try:
                calls = [shlex.split(call) for call in command.split(" && ")]
            except ValueError as error:
                yield "command", f"{error}: {command[:200]}"
                continue
            if MARK in command:
                yield "command", f"a planted word: {command[:200]}"
            elif " && ".join(map(shlex.join, calls)) != command:
                yield "command", f"more than quoted words: {command[:200]}"
            elif not all(_WORD.fullmatch(word) for call in calls for word in call):
                yield "command", f"more than plain words: {command[:200]}"


def _quotes(run: Run, result: dict[str, Any], *, single: bool) -> Iterator[Fault]:
    """Every quote stands in the evidence it names."""
    folder = run.folder / "out" / ("" if single else result["incident_id"]) / "evidence"
    for part in (*result["claims"], *result["ruled_out"], *result["observations"]):
        for quote in part["quotes"]:
            evidence = folder / f"{quote['evidence']}.txt"
            if not evidence.exists() or quote["text"] not in evidence.read_text():
                yield "result", f"a quote that does not stand in {quote['evidence']}: {quote['text'][:100]!r}"


def _verdict(run: Run, result: dict[str, Any]) -> Iterator[Fault]:
    if result["outcome"] == "failed" and not result["reason"]:
        yield "verdict", "failed without a reason"
    if (
        run.case.blind
        and result["alert"]["status"] == "firing"
        and result["outcome"] not in ("inconclusive", "failed")
    ):
        yield (
            "verdict",
            f"{result['outcome']} ({result['cause']}) where nothing could be read: {result['summary'][:100]}",
        )


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text()))
