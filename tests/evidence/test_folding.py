"""Long logs shrink to what is worth reading; what is kept is kept word for word."""

from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.folding import LINE_LIMIT, fold

TRACE = [
    "2026-11-22T18:00:01Z ERROR charge failed",
    "2026-11-22T18:00:01Z java.lang.IllegalStateException: ledger is closed",
    "2026-11-22T18:00:01Z \tat bank.Ledger.charge(Ledger.java:17)",
    "2026-11-22T18:00:01Z Caused by: java.io.IOException: stream is closed",
]


def routine(count: int, start: int = 0) -> list[str]:
    return [
        f"2026-11-22T18:00:{n % 60:02d}.{n:09d}Z INFO handled request {n} in {n % 7}ms"
        for n in range(start, start + count)
    ]


def test_a_short_log_is_left_as_it_is() -> None:
    text = "\n".join(routine(100))
    assert fold(text) == (text, 0)


def test_repeats_of_a_template_are_replaced_by_a_count() -> None:
    lines = routine(5000)
    folded, left_out = fold("\n".join(lines))
    kept = folded.split("\n")
    assert left_out == 5000 - sum(line in lines for line in kept)
    assert any(f"... {left_out} similar lines folded" in line for line in kept) or left_out > 4000
    assert len(kept) < 170


def test_head_and_tail_stay_whole() -> None:
    lines = routine(3000)
    kept = fold("\n".join(lines), keep_head=7, keep_tail=31)[0].split("\n")
    assert kept[:7] == lines[:7]
    assert kept[-31:] == lines[-31:]


def test_the_first_and_the_last_example_of_a_template_stay() -> None:
    lines = (
        routine(500) + [f"2026-11-22T18:10:00Z INFO synced batch {n}" for n in range(50)] + routine(500, 500)
    )
    kept = fold("\n".join(lines))[0]
    assert "INFO synced batch 0\n" in kept
    assert "INFO synced batch 49\n" in kept
    assert "INFO synced batch 25\n" not in kept


def test_an_error_with_its_stack_trace_survives_in_the_middle() -> None:
    kept = fold("\n".join(routine(2000) + TRACE + routine(2000, 2000)))[0]
    assert "\n".join(TRACE) in kept


def test_errors_are_kept_before_other_templates_when_room_is_scarce() -> None:
    various = [f"2026-11-22T18:00:00Z INFO {chr(97 + n % 26)}{chr(97 + n // 26)} done" for n in range(600)]
    kept, _ = fold("\n".join(various[:300] + TRACE + various[300:]), limit_lines=200)
    assert "\n".join(TRACE) in kept
    assert kept.count("\n") < 200


def test_of_a_very_long_stack_trace_the_ends_and_the_causes_stay() -> None:
    trace = [
        "ERROR boom",
        "java.lang.Error: outer",
        *["\tat a.B.c(B.java:1)"] * 300,
        "Caused by: java.io.IOException: inner",
    ]
    trace += ["\tat d.E.f(E.java:2)"] * 300
    kept = fold("\n".join(routine(500) + trace + routine(500)))[0]
    assert "java.lang.Error: outer" in kept
    assert "Caused by: java.io.IOException: inner" in kept
    assert kept.count("\n") < 400


def test_a_very_long_line_is_cut_and_says_so() -> None:
    kept, left_out = fold("x" * 5000)
    assert kept == "x" * LINE_LIMIT + f" ... {5000 - LINE_LIMIT} characters cut"
    assert left_out == 0


@given(
    lines=st.lists(st.sampled_from([*TRACE, *routine(3), "", "}", "Error: x", "plain words"]), max_size=900),
    head=st.integers(0, 40),
    tail=st.integers(0, 150),
    limit=st.integers(200, 500),
)
def test_kept_lines_are_verbatim_in_order_and_bounded(
    lines: list[str], head: int, tail: int, limit: int
) -> None:
    folded, left_out = fold("\n".join(lines), head, tail, limit)
    kept = folded.split("\n")
    assert len(kept) <= max(limit, head + tail)
    own = [line for line in kept if not (line.startswith("... ") and line.endswith(" ..."))]
    assert len(own) + left_out == len("\n".join(lines).split("\n"))
    rest = iter("\n".join(lines).split("\n"))
    assert all(line in rest for line in own)
