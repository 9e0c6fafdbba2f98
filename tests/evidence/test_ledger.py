"""The ledger: one entry per query, in the order asked, redacted, and honest about what failed."""

import asyncio

from agent.evidence.answer import Answer
from agent.evidence.census import Census
from agent.evidence.ledger import Ledger
from agent.evidence.query import Query
from agent.evidence.redaction import Redactor

POD, OTHER = Query.parse("get Pod bank/desk-0"), Query.parse("get Pod bank/desk-1")


class Source:
    """Answers after a delay; counts what it is asked."""

    name = "source"

    def __init__(self, answers: dict[Query, Answer], delays: dict[Query, float] | None = None) -> None:
        self.answers, self.delays, self.asked = answers, delays or {}, 0

    async def answer(self, query: Query) -> Answer:
        self.asked += 1
        await asyncio.sleep(self.delays.get(query, 0))
        return self.answers.get(query, Answer("forbidden", message="pods is forbidden"))


def _ledger(source: Source, **options: float) -> Ledger:
    return Ledger(lambda query: source, Redactor(), **options)  # type: ignore[arg-type]


def test_ids_follow_the_order_asked_not_the_order_answered() -> None:
    ledger = _ledger(Source({POD: Answer(data={"a": 1}), OTHER: Answer(data={"a": 2})}, {POD: 0.05}))
    asyncio.run(ledger.collect([POD, OTHER]))
    assert [(e.id, e.text) for e in ledger.entries] == [("E1", "a: 1"), ("E2", "a: 2")]


def test_a_query_asked_again_is_answered_from_the_ledger() -> None:
    source = Source({POD: Answer(data={"a": 1})})
    ledger = _ledger(source)

    async def twice() -> None:
        await ledger.collect([POD, POD])
        await ledger.collect([POD])

    asyncio.run(twice())
    assert source.asked == 1 and len(ledger.entries) == 1


def test_a_refused_read_is_evidence_that_says_so() -> None:
    ledger = _ledger(Source({}))
    (entry,) = asyncio.run(ledger.collect([POD]))
    assert entry.status == "forbidden" and entry.text == "forbidden: pods is forbidden" and not entry.ok


def test_a_slow_read_is_cut_off_and_recorded_as_such() -> None:
    ledger = _ledger(Source({POD: Answer(data={})}, {POD: 60}), read_seconds=0.05)
    (entry,) = asyncio.run(ledger.collect([POD]))
    assert entry.status == "timed-out" and "0.05 s" in entry.text


def test_an_answer_is_redacted_before_it_is_entered() -> None:
    secret = "ghp_" + "a1B2" * 9
    pod = {"kind": "Pod", "metadata": {"annotations": {"note": f"use {secret}"}}}
    ledger = _ledger(Source({POD: Answer(data=pod)}))
    (entry,) = asyncio.run(ledger.collect([POD]))
    assert secret not in entry.text and secret not in str(entry.data)


def test_the_notes_of_an_answer_are_kept_redacted() -> None:
    secret = "ghp_" + "a1B2" * 9
    ledger = _ledger(Source({POD: Answer(data={"a": 1}, notes=["only the first", f"warning: {secret}"])}))
    (entry,) = asyncio.run(ledger.collect([POD]))
    assert entry.notes == ("only the first", "warning: [redacted]")


def test_the_digest_is_of_the_redacted_text() -> None:
    import hashlib

    ledger = _ledger(Source({POD: Answer(data={"a": 1})}))
    (entry,) = asyncio.run(ledger.collect([POD]))
    assert entry.digest == "sha256:" + hashlib.sha256(b"a: 1").hexdigest()


def test_a_run_reads_no_more_than_it_may() -> None:
    source = Source({})
    ledger = _ledger(source, max_reads=3)
    queries = [Query.parse(f"get Pod bank/desk-{n}") for n in range(9)]
    assert len(asyncio.run(ledger.collect(queries))) == 3
    assert source.asked == 3 and ledger.reads_left == 0


def test_what_a_run_may_not_ask_any_more_is_remembered_until_it_may() -> None:
    ledger = _ledger(Source({}), max_reads=1)
    asyncio.run(ledger.collect([POD, OTHER]))
    assert ledger.turned_away == [OTHER]
    ledger.allow(1)
    asyncio.run(ledger.collect([OTHER]))
    assert ledger.turned_away == []


def test_the_counts_of_a_list_end_its_text() -> None:
    counted = Census(2, 1, 0, 0, {"ready": 2})
    ledger = _ledger(Source({POD: Answer(data=[{"a": 1}], truncated=True, census=counted)}))
    (entry,) = asyncio.run(ledger.collect([POD]))
    assert (entry.text, entry.census) == ("[0].a: 1\n2 read: 2 ready", counted)
