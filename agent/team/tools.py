"""The two tools every model is offered: collect evidence, diagnose what is there."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from autogen_core.tools import FunctionTool

from agent.diagnosis.ranking import statement, weigh
from agent.evidence.query import GRAMMAR, Query, QueryError
from agent.investigation import Investigation

TOOL_SECONDS = 20.0
LEAST_WAIT = 0.1
SHOWN_CHARACTERS = 6000
SAME_CALLS = 2
REFUSED = "Refused: this was asked before, and the answer is the same. Ask something else, or report."


class Shown(NamedTuple):
    """What people see of a tool's answer: in the transcript, and as a line of progress."""

    transcript: str
    progress: str


class Toolbox:
    """`collect` and `diagnose` over one investigation; the third identical call of one is refused.

    A model gets an answer as text. What people are shown of it is kept beside it, in `shown` by that text:
    evidence is untrusted, and whatever reads an answer back can be fooled by a line of a log.
    """

    def __init__(self, investigation: Investigation) -> None:
        self._investigation = investigation
        self._calls: Counter[str] = Counter()
        self.shown: dict[str, Shown] = {}

    def tools(self) -> list[FunctionTool]:
        """The tools as AutoGen takes them."""
        grammar = "Read evidence. Each query is one line of these forms:\n" + GRAMMAR
        meaning = "What the analyzers make of all evidence so far: findings, open questions."
        return [
            FunctionTool(self.collect, grammar, strict=True),
            FunctionTool(self.diagnose, meaning, strict=True),
        ]

    async def collect(self, queries: list[str]) -> str:
        """Answer queries as delimited texts."""
        if refused := self._refusal("collect\n" + "\n".join(queries)):
            return refused
        collecting = asyncio.ensure_future(self._collect(queries))
        try:
            return await _within(TOOL_SECONDS, collecting, self._investigation.clock)
        finally:
            collecting.cancel()

    async def diagnose(self) -> str:
        """The diagnosis of all evidence so far, as JSON."""
        if refused := self._refusal(f"diagnose {len(self._investigation.ledger.entries)}"):
            return refused
        said = _diagnosis(self._investigation)
        text = json.dumps(said, ensure_ascii=False)
        progress = f"  {len(said['findings'])} findings, {len(said['questions'])} open questions"
        return self._noted(text, Shown(text, progress))

    def _refusal(self, call: str) -> str:
        self._calls[call] += 1
        if self._calls[call] <= SAME_CALLS:
            return ""
        return self._noted(REFUSED, Shown(REFUSED, "  asked again what is known, and refused"))

    def _noted(self, text: str, shown: Shown) -> str:
        self.shown[text] = shown
        return text

    async def _collect(self, texts: list[str]) -> str:
        queries, refused = [], []
        for text in texts:
            try:
                queries.append(Query.parse(text))
            except QueryError as error:
                refused.append(str(error))
        evidence = await self._investigation.collect(queries)
        heads = [f"{e.id} {e.query} ({e.status})" for e in evidence]
        answers = [
            f"{head}\n<evidence id={e.id}>\n{_beginning(e.text)}\n</evidence>"
            for head, e in zip(heads, evidence, strict=True)
        ]
        text = "\n".join(answers + refused) or "nothing was asked"
        progress = f"  read {len(evidence)} answers" + (
            f", refused {len(refused)} queries" if refused else ""
        )
        return self._noted(text, Shown("\n".join(heads + refused) or text, progress))


async def _within(seconds: float, work: "asyncio.Future[str]", clock: Callable[[], float]) -> str:
    """What comes of the work within so many seconds of this clock, which may stand still; raises TimeoutError."""
    end = clock() + seconds
    while not work.done() and (left := end - clock()) > 0:
        await asyncio.wait({work}, timeout=max(left, LEAST_WAIT))
    if not work.done():  # the error's own text is empty, and the text is all a model sees
        raise TimeoutError(f"collect took longer than {seconds:g} s")
    return work.result()


def _beginning(text: str) -> str:
    """The beginning of a text, which cannot close the delimiter it stands in."""
    return text[:SHOWN_CHARACTERS].replace("</evidence", "< /evidence")


def _diagnosis(investigation: Investigation) -> dict[str, Any]:
    diagnosis = investigation.diagnose()
    verdict = weigh(diagnosis)
    return {
        "outcome": verdict.outcome,
        "finding": verdict.root.id if verdict.root and verdict.outcome == "diagnosed" else None,
        "statement": statement(verdict),
        "findings": [
            {
                "id": finding.id,
                "headline": finding.headline,
                "sure": finding.sure.name.lower(),
                "quotes": [f"{q.evidence}: {q.text}" for claim in finding.claims for q in claim.quotes],
            }
            for finding in diagnosis.findings
        ],
        "questions": [{"query": str(query), "why": why} for query, why in diagnosis.questions.items()],
    }
