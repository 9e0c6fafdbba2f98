"""Errors: those meant for people have one base, and are one line with exit status 2 wherever they arise."""

import importlib
import pkgutil

import pytest

import agent
from agent import cli
from agent.errors import UserError

FOR_PEOPLE = {
    "AlertError", "AlertmanagerError", "ClusterError", "MarkError", "NotifyError", "OptionError", "OutputError",
    "PrometheusError", "RecordingError", "RunsError", "SettingsError", "SpendingError", "SwitchesError", "UnknownCause",
}  # fmt: skip


def _raising(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(*_: object) -> int:
        raise error

    monkeypatch.setitem(cli._COMMANDS, "version", command)


def _kinds() -> list[type[UserError]]:
    for module in pkgutil.walk_packages(agent.__path__, "agent."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return UserError.__subclasses__()


def test_every_error_for_people_is_one_line_and_exit_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = _kinds()
    assert {kind.__name__ for kind in kinds} == FOR_PEOPLE
    for kind in kinds:
        _raising(kind("the cup is empty; expected tea"), monkeypatch)
        assert cli.run(["version"]) == 2
        assert capsys.readouterr() == ("", "incident-agent: the cup is empty; expected tea\n")


@pytest.mark.parametrize("slip", [ValueError("x"), KeyError("x"), RuntimeError("x")])
def test_a_slip_of_the_program_is_not_taken_for_one_of_the_user(
    slip: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(slip, monkeypatch)
    with pytest.raises(type(slip)):
        cli.run(["version"])
