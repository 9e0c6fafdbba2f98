"""One line, whatever wrote it: its level and what it says."""

from datetime import UTC, datetime

import pytest

from agent.diagnosis.logs.lines import parse, split_time


@pytest.mark.parametrize(
    ("raw", "level", "message"),
    [
        ('{"level":"error","msg":"boom"}', "error", "boom"),
        ('{"severity":"CRITICAL","message":"boom"}', "fatal", "boom"),
        ('{"level":50,"time":1,"msg":"boom"}', "error", "boom"),
        ('{"level":60,"msg":"boom"}', "fatal", "boom"),
        ('{"level":30,"msg":"fine"}', "info", "fine"),
        ('{"version":"1.1","level":3,"short_message":"boom"}', "error", "boom"),
        ('{"log":{"level":"warn"},"message":"hm"}', "warn", "hm"),
        ('{"@t":"2026-11-22T18:00:01Z","@l":"Error","@m":"boom"}', "error", "boom"),
        ('{"level":"error","msg":"pay","err":{"message":"refused","code":"E1"}}', "error", "pay: refused"),
        ('time="2026-11-22T18:00:01Z" level=warning msg="disk is slow"', "warn", "disk is slow"),
        ('level=error msg="sync failed" err="EOF"', "error", "sync failed: EOF"),
        ("E1122 18:00:01.234567       1 main.go:12] boom", "error", "boom"),
        ("I1122 18:00:01.234567       1 main.go:12] fine", "info", "fine"),
        ("2026-11-22 18:00:01,123 ERROR ledger: boom", "error", "ledger: boom"),
        ("2026-11-22 18:00:01.123 [main] WARN  c.e.Ledger - slow", "warn", "c.e.Ledger - slow"),
        ("ERROR:root:boom", "error", "root:boom"),
        ("2026/11/22 18:00:01 [emerg] 1#1: boom", "fatal", "boom"),
        ("2026-11-22 18:00:01.000 UTC [1] FATAL:  boom", "fatal", "boom"),
        ("2026-11-22 18:00:01.000 UTC [1] LOG:  fine", "info", "fine"),
        ("<3>Nov 22 18:00:01 host app[1]: boom", "", "host app[1]: boom"),
        ("1:M 22 Nov 2026 18:00:01.000 # boom", "warn", None),
        ("[E 2026-11-22 18:00:01] boom", "error", "boom"),
        ("\x1b[31mERROR\x1b[0m boom", "error", "boom"),
        ("fail: Microsoft.Hosting.Lifetime[0]", "error", None),
        ("2026-11-22 18:00:01.123 | ERROR    | mod:func:12 - boom", "error", "mod:func:12 - boom"),
        ("[2026-11-22T18:00:01Z ERROR ledger] boom", "error", "boom"),
        ("2026-11-22T18:00:01.123Z\tERROR\tserver/main.go:12\tboom", "error", None),
        ('6:00PM ERR boom error="x"', "error", None),
        ("FATA[0000] boom", "fatal", "boom"),
        ("[18:00:01.123] ERROR (1): boom", "error", "boom"),
        ("[2026-11-22 18:00:01.123][1][critical][main] [source/server.cc:131] boom", "fatal", "boom"),
        ("[ALERT]    (1) : boom", "error", "boom"),
        ("2026-11-22T18:00:01.123456Z 0 [ERROR] [MY-010119] [Server] Aborting", "error", "Aborting"),
        ("[2026-11-22 18:00:01] production.ERROR: boom", "error", None),
        ("F, [2026-11-22T18:00:01.123 #1] FATAL -- : boom", "fatal", "boom"),
        ("[2026-11-22 18:00:01,123: ERROR/MainProcess] boom", "error", "boom"),
        ("ERROR:    [Errno 98] boom", "error", "boom"),
        ("SEVERE: boom", "fatal", "boom"),
        ('{"severity":"ERROR","textPayload":"boom"}', "error", "boom"),
        ("[Sun Nov 22 18:00:01.123 2026] [core:error] [pid 7] boom", "error", "boom"),
        ("2026-11-22T18:00:01Z E! [outputs.x] boom", "error", None),
        ('{"t":{"$date":"x"},"s":"F","c":"CONTROL","ctx":"x","msg":"boom","attr":{}}', "fatal", "boom"),
        ("nothing special", "", "nothing special"),
        ("the error handler is registered", "", "the error handler is registered"),
        ('{"level":"error","msg":"cut of', "error", None),
    ],
)
def test_level_and_message_are_found_in_every_common_form(raw: str, level: str, message: str | None) -> None:
    line = parse(raw)
    assert line.level == level
    assert message is None or line.message == message


def test_the_time_stamp_of_kubernetes_is_split_off() -> None:
    assert split_time("2026-11-22T18:00:01.123456789Z boom at 3") == (
        "2026-11-22T18:00:01.123456789Z",
        "boom at 3",
    )
    assert split_time("2026-11-22T18:00:01.1Z stdout F boom") == ("2026-11-22T18:00:01.1Z", "boom")
    assert split_time("no stamp here") == ("", "no stamp here")


def test_the_time_of_a_line_is_that_of_kubernetes_or_else_its_own() -> None:
    own, stamp = '{"time": "2026-11-22T18:00:01Z"}', "2026-11-22T18:00:02Z"
    assert parse(own).at == datetime(2026, 11, 22, 18, 0, 1, tzinfo=UTC)
    assert parse(own, stamp).at == datetime(2026, 11, 22, 18, 0, 2, tzinfo=UTC)


def test_deeply_nested_json_is_no_reason_to_fail() -> None:
    assert parse('{"a":' * 5000 + "1" + "}" * 5000).level == ""
