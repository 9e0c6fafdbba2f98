"""The command line. Nothing heavy is imported before arguments and settings are known to be valid."""

import argparse
import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

from agent import __version__
from agent.errors import UserError
from agent.options import Parser
from agent.termination import Terminated, interruptible, listening

EPILOG = """\
examples:
  incident-agent investigate alert.json
  echo "High CPU alert on payment-service" | incident-agent investigate -
  incident-agent investigate alert.json --replay recording/ --format markdown
  incident-agent investigate alert.json --record recording.tar.gz --output out/
  incident-agent explain oom-killed

exit status: 0 an outcome was reached, 1 the run failed, 2 bad input or settings"""


def main() -> NoReturn:
    """Run and leave at once: a read that hangs in a thread must not keep the process alive."""
    _open_streams()
    code = run(sys.argv[1:])
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _open_streams() -> None:
    """Make the standard streams as everywhere: a closed one leads nowhere, and what is written is UTF-8."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream: Any = getattr(sys, name) or os.fdopen(os.open(os.devnull, os.O_RDWR), mode)
        if mode == "w":
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        setattr(sys, name, stream)


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit status. Errors are one line on stderr."""
    try:
        with listening():
            options = _parser(arguments).parse_args(arguments)
            code = _COMMANDS[options.command](options)
            sys.stdout.flush()  # here, where it may fail in words
    except SystemExit as end:  # --help, --version
        return int(end.code or 0)
    except Terminated:
        return _complain("terminated before it finished", 1)
    except KeyboardInterrupt:
        return _complain("interrupted", 1)
    except BrokenPipeError:
        return 1
    except UserError as error:
        return _complain(str(error), 2)
    except OSError as error:
        return _complain(f"{error.filename or 'standard output'}: {error.strerror or error}", 2)
    return code


def _complain(words: str, code: int) -> int:
    from agent.progress import say

    say(f"incident-agent: {words}", patience=1.0)
    return code


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """The parser; the many options of `investigate` are added only when it is the command."""
    parser = Parser(
        prog="incident-agent", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="One alert in, one verdict backed by evidence out.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    investigate = commands.add_parser(
        "investigate", help="investigate an alert and print the verdict",
        description="Investigate an alert: Alertmanager webhook v4, one alert, a list, or plain text.",
    )  # fmt: skip
    encode = commands.add_parser(
        "encode", help="print an alert as the base64 text that the Tekton Task takes"
    )
    encode.add_argument("alert", nargs="?", default="-", help="a file, - for stdin, or the text itself")
    explain = commands.add_parser("explain", help="list the causes this program knows, or explain one")
    explain.add_argument(
        "cause", nargs="?", default="", help="the cause to explain; without it, all are listed"
    )
    commands.add_parser("schema", help="print the JSON Schema of the result")
    commands.add_parser("version", help="print the version")
    tekton = commands.add_parser("tekton", help="other steps of the Tekton Pipeline")
    if arguments[:1] == ["investigate"]:
        _add_settings(investigate)
    if arguments[:1] == ["tekton"]:
        from agent.tekton.command import add_arguments

        add_arguments(tekton)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    from dataclasses import fields

    from agent.settings import Settings, flag, variable

    parser.add_argument("alert", nargs="?", default="", metavar="ALERT", help="a file, or - for stdin")
    for setting in fields(Settings):
        default = f"default {setting.default}, " if setting.default not in ("", 0) else ""
        takes: dict[str, Any] = {"metavar": setting.metadata["metavar"]}
        if setting.default is False:
            takes = {"action": "store_true"}
        parser.add_argument(
            flag(setting.name), dest=setting.name, default=None, **takes,
            help=f"{setting.metadata['help']} ({default}{variable(setting.name)})".replace("%", "%%"),
        )  # fmt: skip


def _investigate(options: argparse.Namespace) -> int:
    from agent.investigate import investigate
    from agent.progress import say
    from agent.settings import load, strangers

    settings = load(vars(options))
    if words := strangers():
        say(f"note: {words}")
    return investigate(options.alert, settings)


def _encode(options: argparse.Namespace) -> int:
    from agent.intake.alert import encode_base64, parse_alerts
    from agent.intake.payload import read_text

    data = read_text(options.alert)
    parse_alerts(data)  # what is no alert is refused here, not in a pod later
    print(encode_base64(data))
    return 0


def _explain(options: argparse.Namespace) -> int:
    from agent.explain import explain

    print(explain(options.cause))
    return 0


def _schema(options: argparse.Namespace) -> int:
    import json

    from agent.verdict.result import Result

    print(json.dumps(Result.model_json_schema(), indent=2, sort_keys=True))
    return 0


def _version(options: argparse.Namespace) -> int:
    print(f"incident-agent {__version__}")
    return 0


def _tekton(options: argparse.Namespace) -> int:
    from agent.tekton.command import run as step

    with interruptible():
        return step(options)


_COMMANDS = {
    "investigate": _investigate,
    "encode": _encode,
    "explain": _explain,
    "schema": _schema,
    "version": _version,
    "tekton": _tekton,
}
